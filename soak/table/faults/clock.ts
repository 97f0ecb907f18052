import type { Fault } from '../fault.ts'
import { halfOpen, nothing, pause, reset } from '../link.ts'
import { MOMENTS } from '../moment.ts'

const GROUP = 'The clock'

/** A message of the doorbell, or of a report, and nothing else. */
const RING = /^(?:>3\r\n\$7\r\nmessage\r\n\$\d+\r\n\S+\r\n\$\d+\r\n\w*\r\n)+$/

/** What happens to the clock. */
export const CLOCK_FAULTS: readonly Fault[] = [
  {
    group: GROUP,
    name: 'It crashes, and Heroku starts it again 5 s later',
    advice: 'Look at why it crashed: `heroku logs`. What is lost with it is what it ran.',
    moments: MOMENTS,
    inflict(scene) {
      scene.world.judge.disturbed(scene.clock.party, { lastsMs: 5_000 })
      scene.goOn(scene.world.platform.crash('clock.1', false, 5_000))
    },
  },
  {
    group: GROUP,
    name: 'Its dyno is cycled: SIGTERM, then a new one',
    advice: 'Nothing.',
    moments: MOMENTS,
    inflict: (scene) => scene.goOn(scene.world.platform.cycle('clock.1')),
  },
  {
    group: GROUP,
    name: 'It stands still for 90 s',
    advice: 'Look at what its machine was doing, and run the deploy again.',
    moments: MOMENTS,
    inflict: (scene) => pause(scene, scene.clock.party),
  },
  {
    group: GROUP,
    name: 'Its link to Redis is half-open for 90 s',
    advice: 'Run the deploy again if it failed.',
    moments: MOMENTS,
    inflict: (scene) => halfOpen(scene, scene.clock.party),
  },
  {
    group: GROUP,
    name: 'Its link to Redis is reset, with an answer on its way',
    advice: 'Nothing.',
    moments: MOMENTS,
    inflict: (scene) => reset(scene, scene.clock.party),
  },
  {
    group: GROUP,
    name: 'No message of pub/sub arrives any more, at it or at the deploy',
    advice: 'Nothing: a beat brings what a message would have, up to 25 s later.',
    moments: ['asking'],
    prepare(scene) {
      for (const party of scene.world.parties) party.proxy.lose(RING)
      scene.deployer?.party.proxy.lose(RING)
    },
    inflict: nothing,
  },
]
