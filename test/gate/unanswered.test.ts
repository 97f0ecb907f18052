import { expect, it } from 'vitest'
import { acquireGate, inspectGate } from '../../src/gate/gate.ts'
import { NUMBERS } from '../../src/gate/numbers.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { systemTime } from '../../src/time.ts'
import { Lines } from '../participant/support/lines.ts'
import { ASKER, TERMS } from './support/scene.ts'

/** A server that was reached, and from a moment on gives no answer. */
function silentAfter(answers: number) {
  const asked: string[][] = []
  const host = {
    evalsha: async (_: string, keyCount: number, ...args: (string | number)[]) => {
      asked.push(args.slice(keyCount).map(String))
      if (asked.length <= answers) return [1_000, [], []]
      throw new Error('Command timed out')
    },
    eval: () => Promise.reject(new Error('Command timed out')),
  }
  const around = {
    host,
    keys: gateKeys('default'),
    listen: async () => true,
    time: systemTime,
    log: new Lines(),
    numbers: { ...NUMBERS, requestValidMs: 50, renewAgainMs: 5 },
    signal: new AbortController().signal,
  }
  return { around, asked }
}

const SAYS = { outcome: 'preflight-failed', message: expect.stringContaining('Redis gave no answer for') }

it('a server that gives no answer before anybody is asked is waited for, then told of', async () => {
  const { around, asked } = silentAfter(0)
  await expect(inspectGate(around, 'default', ASKER, ['clock'])).rejects.toMatchObject(SAYS)
  expect(asked.length).toBeGreaterThan(1)
})

it('a request whose answer never came is ended, for it may be in force', async () => {
  const { around, asked } = silentAfter(1)
  await expect(acquireGate(around, 'mine', TERMS, ASKER, '')).rejects.toMatchObject(SAYS)
  expect(asked.at(-1)).toEqual(['mine', '', 'aborted', around.keys.doorbell])
})
