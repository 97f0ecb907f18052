/**
 * The same drain where the Redis is far: 80 ms to it and back, through a proxy that holds everything for half of that. Told in round trips of
 * that link, each against a PING by way of the same proxy.
 */
import { openGateServer } from '../../src/deploy/server.ts'
import { parseRedisUrl } from '../../src/redis/address.ts'
import { systemTime } from '../../src/time.ts'
import { startFaultProxy } from '../../test/support/fault-proxy.ts'
import { startRedis } from '../../test/support/redis/redis-server.ts'
import { type Figure, median, ratioOf } from '../figure.ts'
import type { Extent } from '../main.ts'
import { openDrainScene } from './scene.ts'

const ROUND_TRIP_MS = 80

export async function measureFar({ quick }: Extent): Promise<readonly Figure[]> {
  const rounds = quick ? 1 : 15
  await using server = await startRedis({ appendonly: false })
  await using proxy = await startFaultProxy(server.port)
  proxy.delay(ROUND_TRIP_MS / 2)
  const far = proxy.url(server.url)
  return [
    await drainFigure(
      'drain, 80 ms from the deployer to Redis',
      { deployer: far, clock: server.url },
      rounds,
      3,
    ),
    await drainFigure('drain, 80 ms from everybody to Redis', { deployer: far, clock: far }, rounds, 5),
    await connectFigure(rounds),
  ]
}

async function drainFigure(
  name: string,
  urls: Parameters<typeof openDrainScene>[0],
  rounds: number,
  goal: number,
): Promise<Figure> {
  await using scene = await openDrainScene(urls)
  const [pings, drains]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    pings.push(await scene.ping())
    drains.push((await scene.drain()).drainMs)
  }
  return inRoundTrips(name, { value: median(drains), baseline: median(pings) }, goal)
}

/**
 * Until a deployer may ask: connected, logged in, and sure that the server keeps what a gate writes. The proxy takes a connection at once, so
 * TCP's own round trip is none of these: one is TLS 1.3, one the greeting that logs in, and one the questions about the server.
 */
async function connectFigure(rounds: number): Promise<Figure> {
  await using server = await startRedis({ appendonly: false, tls: true, password: 'secret' })
  await using proxy = await startFaultProxy(server.port)
  proxy.delay(ROUND_TRIP_MS / 2)
  const address = parseRedisUrl(proxy.url(server.url))
  const origin = {
    name: 'the bench',
    pin: '',
    wrongUrl: '',
    staleLogin: '',
    unsignedCertificate: '',
    unreachable: '',
  }
  const around = {
    log: { info() {}, warning: console.error },
    time: systemTime,
    signal: new AbortController().signal,
  }
  const [pings, connects]: [number[], number[]] = [[], []]
  for (let round = 0; round < rounds; round++) {
    let began = performance.now()
    await using opened = await openGateServer(
      { address, trust: { verify: false }, origin },
      'default',
      around,
    )
    connects.push(performance.now() - began)
    began = performance.now()
    await opened.around.host.eval('return 1', 0)
    pings.push(performance.now() - began)
  }
  return inRoundTrips(
    'connecting by TLS with a password, 80 ms from Redis',
    { value: median(connects), baseline: median(pings) },
    3,
  )
}

/** Told to the half of a round trip: what it takes in the processes and in the proxy's timers comes on top. */
function inRoundTrips(name: string, compared: { value: number; baseline: number }, goal: number): Figure {
  const figure = ratioOf(name, 'ms', compared)
  const ratio = Math.round((compared.value / compared.baseline) * 2) / 2
  return { ...figure, ratio, goal, met: ratio <= goal }
}
