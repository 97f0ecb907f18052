import { EventEmitter } from 'node:events'
import { describe, expect, it } from 'vitest'
import { Interrupts } from '../../src/cli/interrupts.ts'
import { Lines } from '../participant/support/lines.ts'

/** A process that is only told of. */
class Source extends EventEmitter {
  readonly exits: number[] = []
  exit(code: number): void {
    this.exits.push(code)
  }
}

function open() {
  const [source, log] = [new Source(), new Lines()]
  return { source, log, interrupts: new Interrupts(log, source) }
}

describe('signals', () => {
  it('abort at the first, and end everything at the second', () => {
    const { source, interrupts, log } = open()
    source.emit('SIGINT')
    expect(interrupts.signal.reason).toMatchObject({
      outcome: 'cancelled',
      message: 'Interrupted by SIGINT.',
    })
    expect([interrupts.code, source.exits]).toEqual([130, []])
    source.emit('SIGTERM')
    expect([interrupts.code, source.exits]).toEqual([130, [143]])
    expect(log.lines).toEqual([
      'SIGINT: ending in order; a second signal ends this at once',
      'warning: SIGTERM again: ended at once. A drain that was asked for ends with its lease',
    ])
  })

  it('end nothing at once where several may come that know nothing of one another', () => {
    const [source, log] = [new Source(), new Lines()]
    const interrupts = new Interrupts(log, source, true)
    for (const name of ['SIGHUP', 'SIGTERM', 'SIGTERM']) source.emit(name)
    expect(interrupts.signal.reason).toMatchObject({ message: 'Interrupted by SIGHUP.' })
    expect([interrupts.code, source.exits]).toEqual([129, []])
    expect(log.lines).toEqual(['SIGHUP: ending in order'])
  })

  it('go to a program while there is one, the second as SIGKILL, and abort nothing', async () => {
    const { source, interrupts } = open()
    const sent: NodeJS.Signals[] = []
    const over = Promise.withResolvers<string>()
    const running = interrupts.relaying((begun) => {
      begun((name) => sent.push(name))
      return over.promise
    })
    for (const name of ['SIGHUP', 'SIGINT', 'SIGTERM']) source.emit(name)
    expect(sent).toEqual(['SIGHUP', 'SIGKILL', 'SIGKILL'])
    over.resolve('ended')
    expect(await running).toBe('ended')
    expect([interrupts.signal.aborted, interrupts.code, source.exits]).toEqual([false, undefined, []])
    source.emit('SIGINT')
    expect([sent.length, interrupts.signal.aborted, source.exits]).toEqual([3, true, []])
  })

  it('are for this process as long as the program has not begun', async () => {
    const { source, interrupts } = open()
    await interrupts.relaying(async () => source.emit('SIGTERM'))
    expect(interrupts.code).toBe(143)
  })

  it('are let go of at the end', () => {
    const { source, interrupts } = open()
    interrupts[Symbol.dispose]()
    expect(source.eventNames()).toEqual([])
  })
})
