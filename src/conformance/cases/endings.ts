import type { Case } from '../case.ts'
import { check, noneResumes, resumesAt, schedulesAgain } from './rules.ts'

const QUIET_AFTER_RELEASE_MS = 90_000

/** How holds end when nobody ends them, or when they are told strange things. */
export const endings: readonly Case[] = [
  {
    name: 'stays quiet after a release, and resumes after 90 s without SIGTERM',
    level: 2,
    long: true,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain({ leaseMs: 40_000 })
      await scene.commit(owner, { pushLeaseMs: 45_000 })
      const from = scene.rows.length
      await scene.finish(owner, 'released')
      // The lease ends meanwhile, and must not matter.
      await noneResumes(scene, from, 'it resumes beside the new release', QUIET_AFTER_RELEASE_MS - 500)
      await scene.row('running', { from })
      await schedulesAgain(scene)
    },
  },
  {
    name: 'never resumes while a newer release is there',
    level: 2,
    long: true,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain({ leaseMs: 40_000 })
      await scene.commit(owner, { pushLeaseMs: 45_000 })
      await scene.successor()
      const from = scene.rows.length
      await scene.finish(owner, 'released')
      await noneResumes(scene, from, 'it resumes beside a newer release', QUIET_AFTER_RELEASE_MS + 20_000)
    },
  },
  {
    name: 'resumes by itself when the lease ends',
    level: 2,
    async run(scene) {
      await scene.boot()
      await scene.drain({ leaseMs: 40_000 })
      await resumesAt(scene, scene.rows.length, await scene.expiry())
    },
  },
  {
    name: 'keeps on when the intent is lost, up to the end of the lease',
    level: 2,
    async run(scene) {
      await scene.boot()
      await scene.drain({ leaseMs: 45_000 })
      const expiry = await scene.expiry()
      const from = scene.rows.length
      await scene.loseIntent()
      await resumesAt(scene, from, expiry)
    },
  },
  {
    name: 'keeps on when it meets a lower epoch',
    level: 2,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain({ leaseMs: 45_000 })
      const expiry = await scene.expiry()
      const from = scene.rows.length
      await scene.tamper({ epoch: String(Number(owner.epoch) - 1_000_000), phase: 'aborted' })
      await resumesAt(scene, from, expiry)
    },
  },
  {
    name: 'answers a higher epoch without resuming in between',
    level: 2,
    async run(scene) {
      await scene.boot()
      await scene.drain()
      const from = scene.rows.length
      await scene.loseIntent()
      const { owner } = await scene.drain()
      const between = scene.rows.slice(from).map(({ state }) => state)
      check(!between.includes('running'), `between the two drains it said ${between.join(', ')}`)
      await scene.commit(owner)
    },
  },
]
