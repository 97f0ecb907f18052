import type { Redis } from 'ioredis'

/** A client that listens to a channel, over all the connections that it makes. */
export interface Ear {
  /** whether a message would be heard now */
  readonly hears: boolean
  /** whether the connection that was there already can listen: before RESP3 one that listens can't send */
  readonly began: Promise<boolean>
}

/**
 * Listens to `channel` on the client's own connection, and on each that it makes anew. `onMessage` is also called when that
 * has begun, or can't: whatever rang before was not heard.
 * @param onRefused told once when the user may not listen
 */
export function listen(
  client: Redis,
  channel: string,
  onMessage: () => void,
  onRefused: (error: Error) => void = () => {},
): Ear {
  let [hears, refused] = [false, false]
  const begin = async () => {
    try {
      const hello = await client.call('HELLO')
      const at = Array.isArray(hello) ? hello.indexOf('proto') : -1
      if (Array.isArray(hello) && at >= 0 && hello[at + 1] === 3) {
        await client.subscribe(channel)
        hears = true
      }
    } catch (error) {
      // If the reply was lost, the link is made anew, and this is tried again.
      if (error instanceof Error && error.message.startsWith('NOPERM') && !refused) {
        refused = true
        onRefused(error)
      }
    }
    onMessage()
    return hears
  }
  client.on('message', onMessage)
  client.on('close', () => {
    hears = false
  })
  client.on('ready', begin)
  const began = client.status === 'ready' ? begin() : Promise.resolve(false)
  return {
    get hears() {
      return hears
    },
    began,
  }
}
