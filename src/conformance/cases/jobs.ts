import type { Case } from '../case.ts'
import type { Scene } from '../scene.ts'
import { check, noneResumes } from './rules.ts'

/** What becomes of the scheduler's jobs: for programs that run the trial app of docs/conformance.md. */
export const jobs: readonly Case[] = [
  {
    name: 'lets a job finish, begins none while held, and takes it up afterwards',
    level: 3,
    async run(scene) {
      await scheduling(scene)
      await scene.job(15_000)
      const owner = await scene.acquire({ keep: true })
      const accepted = await scene.row('draining', { from: 0, epoch: owner.epoch })
      check(accepted.running >= 1, 'a job runs, and its row says that none does')
      const drained = await scene.row('drained', { from: 0, epoch: owner.epoch })
      jobsAre(scene, drained, { finished: 1, stored: 0 })
      const from = scene.rows.length
      await scene.give(1)
      await noneResumes(scene, from, 'it schedules while it is held', 3_000)
      await scene.commit(owner)
      await scene.finish(owner, 'aborted')
      await scene.until(
        'the job that waited was not begun after the resume',
        () => scene.count('finished') === 2,
      )
    },
  },
  {
    name: 'is drained late, when a job outlasts the lease',
    level: 3,
    async run(scene) {
      await scheduling(scene)
      await scene.job(45_000)
      const owner = await scene.acquire({ leaseMs: 20_000, keep: true })
      const drained = await scene.row('drained', { from: 0, epoch: owner.epoch, limitMs: 80_000 })
      jobsAre(scene, drained, { finished: 1, stored: 0 })
      const answers = scene.rows.filter(({ epoch }) => epoch === owner.epoch)
      const longest = Math.max(...answers.slice(1).map(({ at }, index) => at - (answers[index]?.at ?? at)))
      check(longest < 10_000, `while draining it was silent for ${Math.round(longest / 1_000)} s`)
      const states = scene.rows.slice(scene.rows.indexOf(answers[0] as never)).map(({ state }) => state)
      check(!states.includes('running'), 'it resumed while the drain was in force')
    },
  },
  {
    name: 'tells how far it is',
    level: 3,
    async run(scene) {
      await scheduling(scene)
      await scene.job(15_000)
      await scene.job(21_000)
      const { owner, row } = await scene.drain({ keep: true })
      jobsAre(scene, row, { finished: 2, stored: 0 })
      check(
        scene.rows.every(({ state, running }) => state !== 'running' || running === 0),
        'a row that says running counts jobs though nothing is asked',
      )
      const told = scene.rows.filter(({ epoch, state }) => epoch === owner.epoch && state === 'draining')
      const both = told.findLast(({ running }) => running === 2)
      check(both !== undefined, 'no row says that 2 jobs run')
      check(
        told.some(({ running, finished }) => running === 1 && finished === (both?.finished ?? 0) + 1),
        'no row says that 1 job has finished and 1 runs',
      )
    },
  },
  {
    name: 'stores jobs when it is told to',
    level: 3,
    async run(scene) {
      await scheduling(scene)
      await scene.job(600_000)
      const owner = await scene.acquire({ keep: true })
      await scene.row('draining', { from: 0, epoch: owner.epoch })
      await scene.force(owner)
      const drained = await scene.row('drained', { from: 0, epoch: owner.epoch })
      jobsAre(scene, drained, { finished: 0, stored: 1 })
    },
  },
  {
    name: 'goes on when the drain is withdrawn while a job runs',
    level: 3,
    async run(scene) {
      await scheduling(scene)
      await scene.job(25_000)
      const owner = await scene.acquire({ keep: true })
      await scene.row('draining', { from: 0, epoch: owner.epoch })
      const from = scene.rows.length
      await scene.finish(owner, 'aborted')
      await scene.row('running', { from })
      await scene.ticks()
      await scene.until('the job is lost', () => scene.count('finished') === 1)
      check(scene.count('started') === 1, 'the job was begun twice')
    },
  },
  {
    name: 'drains for the next deploy when the first is lost while a job runs',
    level: 3,
    async run(scene) {
      await scheduling(scene)
      await scene.job(25_000)
      const lost = await scene.acquire({ keep: true })
      await scene.row('draining', { from: 0, epoch: lost.epoch })
      await scene.loseIntent()
      const { owner, row } = await scene.drain({ keep: true })
      jobsAre(scene, row, { finished: 1, stored: 0 })
      await scene.commit(owner)
    },
  },
  {
    name: 'lets a job finish at SIGTERM',
    level: 3,
    async run(scene) {
      const listener = await scheduling(scene)
      await scene.job(4_000)
      listener.signal('SIGTERM')
      await scene.end()
      check(scene.count('finished') === 1, 'the job did not finish')
      const last = scene.rows.at(-1)
      check(last?.state === 'exited', `its last row says ${last?.state}, not exited`)
      if (last) jobsAre(scene, last, { finished: 1, stored: 0 })
    },
  },
  {
    name: 'stores jobs 20 s after SIGTERM, before Heroku kills it',
    level: 3,
    async run(scene) {
      const listener = await scheduling(scene)
      await scene.job(600_000)
      listener.signal('SIGTERM')
      await scene.end()
      check(scene.count('stored') === 1, 'the job was not put away')
      const last = scene.rows.at(-1)
      check(last?.state === 'exited', `its last row says ${last?.state}, not exited`)
      check(last?.stored === 1, `its last row says that ${last?.stored} jobs were stored, and 1 was`)
    },
  },
]

async function scheduling(scene: Scene) {
  const listener = await scene.boot()
  await scene.ticks()
  return listener
}

/**
 * What the row says of jobs is what has become of them, and it was so before the row said it. A tick is a run of the scheduler too: one
 * that was under way as the drain began counts as finished.
 */
function jobsAre(
  scene: Scene,
  row: Scene['rows'][number],
  { finished, stored }: { finished: number; stored: number },
): void {
  const others = row.finished - finished
  check(
    row.running === 0 && others >= 0 && others <= ticksUnderWay(scene, row) && row.stored === stored,
    `its row says ${row.running} running, ${row.finished} finished, ${row.stored} stored; it should be 0, ${finished}, ${stored}`,
  )
  const before = (what: string) =>
    scene.happenings.filter((one) => one.kind === 'count' && one.what === what && one.at <= row.at).length
  check(
    before('finished') === finished && before('stored') === stored,
    `it said drained when ${before('finished')} jobs had finished and ${before('stored')} were stored, of ${before('started')}`,
  )
}

/** How many ticks may not have been over as the drain began that `row` answers: those from a second before it on. */
function ticksUnderWay(scene: Scene, { id, epoch, at }: Scene['rows'][number]): number {
  const answers = scene.rows.filter(
    (row) => row.id === id && row.epoch === epoch && row.state !== 'running' && row.state !== 'booting',
  )
  const began = (answers[0]?.at ?? at) - 1_000
  return scene.happenings.filter(
    (one) => one.kind === 'count' && one.what === 'ticks' && one.at >= began && one.at <= at,
  ).length
}
