import { expect, it } from 'vitest'
import { readPlan } from '../../src/action/inputs.ts'
import { endHold } from '../../src/deploy/end-hold.ts'
import { systemTime } from '../../src/time.ts'
import { Lines } from '../participant/support/lines.ts'

it.each([
  ['gate', /; held participants resume by themselves when its lease runs out: 1 minute/],
  [
    'list',
    /; a request that nobody has taken goes by itself.* stays stopped.*: heroku ps:restart clock --app shop$/,
  ],
])('of protocol: %s that can not be ended says what becomes of everybody', async (protocol, what) => {
  const inputs: Record<string, string> = { 'heroku-app': 'shop', 'heroku-api-key': 'HRKU-5ecre7', protocol }
  const plan = readPlan({ getInput: (name) => inputs[name] ?? '', env: {} })
  const needs = {
    log: new Lines(),
    time: systemTime,
    signal: new AbortController().signal,
    configVar: async () => 'http://host',
    mask: () => {},
  }
  const ended = endHold(plan, { id: 'a', fingerprint: undefined }, needs)
  await expect(ended).rejects.toThrow(/^The Redis URL in config var REDIS_URL of shop can't be used/)
  await expect(ended).rejects.toThrow(what)
})
