import type { FaultProxy } from '../test/support/fault-proxy.ts'
import type { Boot } from './boot.ts'
import type { Deployer } from './deployer.ts'
import { Party } from './party.ts'
import type { PlannedFault } from './plan.ts'
import type { World } from './world.ts'

/** What ends a fault. */
export type Heal = () => Promise<void> | void

/** Picks somebody's link for `fault`. @returns `undefined` when there was nobody to do it to; so do the others */
export function link(fault: PlannedFault, world: World, act: (proxy: FaultProxy) => Heal) {
  const there = [...world.parties].filter((party) => !party.gone && !party.name.endsWith('post'))
  return pick(fault, world, there, (party) => {
    world.judge.disturbed(party, fault)
    return act(party.proxy)
  })
}

/** Picks a process of the app. */
export function dyno(fault: PlannedFault, world: World, act: (boot: Boot) => Heal) {
  const there = [...world.platform.dynos.values()].filter(({ alive, terminated }) => alive && !terminated)
  return pick(fault, world, there, (boot) => {
    world.judge.disturbed(boot.party, fault)
    return act(boot)
  })
}

/** Picks a deploy that is under way. */
export function deployer(fault: PlannedFault, world: World, act: (deployer: Deployer) => Heal) {
  const there = world.deployers.filter(({ running }) => running)
  return pick(fault, world, there, act)
}

function pick<T extends { readonly party: Party } | Party>(
  { kind, target }: PlannedFault,
  { ledger }: World,
  there: readonly T[],
  act: (one: T) => Heal,
): Heal | undefined {
  const one = there[Math.floor(target * there.length)]
  if (!one) return undefined
  ledger.write('fault', `${kind}: ${one instanceof Party ? one.name : one.party.name}`)
  return act(one)
}
