import type { Redis } from 'ioredis'

/**
 * Listens to `channel` on the client's own connection. Resolves with false where that can't be: before RESP3 a connection that
 * listens can't send. The client listens again by itself after it lost its connection.
 */
export async function listen(client: Redis, channel: string, onMessage: () => void): Promise<boolean> {
  const hello = await client.call('HELLO').catch(() => undefined)
  const at = Array.isArray(hello) ? hello.indexOf('proto') : -1
  if (!Array.isArray(hello) || at < 0 || hello[at + 1] !== 3) return false
  client.on('message', onMessage)
  try {
    await client.subscribe(channel)
    return true
  } catch {
    client.off('message', onMessage)
    return false
  }
}
