import type { Case } from '../case.ts'
import { Misconduct } from '../deployer.ts'
import type { Scene } from '../scene.ts'
import { check, noneResumes } from './rules.ts'

/** Processes that begin and end at awkward times. */
export const boots: readonly Case[] = [
  {
    name: 'waits, held, when it boots into a drain',
    level: 2,
    async run(scene) {
      const owner = await scene.acquire({ leaseMs: 120_000, keep: true })
      await scene.boot({ until: 'started' })
      await scene.row('drained', { from: 0, epoch: owner.epoch, limitMs: 60_000 })
      const states = scene.rows.map(({ state }) => state)
      check(!states.includes('running'), `it said ${states.join(', ')}`)
      await noneResumes(scene, 0, 'it schedules though it booted into a drain', 3_000)
      check(scene.count('ticks') === 0, 'it scheduled before its first answer')
      await scene.finish(owner, 'aborted')
      await scene.row('running', { from: 0 })
    },
  },
  {
    name: 'runs at once when it is the new release',
    level: 2,
    async run(scene) {
      const owner = await scene.acquire({ leaseMs: 120_000 })
      await scene.commit(owner, { anyway: true, pushLeaseMs: 120_000 })
      await scene.boot()
      await scene.ring()
      const quiet = () => scene.rows.find(({ state }) => /drain/.test(state))
      await scene.never('it drains for the deploy that brought it', quiet, 3_000)
    },
  },
  {
    name: 'takes its own place when it is killed and boots again',
    level: 2,
    async run(scene) {
      const first = await scene.boot()
      const { owner, row } = await scene.drain({ leaseMs: 120_000, keep: true })
      await first.kill()
      const [from, ticks] = [scene.rows.length, scene.count('ticks')]
      await scene.boot({ until: 'started' })
      const again = await scene.row('drained', { from, epoch: owner.epoch, limitMs: 60_000 })
      check(again.id !== row.id, 'it has the id of its first boot again')
      check(scene.count('ticks') === ticks, 'it schedules though the drain is in force')
      await scene.commit(owner)
    },
  },
  {
    name: 'ends at SIGTERM while held, without resuming',
    level: 2,
    async run(scene) {
      const listener = await scene.boot()
      await scene.drain()
      const [from, ticks] = [scene.rows.length, scene.count('ticks')]
      listener.signal('SIGTERM')
      await scene.end()
      endedQuiet(scene, from, ticks)
    },
  },
  {
    name: 'ends at SIGTERM without ever having scheduled, when it booted into a drain',
    level: 2,
    async run(scene) {
      const owner = await scene.acquire({ leaseMs: 120_000, keep: true })
      const listener = await scene.boot({ until: 'started' })
      await scene.row('drained', { from: 0, epoch: owner.epoch, limitMs: 60_000 })
      listener.signal('SIGTERM')
      await scene.end()
      endedQuiet(scene, 0, 0)
    },
  },
]

/** Since `from`, an index in `rows`, it has said goodbye and nothing else, and scheduled nothing. */
function endedQuiet(scene: Scene, from: number, ticks: number): void {
  const states = scene.rows.slice(from).map(({ state }) => state)
  if (states.includes('running')) throw new Misconduct(`on its way out it said ${states.join(', ')}`)
  check(states.at(-1) === 'exited', `its last row says ${states.at(-1)}, not exited`)
  check(scene.count('ticks') === ticks, 'it scheduled on its way out')
}
