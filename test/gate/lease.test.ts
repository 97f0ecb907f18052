import { describe, expect, it } from 'vitest'
import { Lease } from '../../src/gate/lease.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import { ManualTime } from '../support/manual-time.ts'

type Answer = Awaited<ReturnType<ConstructorParameters<typeof Lease>[0]>>

function leaseWith(answer: (leaseMs: number) => Promise<Answer>) {
  const time = new ManualTime()
  const warnings: string[] = []
  const asked: number[] = []
  let lost = 0
  const log = { info: () => {}, warning: (line: string) => void warnings.push(line) }
  const lease = new Lease(
    (leaseMs) => {
      asked.push(leaseMs)
      return answer(leaseMs)
    },
    { time, log, numbers: NUMBERS, onLost: () => void lost++ },
    time.now(),
    NUMBERS.drainLeaseMs,
  )
  return { lease, time, warnings, asked, lost: () => lost }
}

describe('a lease', () => {
  it('is renewed every 15 s, and counts from the sending of the renewal', async () => {
    let arrive: (() => void) | undefined
    const { lease, time, asked } = leaseWith(
      (leaseMs) => new Promise((resolve) => (arrive = () => resolve({ kind: 'renewed', leftMs: leaseMs }))),
    )
    await time.advance(15_000)
    expect(asked).toEqual([60_000])
    await time.advance(4_000)
    arrive?.()
    await time.advance(0)
    expect(lease.leftMs).toBe(60_000 - 4_000)
    await time.advance(15_000)
    expect(asked).toHaveLength(2)
    lease.stop()
  })

  it('asks for the push lease once the commit gave it', async () => {
    const { lease, time, asked } = leaseWith(async (leaseMs) => ({ kind: 'renewed', leftMs: leaseMs }))
    lease.extended(time.now(), NUMBERS.pushLeaseMs)
    expect(lease.leftMs).toBe(180_000)
    await time.advance(15_000)
    expect(asked).toEqual([180_000])
    lease.stop()
  })

  it.each(['missing', 'superseded', 'finished', 'lapsed'] as const)(
    'is lost when the server says that it is %s',
    async (why) => {
      const { lease, time, lost } = leaseWith(async () => ({ kind: 'lost', why, asker: 'somebody' }))
      await time.advance(15_000)
      expect(lease.loss).toEqual({ why, asker: 'somebody' })
      expect(lease.leftMs).toBe(0)
      expect(lost()).toBe(1)
    },
  )

  it('is tried again while the server is away, says how long it lasts, and is lost when it has run out', async () => {
    const { lease, time, warnings, lost } = leaseWith(async () => {
      throw new Error('Command timed out')
    })
    await time.advance(17_000)
    expect(warnings.slice(0, 2)).toEqual([
      'the drain could not be renewed (Command timed out); it lasts another 45 s without',
      'the drain could not be renewed (Command timed out); it lasts another 43 s without',
    ])
    expect(lost()).toBe(0)
    await time.advance(43_000)
    expect(lease.loss?.why).toBe('unreachable')
    expect(lost()).toBe(1)
  })

  it('is not renewed any more after it was stopped', async () => {
    const { lease, time, asked } = leaseWith(async (leaseMs) => ({ kind: 'renewed', leftMs: leaseMs }))
    lease.stop()
    await time.advance(60_000)
    expect(asked).toEqual([])
    expect(time.sleeping).toBe(0)
  })
})
