import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type DynoSeen, expected } from '../../src/deploy/expected.ts'
import type { AskedProcess } from '../../src/deploy/plan.ts'

const CLOCK: AskedProcess = { type: 'clock', atLeast: 1, demanded: false }
const clock = (index: number, state = 'up', version = 42): DynoSeen => ({
  ...{ name: `clock.${index}`, type: 'clock', state, version },
})
const formed = (quantity: number) => [
  { type: 'web', quantity: 2 },
  { type: 'clock', quantity },
]
const asked = (atLeast: number) => [{ ...CLOCK, atLeast }]

describe('who must take part', () => {
  it('is what the plan says where the formation can not be read', () => {
    expect(expected([CLOCK], undefined, [clock(1)])).toEqual({ asked: [CLOCK], dynos: [], notes: [] })
  })

  it('is as many as there are to be, each by name', () => {
    const web = { name: 'web.1', type: 'web', state: 'up', version: 42 }
    expect(expected([CLOCK], formed(2), [web, clock(1), clock(2, 'starting', 0)])).toEqual({
      asked: asked(2),
      dynos: [
        { dyno: 'clock.1', type: 'clock', release: 'v42' },
        { dyno: 'clock.2', type: 'clock' },
      ],
      notes: [],
    })
  })

  it('is as many as there are to be where the dynos can not be read', () => {
    expect(expected([CLOCK], formed(2))).toEqual({ asked: asked(2), dynos: [], notes: [] })
  })

  it('is nobody of a type that is scaled to 0', () => {
    const worker = { ...CLOCK, type: 'web' }
    expect(expected([CLOCK, worker], formed(0))).toEqual({
      asked: [{ ...worker, atLeast: 2 }],
      dynos: [],
      notes: ['clock is scaled to 0: there is nobody to drain'],
    })
  })

  it('is a number that was asked for, whatever is scaled or runs', () => {
    const three = { ...CLOCK, atLeast: 3, demanded: true }
    for (const quantity of [0, 1, 5]) {
      expect(expected([three], formed(quantity), [clock(1)]).asked).toEqual([three])
    }
  })

  it('is a type that Heroku does not know as the plan says, with a note', () => {
    const own = { ...CLOCK, type: 'beat' }
    expect(expected([own], formed(1))).toEqual({
      asked: [own],
      dynos: [],
      notes: ['Heroku knows no process type beat of this app: it has web, clock'],
    })
    expect(expected([own], []).notes).toEqual(['Heroku knows no process type beat of this app: it has none'])
  })

  it.each(['crashed', 'down', 'idle'])('is no dyno that is %s, which is said', (state) => {
    expect(expected([CLOCK], formed(2), [clock(1), clock(2, state)])).toEqual({
      asked: asked(1),
      dynos: [{ dyno: 'clock.1', type: 'clock', release: 'v42' }],
      notes: [`clock.2 is ${state}: nothing runs there that a deploy could end, so it is not waited for`],
    })
  })

  it('is whoever is there when all have crashed', () => {
    expect(expected([CLOCK], formed(1), [clock(1, 'crashed')])).toMatchObject({ asked: asked(0), dynos: [] })
  })

  it('is the one that runs of two with the same name', () => {
    const dynos = [clock(1, 'crashed', 41), clock(1, 'starting', 42)]
    expect(expected([CLOCK], formed(1), dynos)).toEqual({
      asked: asked(1),
      dynos: [{ dyno: 'clock.1', type: 'clock', release: 'v42' }],
      notes: [],
    })
  })

  it('is who still runs above the number', () => {
    expect(expected([CLOCK], formed(1), [clock(1), clock(2)]).asked).toEqual(asked(2))
  })
})

describe('whatever Heroku shows,', () => {
  const type = fc.constantFrom('clock', 'worker', 'web')
  const processes = fc.uniqueArray(
    fc.record({ type, atLeast: fc.integer({ min: 1, max: 4 }), demanded: fc.boolean() }),
    {
      minLength: 1,
      selector: (one) => one.type,
    },
  )
  const formation = fc.uniqueArray(fc.record({ type, quantity: fc.nat({ max: 4 }) }), {
    selector: (one) => one.type,
  })
  const dyno = fc
    .record({
      type,
      index: fc.integer({ min: 1, max: 4 }),
      version: fc.nat({ max: 2 }),
      state: fc.constantFrom('up', 'starting', 'crashed', 'down', 'idle', 'new-word'),
    })
    .map(({ index, ...rest }): DynoSeen => ({ ...rest, name: `${rest.type}.${index}` }))
  const any = [
    processes,
    fc.option(formation, { nil: undefined }),
    fc.option(fc.array(dyno), { nil: undefined }),
  ] as const
  const stopped = ({ state }: DynoSeen) => ['crashed', 'down', 'idle'].includes(state)

  it('no number that was asked for is changed or dropped', () => {
    fc.assert(
      fc.property(...any, (wanted, there, dynos) => {
        const kept = expected(wanted, there, dynos).asked.filter(({ demanded }) => demanded)
        expect(kept).toEqual(wanted.filter(({ demanded }) => demanded))
      }),
    )
  })

  it('of a type that is asked no fewer than run are, nor more than there are to be and run', () => {
    fc.assert(
      fc.property(...any, (wanted, there, dynos = []) => {
        for (const { type, atLeast, demanded } of expected(wanted, there, dynos).asked) {
          const quantity = there?.find((one) => one.type === type)?.quantity
          if (demanded || quantity === undefined) continue
          const running = new Set(
            dynos.filter((one) => one.type === type && !stopped(one)).map(({ name }) => name),
          )
          expect(atLeast).toBeGreaterThanOrEqual(running.size)
          expect(atLeast).toBeLessThanOrEqual(Math.max(quantity, running.size))
        }
      }),
    )
  })

  it('a type is left out only if it is scaled to 0, and that is said', () => {
    fc.assert(
      fc.property(...any, (wanted, there, dynos) => {
        const { asked: who, notes } = expected(wanted, there, dynos)
        for (const { type } of wanted.filter((one) => !who.some((other) => other.type === one.type))) {
          expect(there?.find((one) => one.type === type)?.quantity).toBe(0)
          expect(notes).toContain(`${type} is scaled to 0: there is nobody to drain`)
        }
      }),
    )
  })

  it('each dyno that must have joined runs, and is of a type that is asked', () => {
    fc.assert(
      fc.property(...any, (wanted, there, dynos = []) => {
        const who = expected(wanted, there, dynos)
        for (const { dyno: name, type } of who.dynos) {
          expect(dynos.some((one) => one.name === name && one.type === type && !stopped(one))).toBe(true)
          expect(who.asked.map((one) => one.type)).toContain(type)
        }
      }),
    )
  })
})
