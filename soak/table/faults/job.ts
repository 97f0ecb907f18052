import type { Fault } from '../fault.ts'
import { halfOpen, pause, reset } from '../link.ts'
import { MOMENTS } from '../moment.ts'

const GROUP = 'The job that deploys'

/** What happens to the job that deploys. */
export const JOB_FAULTS: readonly Fault[] = [
  {
    group: GROUP,
    name: 'Its runner vanishes',
    advice: 'Run the deploy again. If it had pushed, `heroku releases` tells what became of it.',
    moments: MOMENTS,
    inflict: ({ deployer }) => deployer?.crash(true),
  },
  {
    group: GROUP,
    name: 'Its process is killed, and the post step runs',
    advice: 'Run the deploy again. If it had pushed, `heroku releases` tells what became of it.',
    moments: MOMENTS,
    setting: { post: true },
    inflict: ({ deployer }) => deployer?.crash(false),
  },
  {
    group: GROUP,
    name: 'It is cancelled',
    advice: 'Nothing, or what the message says.',
    moments: MOMENTS,
    inflict(scene) {
      const { world, deployer } = scene
      deployer?.cancel()
      // A runner gives a cancelled step 10 s.
      scene.goOn(world.time.sleep(10_000).then(() => deployer?.crash(false)))
    },
  },
  {
    group: GROUP,
    name: 'It stands still for 90 s',
    advice: 'Run the deploy again if it says that its lease is lost.',
    moments: MOMENTS,
    inflict: (scene) => pause(scene, scene.deployer?.party),
  },
  {
    group: GROUP,
    name: 'Its link to Redis is half-open for 90 s',
    advice: 'Run the deploy again if it says that its lease is lost.',
    moments: MOMENTS,
    inflict: (scene) => halfOpen(scene, scene.deployer?.party),
  },
  {
    group: GROUP,
    name: 'Its link to Redis is reset, with an answer on its way',
    advice: 'Nothing: what went unanswered is sent again.',
    moments: MOMENTS,
    inflict: (scene) => reset(scene, scene.deployer?.party),
  },
]
