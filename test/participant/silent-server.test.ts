import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { join } from '../../src/participant/join.ts'
import { openLink } from '../../src/participant/link.ts'
import { App } from './support/app.ts'

vi.setConfig({ testTimeout: 60_000 })

const CHANNEL = 'deploy-gate:{default}:doorbell'
const ANSWERS: Readonly<Record<string, string>> = {
  hello: '%1\r\n+proto\r\n:3\r\n',
  client: '+OK\r\n',
  subscribe: `>3\r\n$9\r\nsubscribe\r\n$${CHANNEL.length}\r\n${CHANNEL}\r\n:1\r\n`,
  evalsha: '*9\r\n$1\r\n1\r\n:1700000000000\r\n$0\r\n\r\n$0\r\n\r\n:0\r\n:0\r\n:0\r\n:0\r\n:0\r\n',
}

/** A server that greets each connection, and answers nothing but that while it is `busy`. */
const sockets = new Set<Socket>()
/** the commands of each connection, in order */
const asked: string[][] = []
let busy = false
const server = createServer((socket) => {
  const commands: string[] = []
  asked.push(commands)
  sockets.add(socket)
  socket.on('error', () => {})
  socket.on('data', (data) => {
    for (const [, name = ''] of String(data)
      .toLowerCase()
      .matchAll(/\*\d+\r\n\$\d+\r\n([a-z]+)\r\n/g)) {
      commands.push(name)
      if (!busy || name === 'hello' || name === 'client') socket.write(ANSWERS[name] ?? '-ERR\r\n')
    }
  })
})
const unhandled: unknown[] = []
const onUnhandled = (reason: unknown) => unhandled.push(reason)

beforeEach(async () => {
  process.on('unhandledRejection', onUnhandled)
  await once(server.listen(0, '127.0.0.1'), 'listening')
})
afterEach(() => {
  busy = false
  asked.length = 0
  process.off('unhandledRejection', onUnhandled)
  for (const socket of sockets) socket.destroy()
  sockets.clear()
  server.close()
})

it('a server that greets and then says nothing ends no process, and finds no heap of old beats when it is back', async () => {
  const { port } = server.address() as AddressInfo
  const app = new App({})
  const options = {
    redisUrl: `redis://127.0.0.1:${port}`,
    dyno: 'clock.1',
    handleSigterm: false,
    log: app.log,
  }
  const clock = await join(app, options)
  // It listens, and has beaten once more since.
  await expect.poll(() => asked[0]?.at(-1), { timeout: 20_000 }).toBe('evalsha')
  await expect.poll(() => asked[0], { timeout: 20_000 }).toContain('subscribe')
  busy = true
  for (const socket of sockets) socket.destroy()
  // A silent link is made anew after 4 s: a command of the second one has been waited for too long by the third.
  await expect.poll(() => asked.length, { timeout: 40_000 }).toBe(5)
  busy = false
  await expect.poll(() => asked.length, { timeout: 40_000 }).toBe(6)
  await expect.poll(() => asked[5], { timeout: 20_000 }).toContain('evalsha')
  for (const commands of asked.slice(1)) {
    expect(commands.filter((name) => name === 'subscribe').length).toBeLessThanOrEqual(2)
    expect(commands.filter((name) => name === 'evalsha').length).toBeLessThanOrEqual(2)
    // A beat before that would miss what rings in between.
    if (commands.includes('evalsha'))
      expect(commands.slice(0, commands.indexOf('evalsha'))).toContain('subscribe')
  }
  expect(unhandled).toEqual([])
  expect(clock.state).toBe('running')
  await clock.leave()
  expect(app.calls).toEqual(['drain'])
})

it('what a lost connection still owed fails with it, so that the next one is told anew', async () => {
  const { port } = server.address() as AddressInfo
  const ready = Promise.withResolvers<void>()
  const address = { host: '127.0.0.1', port, tls: false, db: 0 }
  const link = openLink(address, { verify: true }, CHANNEL, new App({}).log, () => ready.resolve())
  try {
    await ready.promise
    busy = true
    const answer = link.host.evalsha('sha', 0)
    await expect.poll(() => asked[0], { timeout: 20_000 }).toContain('evalsha')
    for (const socket of sockets) socket.destroy()
    await expect(answer).rejects.toThrow(/^Redis at 127\.0\.0\.1:\d+ closed the connection$/)
  } finally {
    link.close()
  }
})
