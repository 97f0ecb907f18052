import type { PlannedFault } from './plan.ts'
import { deployer, dyno, type Heal, link } from './victim.ts'
import type { World } from './world.ts'

/** Everything that is done to a history. */
export const FAULTS = [
  'delay',
  'half-open link',
  'reset',
  'refused connections',
  'lost reply',
  'lost doorbell',
  'crash of a participant',
  'crash of a deployer',
  'pause of a participant',
  'pause of a deployer',
  'redis restarts with data',
  'redis restarts without data',
  'redis hangs',
  'failover',
  'intent deleted',
  'roster deleted',
  'epoch deleted',
  'all keys deleted',
  'scripts flushed',
  'clock set forward',
  'clock set back',
  'a stranger finishes',
] as const
export type FaultKind = (typeof FAULTS)[number]

/** One message of a doorbell, and nothing else. */
const RING = /^>3\r\n\$7\r\nmessage\r\n\$\d+\r\n\S+:doorbell\r\n\$4\r\nbeat\r\n$/

/** Lets a fault happen. @returns what ends it, or `undefined` when there was nobody to do it to */
export async function inflict(fault: PlannedFault, world: World): Promise<Heal | undefined> {
  const { kind, force } = fault
  const { server } = world
  const done = () => {}
  const { intent, roster, epoch } = server.keys
  const forgets = (...keys: string[]) =>
    world.alone(async () => {
      await server.redis.del(...keys)
      world.dataLost()
      return done
    })
  switch (kind) {
    case 'delay':
      return link(fault, world, (proxy) => {
        proxy.delay((50 + force * 8_000) / world.speed)
        return () => proxy.delay(0)
      })
    case 'half-open link':
      return link(fault, world, (proxy) => {
        proxy.freeze()
        return () => {
          // The network is back, and what was sent on a link that one side gave up is nobody's.
          proxy.drop()
          proxy.thaw()
        }
      })
    case 'reset':
      return link(fault, world, (proxy) => {
        proxy.drop()
        return done
      })
    case 'refused connections':
      return link(fault, world, (proxy) => {
        proxy.slam(true)
        proxy.drop()
        return () => proxy.slam(false)
      })
    case 'lost reply':
      return link(fault, world, (proxy) => {
        // The server has executed it, and executes it again.
        void proxy.dropNextReply('evalsha')
        return done
      })
    case 'lost doorbell':
      return link(fault, world, (proxy) => {
        proxy.lose(RING)
        return () => proxy.lose(undefined)
      })
    case 'crash of a participant':
      return dyno(fault, world, (boot) => {
        void world.platform.crash(boot.dyno, force < 0.4, 1_000 + force * 12_000)
        return done
      })
    case 'crash of a deployer':
      return deployer(fault, world, (one) => {
        one.crash(force < 0.4)
        return done
      })
    case 'pause of a participant':
      return dyno(fault, world, (boot) => {
        boot.party.stop()
        return () => boot.party.goOn()
      })
    case 'pause of a deployer':
      return deployer(fault, world, (one) => {
        one.party.stop()
        return () => one.party.goOn()
      })
    case 'redis restarts with data':
      await world.keepingOut(() => server.restart(true))
      return done
    case 'redis restarts without data':
      await world.keepingOut(() => server.restart(false))
      world.dataLost()
      return done
    case 'redis hangs':
      server.stop()
      world.judge.outage(fault.lastsMs)
      return () => server.goOn()
    case 'failover':
      if (!server.takeReplica()) return undefined
      if (force < 0.5) {
        await server.fallBehind()
        await world.time.sleep(force * 20_000)
        world.dataLost()
      }
      await world.keepingOut(() => server.failOver())
      return done
    case 'intent deleted':
      return forgets(intent)
    case 'roster deleted':
      return forgets(roster)
    case 'epoch deleted':
      return forgets(epoch)
    case 'all keys deleted':
      return forgets(intent, roster, epoch)
    case 'scripts flushed':
      await world.alone(() => server.redis.script('FLUSH'))
      return done
    case 'clock set forward':
      world.step(2_000 + force * force * 200_000)
      return done
    case 'clock set back':
      world.step(-2_000 - force * force * 200_000)
      return done
    case 'a stranger finishes':
      await world.alone(() => world.strangerFinishes(force))
      return done
  }
}
