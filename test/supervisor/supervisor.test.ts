import { afterEach, describe, expect, it, vi } from 'vitest'
import type { DrainContext, Handlers, Progress } from '../../src/participant/handlers.ts'
import { signalGroup } from '../../src/process/signal-group.ts'
import { Output } from '../../src/supervisor/output.ts'
import { type Ending, Supervisor } from '../../src/supervisor/supervisor.ts'
import { processes } from '../heroku/support/processes.ts'
import { LIMIT, Lines } from '../participant/support/lines.ts'
import { ManualTime, settle } from '../support/manual-time.ts'

vi.setConfig({ testTimeout: 30_000 })

/** Counts its SIGTERMs as jobs that run, five to begin with, and ends at SIGUSR2 with code 6. */
const COUNTING = `n=5; say() { echo "{\\"running\\":$n}" >&3; }
  trap 'n=$((n + 1)); say' TERM; trap 'exit 6' USR2; echo ready >&3; while :; do sleep 0.02; done`

/** A gate that does what the test says, at the time that it says. */
class Scene {
  readonly time = new ManualTime()
  readonly log = new Lines()
  readonly reports: Progress[] = []
  readonly barrier = Promise.withResolvers<void>()
  readonly force = new AbortController()
  #pid: number | undefined
  handlers: Handlers | undefined
  left = false
  readonly supervisor: Supervisor
  readonly ending: Promise<Ending>

  constructor(script = COUNTING) {
    this.supervisor = new Supervisor(
      {
        program: ['sh', '-c', script],
        drainSignal: 'SIGTERM',
        forceSignal: 'SIGTERM',
        killAfterMs: 10_000,
        signalGroup: false,
        progress: 'fd',
      },
      {
        time: this.time,
        log: this.log,
        output: new Output(1, this.time),
        enter: (handlers) => {
          this.handlers = handlers
          const leave = async () => {
            await this.drain()
            this.left = true
          }
          return {
            participation: { id: 'clock.1#1', state: 'running', leave },
            start: () => this.barrier.promise,
          }
        },
      },
    )
    this.ending = this.supervisor.run()
  }

  /** Looks again and again at what comes of it, as time goes by. */
  async until(condition: () => boolean): Promise<void> {
    const met = async () => {
      await this.time.advance(10)
      return condition()
    }
    await expect.poll(met, LIMIT).toBe(true)
  }

  drain(): Promise<Progress | undefined | void> {
    const report = (progress: Progress) => void this.reports.push(progress)
    const context: DrainContext = { signal: this.force.signal, report }
    return Promise.resolve(this.handlers?.drain(context))
  }

  get program(): number | undefined {
    return processes().find(
      ({ parent, commandLine }) => parent === process.pid && commandLine.startsWith('sh -c'),
    )?.pid
  }

  /** Opens the barrier, and resolves when the program is ready: it says so in a line that is no progress. */
  async running(): Promise<void> {
    this.barrier.resolve()
    await this.log.saw(/wrote a line of progress that is none/)
    this.#pid = this.program
  }

  /** It got so many SIGTERMs. */
  async told(times: number): Promise<void> {
    await expect.poll(() => this.reports.at(-1), LIMIT).toMatchObject({ running: 5 + times })
  }

  /** Ends what was started, also what the program has left of its group. */
  end(): void {
    if (this.#pid !== undefined) signalGroup(this.#pid, 'SIGKILL')
  }
}

let scene: Scene
afterEach(() => scene.end())

describe('a drain in the very moment in which the barrier opens', () => {
  it('keeps the program from being started, until it is withdrawn', async () => {
    scene = new Scene()
    scene.barrier.resolve()
    await scene.drain()
    await settle()
    expect(scene.program).toBeUndefined()
    await scene.handlers?.resume()
    await scene.running()
  })
})

describe('time', () => {
  it('between the drain signal and the force signal is 2 s at least, and then 10 s until SIGKILL', async () => {
    scene = new Scene()
    await scene.running()
    let end: Progress | undefined | void
    void scene.drain().then((progress) => {
      end = progress
    })
    await scene.told(1)
    scene.force.abort()
    await scene.time.advance(1_999)
    expect(scene.log.lines.at(-1)).toMatch(/^asked sh to end/)
    await scene.time.advance(1)
    expect(scene.log.lines.at(-1)).toBe('warning: time is up: sending SIGTERM to sh')
    await scene.told(2)
    await scene.time.advance(9_999)
    expect(scene.log.lines.at(-1)).toBe('warning: time is up: sending SIGTERM to sh')
    await scene.time.advance(1)
    expect(scene.log.lines).toContain('warning: sh did not end within 10 s: killing it')
    await scene.until(() => end !== undefined)
    expect(end).toMatchObject({ note: 'sh was killed, since it did not end: its jobs may be lost' })
    expect(scene.program).toBeUndefined()
  })

  it('does not bring SIGKILL after SIGTERM', async () => {
    scene = new Scene()
    await scene.running()
    scene.supervisor.signal('SIGTERM')
    await scene.told(1)
    scene.force.abort()
    await scene.time.advance(2_000)
    await scene.told(2)
    await scene.time.advance(60_000)
    expect(scene.log.matching(/killing/)).toEqual([])
    process.kill(scene.program as number, 'SIGUSR2')
    await scene.until(() => scene.left)
    expect(await scene.ending).toEqual({ code: 6 })
  })

  it('for what a program that ended by itself has left is 5 s', async () => {
    scene = new Scene(
      `sh -c 'trap "" TERM; echo ready >&3; while :; do sleep 0.02; done' & trap 'exit 6' USR2; wait`,
    )
    await scene.running()
    const program = scene.program as number
    process.kill(program, 'SIGUSR2')
    await scene.log.saw(/behind/)
    const rest = () => processes().filter(({ group }) => group === program)
    await scene.time.advance(4_900)
    expect(rest()).not.toEqual([])
    await scene.until(() => scene.left)
    expect(rest()).toEqual([])
    expect(scene.time.now()).toBeGreaterThanOrEqual(5_000)
    expect(await scene.ending).toEqual({ code: 6 })
  })
})
