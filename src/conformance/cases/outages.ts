import type { Case } from '../case.ts'
import { check, noneResumes, schedulesAgain } from './rules.ts'

/** Until a listener has connected again: its pauses between attempts may grow to 10 s. */
const BACK_MS = 60_000

/** Redis goes away, and comes back. */
export const outages: readonly Case[] = [
  {
    name: 'goes on when Redis goes away, and joins again',
    level: 2,
    async run(scene) {
      await scene.boot()
      const [before] = scene.rows
      scene.relay.cut()
      await scene.pass(8_000)
      const from = scene.rows.length
      scene.relay.mend()
      const row = await scene.row(/./, { from, limitMs: BACK_MS })
      check(row.state === 'running', `with Redis back it says ${row.state}, and nothing is asked`)
      check(row.id === before?.id, 'with Redis back it has another id')
      await schedulesAgain(scene)
    },
  },
  {
    name: 'stays held when Redis goes away for less than the lease',
    level: 2,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain({ leaseMs: 90_000, keep: true })
      scene.relay.cut()
      await scene.pass(6_000)
      const from = scene.rows.length
      scene.relay.mend()
      const row = await scene.row(/./, { from, limitMs: BACK_MS })
      check(row.state === 'drained' && row.epoch === owner.epoch, `with Redis back it says ${row.state}`)
      await noneResumes(scene, from, 'it resumes though the lease goes on', 2_000)
    },
  },
  {
    name: 'resumes by its own clock when Redis stays away, and drains again when it is back',
    level: 2,
    async run(scene) {
      await scene.boot()
      const { owner } = await scene.drain({ leaseMs: 20_000, keep: true })
      scene.relay.cut()
      // Its lease ends 20 s after what it heard last; the deployer's goes on.
      await scene.pass(23_000)
      const from = scene.rows.length
      scene.relay.mend()
      const row = await scene.row(/./, { from, limitMs: BACK_MS })
      check(
        row.state === 'running' && row.epoch === undefined,
        `cut off for longer than the lease it must be running again, and it says ${row.state}`,
      )
      await scene.row('drained', { from, epoch: owner.epoch })
    },
  },
  {
    name: 'starts without Redis, 5 s after its boot',
    level: 2,
    async run(scene) {
      scene.relay.mute()
      await scene.boot({ until: 'started' })
      await scene.until('it does not connect to Redis', () => scene.relay.accepted > 0, 60_000)
      await scene.pass(8_000)
      scene.relay.mend()
      const row = await scene.row(/./, { from: 0, limitMs: BACK_MS })
      check(row.state === 'running', `8 s after it first tried to connect it says ${row.state}, not running`)
    },
  },
  {
    name: 'notices a connection that is half open',
    level: 2,
    async run(scene) {
      await scene.boot()
      const from = scene.rows.length
      scene.relay.freeze()
      await scene.ring()
      await scene.row('running', { from, limitMs: BACK_MS })
    },
  },
]
