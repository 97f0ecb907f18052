import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts'
import { type RedisServer, startRedis } from './redis/redis-server.ts'

let server: RedisServer
let proxy: FaultProxy
const sockets: Socket[] = []

beforeAll(async () => {
  server = await startRedis()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startFaultProxy(server.port)
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await proxy[Symbol.asyncDispose]()
})

async function open(port = proxy.port) {
  const socket = connect(port, '127.0.0.1')
  sockets.push(socket)
  let text = ''
  socket.on('data', (piece) => {
    text += piece
  })
  socket.on('error', () => {})
  const ended = new Promise<string>((resolve) => {
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    socket.on('close', () => resolve('closed'))
  })
  await once(socket, 'connect')
  return {
    ended,
    get text() {
      return text
    },
    send: (line: string) => socket.write(`${line}\r\n`),
    async received(expected: string) {
      while (!text.includes(expected)) await once(socket, 'data')
    },
  }
}

/** A round trip that doesn't go through the proxy: whatever passes there has passed by its end. */
async function directly(line: string, expected: string): Promise<void> {
  const link = await open(server.port)
  link.send(line)
  await link.received(expected)
}

it('passes what is sent, and leads a URL through itself', async () => {
  const link = await open()
  link.send('PING')
  await link.received('+PONG')
  expect(proxy.connections).toBe(1)
  expect(proxy.url('rediss://user:p%40ss@localhost:6379/2')).toBe(
    `rediss://user:p%40ss@127.0.0.1:${proxy.port}/2`,
  )
})

it('delays', async () => {
  const link = await open()
  proxy.delay(300)
  const sent = performance.now()
  link.send('PING')
  await link.received('+PONG')
  // Once in each direction; timers may fire a little early.
  expect(performance.now() - sent).toBeGreaterThan(590)
})

it('freezes old and new connections without closing them, and lets everything go at the thaw', async () => {
  const old = await open()
  proxy.freeze()
  const fresh = await open()
  old.send('SET frozen old')
  fresh.send('PING')
  await directly('EXISTS frozen', ':0')
  expect(old.text + fresh.text).toBe('')
  proxy.thaw()
  await Promise.all([old.received('+OK'), fresh.received('+PONG')])
})

it('tells nobody of an end while it is frozen', async () => {
  await using own = await startRedis()
  await using between = await startFaultProxy(own.port)
  const link = await open(between.port)
  link.send('PING')
  await link.received('+PONG')
  between.freeze()
  await own.kill()
  await own.restart({ keepData: true })
  let ended = false
  void link.ended.then(() => {
    ended = true
  })
  await directly('PING', '+PONG')
  expect(ended).toBe(false)
  between.thaw()
  await link.ended
})

it('resets connections', async () => {
  const link = await open()
  link.send('PING')
  await link.received('+PONG')
  proxy.drop()
  expect(await link.ended).toBe('ECONNRESET')
  await expect.poll(() => proxy.connections).toBe(0)
})

it('refuses new connections alone, and takes them again', async () => {
  const old = await open()
  old.send('PING')
  await old.received('+PONG')
  await proxy.refuse()
  await expect(open()).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  old.send('ECHO still')
  await old.received('still')
  await proxy.accept()
  const fresh = await open()
  fresh.send('PING')
  await fresh.received('+PONG')
})

it('loses the reply of one request that was executed', async () => {
  const other = await open()
  const link = await open()
  const dropped = proxy.dropNextReply('INCR')
  other.send('PING')
  await other.received('+PONG')
  link.send('INCR lost')
  await dropped
  await link.ended
  expect(link.text).toBe('')
  await directly('GET lost', '\r\n1\r\n')
  other.send('INCR lost')
  await other.received(':2')
})

it('lets a fault happen between what the server has done and its answer', async () => {
  const link = await open()
  link.send('SET key one')
  await link.received('+OK')
  proxy.before(/^:2\r\n$/, () => proxy.drop())
  link.send('APPEND key -')
  await link.received(':4')
  link.send('SETRANGE key 0 t')
  await link.received(':4\r\n:4')
  link.send('DEL key')
  await link.received(':1')
  link.send('RPUSH key a b')
  expect(await link.ended).toBe('ECONNRESET')
  expect(link.text).not.toContain(':2')
  await directly('LLEN key', ':2')
})
