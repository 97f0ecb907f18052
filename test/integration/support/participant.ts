import { beat } from '../../../src/protocol/beat.ts'
import { gateKeys } from '../../../src/protocol/keys.ts'
import type { OwnRow } from '../../../src/protocol/row.ts'
import type { Scene } from './scene.ts'

/** A participant that is drained as soon as it is asked, and writes what `words` say. Leaving its scope ends it. */
export function joinByHand({ inRedis }: Scene, words: Partial<OwnRow>, id = 'clock.1#a'): AsyncDisposable {
  const keys = gateKeys('default')
  const own = { v: '1', type: 'clock', dyno: 'clock.1', running: 0, finished: 0, stored: 0, ...words }
  let [over, first] = [false, true]
  const beating = (async () => {
    let row: OwnRow = { ...own, state: 'running' }
    while (!over) {
      const { addressed, leftMs, epoch, expiry } = await beat(inRedis, keys, id, row, 3_000, first)
      first = false
      const asked = addressed && leftMs > 0
      row = asked ? { ...own, state: 'drained', epoch, hold: expiry } : { ...own, state: 'running' }
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  })()
  return {
    async [Symbol.asyncDispose]() {
      over = true
      await beating
    },
  }
}
