import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { NUMBERS } from '../../src/participant/numbers.ts'
import { Reconciler } from '../../src/participant/reconciler.ts'
import type { BeatReply } from '../../src/protocol/beat.ts'

const RUNS = 2_000
const SERVER_AT_ZERO = 1_700_000_000_000

type Step =
  | { readonly kind: 'answered'; readonly reply: BeatReply; readonly at: number }
  | { readonly kind: 'expire'; readonly at: number }
  | { readonly kind: 'drained' | 'failed' | 'startAnyway' | 'leave' | 'exit' }

const passing = fc.constantFrom(0, 1, 999, 5_000, 10_000, 30_000, 60_000, 90_000, 3_540_000)
const reply = fc
  .record({
    epoch: fc.constantFrom('99', '100', '101', '9007199254740992', '9007199254740993'),
    phase: fc.constantFrom('draining', 'draining', 'pushing', 'released', 'aborted', 'lapsed'),
    leftMs: fc.constantFrom(1, 3_000, 30_000, 60_000, 180_000),
    addressed: fc.boolean(),
    force: fc.boolean(),
    newer: fc.boolean(),
    missing: fc.integer({ min: 0, max: 9 }).map((number) => number === 0),
  })
  .map(({ missing, ...given }) =>
    missing ? { ...given, epoch: '', phase: '', leftMs: 0, addressed: false } : given,
  )
/** A drain that goes on and on, up to the participant's own cap. */
const steady = fc
  .record({ phase: fc.constantFrom('draining', 'pushing'), leftMs: fc.constant(180_000) })
  .map((given) => ({ ...given, epoch: '100', addressed: true, force: false, newer: false }))
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('answered' as const),
      reply: fc.oneof(reply, steady),
      passed: passing,
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('expire' as const), passed: passing }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('drained' as const, 'failed' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('startAnyway' as const) }) },
)
// Whoever leaves never comes back: at the end, or not at all.
const ending = fc.constantFrom([], [], ['leave'], ['leave', 'drained', 'exit'])

const life = fc.tuple(
  fc.array(step, { minLength: 1, maxLength: 30 }),
  ending,
  fc.array(step, { maxLength: 4 }),
)

/** The steps with their times: the participant's own ms, and the server's beside them. */
function timed([before, end, after]: readonly [
  readonly unknown[],
  readonly string[],
  readonly unknown[],
]): Step[] {
  let at = 0
  const steps = [...before, ...end.map((kind) => ({ kind })), ...(end.includes('exit') ? [] : after)]
  return steps.map((one) => {
    const { passed = 0, ...rest } = one as {
      kind: string
      passed?: number
      reply?: { leftMs: number; phase: string }
    }
    at += passed
    if (!rest.reply) return { ...rest, ...(rest.kind === 'expire' && { at }) } as Step
    const inForce = rest.reply.phase === 'draining' || rest.reply.phase === 'pushing'
    const leftMs = inForce ? rest.reply.leftMs : 0
    const now = SERVER_AT_ZERO + at - 7
    return {
      kind: 'answered',
      at,
      reply: { ...rest.reply, leftMs, now, expiry: now + leftMs, version: '1' },
    } as Step
  })
}

/** What a life is like from outside, step by step. */
function lived(steps: readonly Step[]) {
  const machine = new Reconciler(NUMBERS)
  return steps.map((one) => {
    const effects =
      one.kind === 'answered'
        ? machine.answered(one.reply, one.at)
        : one.kind === 'expire'
          ? machine.expire(one.at)
          : (machine[one.kind]() ?? [])
    return {
      effects: effects.map(({ kind }) => kind),
      standing: machine.standing,
      beat: machine.beatEveryMs(true),
      expires: Number.isFinite(machine.expiresAt) ? machine.expiresAt : null,
    }
  })
}

const RUBY = `
require "deploy_gate"
reply_type, machine_type = %i[Reply Machine].map { |name| DeployGate.const_get(name) }
flag = ->(given) { given ? 1 : 0 }
lives = JSON.parse($stdin.read).map do |steps|
  machine = machine_type.new
  steps.map do |step|
    effects =
      case step["kind"]
      when "answered"
        given = step["reply"]
        reply = reply_type.new(*given.values_at(*%w[version now epoch phase leftMs expiry]),
                               *given.values_at(*%w[addressed force newer]).map(&flag))
        machine.answered(reply, step["at"])
      when "expire" then machine.expire(step["at"])
      when "startAnyway" then machine.start_anyway
      else machine.public_send(step["kind"])
      end
    effects = [] unless effects.is_a?(Array)
    { effects: effects.map { |effect| effect.is_a?(String) ? "resume" : effect }, standing: machine.standing,
      beat: machine.beat_every, expires: machine.expires_at.infinite? ? nil : machine.expires_at }
  end
end
puts JSON.generate(lives)
`

it('does in all situations what the other listener does', () => {
  const lives = fc.sample(life, { numRuns: RUNS, seed: 1 }).map(timed)
  const { stdout, stderr } = spawnSync('/usr/bin/ruby', ['-e', RUBY], {
    env: { PATH: process.env.PATH, RUBYLIB: join(import.meta.dirname, '../../clients/ruby') },
    input: JSON.stringify(lives),
    encoding: 'utf8',
    maxBuffer: 100_000_000,
  })
  expect(stderr).toBe('')
  const answered = JSON.parse(stdout)
  for (const [index, steps] of lives.entries())
    expect(answered[index], JSON.stringify(steps, null, 1)).toEqual(lived(steps))
  // Lives in which nothing happened would agree too.
  const effects = lives.flatMap(lived).flatMap(({ effects }) => effects)
  for (const kind of ['drain', 'force', 'resume'])
    expect(effects.filter((effect) => effect === kind).length).toBeGreaterThan(100)
}, 60_000)
