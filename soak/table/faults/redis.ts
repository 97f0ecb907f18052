import type { Fault } from '../fault.ts'
import { MOMENTS } from '../moment.ts'

const GROUP = 'Redis'

/** What happens to Redis. */
export const REDIS_FAULTS: readonly Fault[] = [
  {
    group: GROUP,
    name: 'It restarts, and keeps its data',
    advice: 'Nothing.',
    moments: MOMENTS,
    inflict: ({ world, goOn }) => goOn(world.keepingOut(() => world.server.restart(true))),
  },
  {
    group: GROUP,
    name: 'It restarts without its data',
    advice: 'Run the deploy again if its lease is lost; turn on persistence, or take a plan that has it.',
    moments: MOMENTS,
    inflict({ world, goOn }) {
      goOn(world.keepingOut(() => world.server.restart(false)).then(() => world.dataLost()))
    },
  },
  {
    group: GROUP,
    name: 'It fails over to a replica that lacks the last 2 s',
    advice: 'Run the deploy again if its lease is lost.',
    moments: MOMENTS,
    setting: { withReplica: true },
    inflict({ world, goOn }) {
      const failOver = async () => {
        await world.server.fallBehind()
        await world.time.sleep(2_000)
        world.dataLost()
        await world.keepingOut(() => world.server.failOver())
      }
      goOn(failOver())
    },
  },
  {
    group: GROUP,
    name: 'It hangs for 20 s',
    advice: 'Nothing.',
    moments: MOMENTS,
    inflict({ world, goOn }) {
      world.server.stop()
      goOn(world.outlive(() => world.server.goOn(), 20_000))
    },
  },
  {
    group: GROUP,
    name: 'It is away for 4 minutes',
    advice: 'Look at Redis (`heroku redis:info`), and run the deploy again if it failed.',
    moments: MOMENTS,
    inflict: ({ world, goOn }) => goOn(world.keepingOut(() => world.time.sleep(240_000))),
  },
  {
    group: GROUP,
    name: "The gate's keys are deleted",
    advice: 'Find out who deletes keys: the gate needs `noeviction` or a `volatile-*` policy.',
    moments: MOMENTS,
    inflict({ world, goOn }) {
      const { intent, roster, epoch } = world.server.keys
      const del = async () => {
        await world.server.redis.del(intent, roster, epoch)
        world.dataLost()
      }
      goOn(world.alone(del))
    },
  },
  {
    group: GROUP,
    name: 'Its clock is set 5 minutes forward',
    advice: 'Run the deploy again if its lease is lost.',
    moments: MOMENTS,
    inflict: ({ world }) => world.step(300_000),
  },
  {
    group: GROUP,
    name: 'Its clock is set 5 minutes back',
    advice: 'Run the deploy again if its lease is lost.',
    moments: MOMENTS,
    inflict: ({ world }) => world.step(-300_000),
  },
]
