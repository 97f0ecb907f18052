import type { Case } from '../case.ts'
import { DYNO, Misconduct } from '../deployer.ts'
import { check, noneResumes, schedulesAgain } from './rules.ts'

/** What a beat may be late by on a busy machine. */
const LATE_MS = 3_000
/** Longer than two of the intervals before the commit. */
const WATCHED_MS = 20_000

/** What a listener does when it is asked. */
export const drains: readonly Case[] = [
  {
    name: 'joins',
    level: 1,
    async run(scene) {
      await scene.boot()
      const [first] = scene.calls
      const [row] = scene.rows
      if (!first || !row) throw new Misconduct('it has written no row')
      check(first.genuine, 'it does not run the beat script of this version, whole and unchanged')
      check(first.first, 'its first beat does not say that it is the first')
      check(/^(booting|running)$/.test(row.state), `its first row says ${row.state}, with nothing asked`)
      check(row.v === '1', `its row says version ${row.v}`)
      check(row.dyno === DYNO, `its row says dyno ${row.dyno}, and DYNO is ${DYNO}`)
      check(row.type === 'clock', `its row says process type ${row.type}, and DYNO is ${DYNO}`)
      check(
        row.id.startsWith(`${DYNO}#`) && row.id.length > DYNO.length + 8,
        `${row.id} is no participant id`,
      )
      check(
        Number.isInteger(first.everyMs) && first.everyMs > 0 && first.everyMs <= 60_000,
        `it promises its next beat within ${first.everyMs} ms`,
      )
      const next = await scene.until('no second beat', () => scene.calls.find((call) => !call.first))
      check(next.id === first.id, 'it changed its id')
    },
  },
  {
    name: 'accepts and is drained',
    level: 1,
    async run(scene) {
      await scene.boot()
      const owner = await scene.acquire()
      const accepted = await scene.row(/draining|drained/, { from: 0, epoch: owner.epoch })
      const expiry = await scene.expiry()
      check(accepted.hold === expiry, `its row says hold ${accepted.hold}, and the lease ends at ${expiry}`)
      const drained = await scene.row('drained', { from: 0, epoch: owner.epoch })
      check(drained.running === 0, `it says drained, and that ${drained.running} jobs run`)
      await scene.commit(owner, { marginMs: 30_000 })
    },
  },
  {
    name: 'resumes when the drain is withdrawn',
    level: 1,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain()
      const from = scene.rows.length
      await scene.finish(owner, 'aborted')
      const row = await scene.row('running', { from })
      check(row.epoch === undefined, 'it is running again, and its row still answers the drain')
      await schedulesAgain(scene)
    },
  },
  {
    name: 'drains again and again',
    level: 1,
    async run(scene) {
      await scene.boot()
      for (const _ of [1, 2, 3]) {
        const { owner } = await scene.drain()
        const from = scene.rows.length
        await scene.finish(owner, 'aborted')
        await scene.row('running', { from })
      }
    },
  },
  {
    name: 'leaves an old request alone',
    level: 1,
    async run(scene) {
      for (const ending of ['aborted', 'released', 'lapsed'] as const) {
        const owner = await scene.acquire({ leaseMs: ending === 'lapsed' ? 1 : 60_000 })
        if (ending === 'released') await scene.commit(owner, { anyway: true })
        if (ending !== 'lapsed') await scene.finish(owner, ending)
        const from = scene.rows.length
        const listener = await scene.boot()
        await scene.ring()
        const quiet = () => scene.rows.slice(from).find(({ state }) => /drain/.test(state))
        await scene.never(`it drains for a request that is ${ending}`, quiet, 3_000)
        await listener.kill()
      }
    },
  },
  {
    name: 'is not meant when another process type is',
    level: 1,
    async run(scene) {
      await scene.boot()
      await scene.acquire({ types: ['worker'] })
      const from = scene.rows.length
      await scene.row(/./, { from })
      // Its answer to that beat shows in the next.
      const quiet = () => scene.rows.slice(from).find(({ state }) => /drain/.test(state))
      await scene.never('worker is asked, and it drains', quiet, 3_000)
    },
  },
  {
    name: 'is not meant by a request of another version',
    level: 2,
    async run(scene) {
      await scene.boot()
      const from = scene.rows.length
      // In two steps, of which the first is for nobody: no beat may fall in between.
      await scene.acquire({ types: ['nobody'], silent: true })
      await scene.tamper({ v: '2', 'type:clock': '0' })
      await scene.row(/./, { from })
      const quiet = () => scene.rows.slice(from).find(({ state }) => /drain/.test(state))
      await scene.never('it drains for a request that it can not read', quiet, 3_000)
    },
  },
  {
    name: 'ends at SIGTERM, saying goodbye',
    level: 1,
    async run(scene) {
      const listener = await scene.boot()
      listener.signal('SIGTERM')
      await scene.end()
      check(
        scene.rows.at(-1)?.state === 'exited',
        `its last row says ${scene.rows.at(-1)?.state}, not exited`,
      )
    },
  },
  {
    name: 'hears of a drain though the doorbell was lost',
    level: 2,
    async run(scene) {
      await scene.boot()
      await scene.drain({ silent: true })
    },
  },
  {
    name: 'stays held while the lease is renewed',
    level: 2,
    async run(scene) {
      await scene.boot()
      const { row } = await scene.drain({ leaseMs: 20_000, keep: true })
      const from = scene.rows.length
      await noneResumes(scene, from, 'it resumes though the lease is renewed', 30_000)
      const hold = scene.rows.at(-1)?.hold ?? 0
      check(hold > (row.hold ?? 0) + 15_000, 'its rows do not say that the hold was prolonged')
    },
  },
  {
    name: 'beats when its last beat said it would, also when it may beat less often from then on',
    level: 2,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain({ keep: true })
      await scene.commit(owner, { pushLeaseMs: 180_000 })
      const last = () => scene.calls.at(-1)
      const overdue = async () => {
        const call = last()
        return call !== undefined && (await scene.left(call.at + call.everyMs + LATE_MS)) === 0
      }
      for (let waited = 0; waited < WATCHED_MS; waited += 1_000) {
        await scene.pass(1_000)
        check(!(await overdue()), `it promised a beat within ${last()?.everyMs} ms, and there was none`)
      }
    },
  },
]
