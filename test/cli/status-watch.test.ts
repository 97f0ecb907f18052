import { beforeEach, describe, expect, it } from 'vitest'
import { type Sight, Troubles, watchStatus } from '../../src/cli/status-watch.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { Lines } from '../participant/support/lines.ts'
import { ManualTime, settle } from '../support/manual-time.ts'

let time: ManualTime
let cancel: AbortController
let troubles: Troubles
let sights: Sight[]
/** Looks that wait for their answer. */
let asked: PromiseWithResolvers<unknown>[]
let report: () => void
let watching: Promise<unknown>

const answer = (now: number) => asked.shift()?.resolve([now, [], []])
const last = () => sights.at(-1)

beforeEach(async () => {
  ;[time, cancel, troubles, sights, asked] = [
    new ManualTime(),
    new AbortController(),
    new Troubles(),
    [] as Sight[],
    [] as PromiseWithResolvers<unknown>[],
  ]
  const evalsha = () => {
    const look = Promise.withResolvers<unknown>()
    asked.push(look)
    return look.promise
  }
  const around = {
    host: { evalsha, eval: evalsha },
    keys: gateKeys('default'),
    async listen(onReport: () => void) {
      report = onReport
      return true
    },
    time,
    log: new Lines(),
    numbers: NUMBERS,
    signal: cancel.signal,
  }
  const first = { now: 1, intent: undefined, rows: [] }
  watching = watchStatus(around, first, troubles, (sight) => sights.push(sight)).catch((reason) => reason)
  await settle()
})

describe('a watched gate', () => {
  it('is shown at once, and read anew each second', async () => {
    expect(sights).toEqual([{ view: { now: 1, intent: undefined, rows: [] }, ageMs: 0, trouble: '' }])
    expect(asked).toEqual([])
    await time.advance(1_000)
    answer(2)
    await settle()
    expect(last()).toMatchObject({ view: { now: 2 }, ageMs: 0 })
    await time.advance(1_000)
    expect(asked).toHaveLength(1)
  })

  it('is read anew at a report, without any wait', async () => {
    report()
    await settle()
    answer(2)
    await settle()
    expect(last()).toMatchObject({ view: { now: 2 } })
    expect(asked).toEqual([])
  })

  it('is read once more for a report that came while it was read', async () => {
    report()
    await settle()
    report()
    await settle()
    expect(asked).toHaveLength(1)
    answer(2)
    await settle()
    answer(3)
    await settle()
    expect(last()).toMatchObject({ view: { now: 3 } })
  })

  it('shows how old its sight is, and why, while the server does not answer', async () => {
    await time.advance(1_000)
    troubles.tell('the connection was lost')
    await settle()
    expect(last()).toMatchObject({ view: { now: 1 }, ageMs: 1_000, trouble: 'the connection was lost' })
    await time.advance(4_000)
    expect(asked).toHaveLength(1)
    expect(last()).toMatchObject({ ageMs: 5_000 })
    answer(2)
    await settle()
    expect(last()).toMatchObject({ view: { now: 2 }, ageMs: 0, trouble: '' })
  })

  it('goes on after an answer that is an error', async () => {
    await time.advance(1_000)
    asked.shift()?.reject(new Error('LOADING'))
    await settle()
    expect(last()).toMatchObject({ trouble: 'LOADING' })
    await time.advance(1_000)
    answer(2)
    await settle()
    expect(last()).toMatchObject({ view: { now: 2 }, trouble: '' })
  })

  it('ends with the reason of its signal', async () => {
    const reason = new Error('interrupted')
    cancel.abort(reason)
    expect(await watching).toBe(reason)
  })
})
