import type { Party } from '../party.ts'
import { MOMENTS, type Moment } from './moment.ts'
import type { Scene, Setting } from './scene.ts'

/** Something that can go wrong with a deploy. */
export interface Fault {
  readonly group: string
  readonly name: string
  /** what to do when it happened, in a line */
  readonly advice: string
  readonly moments: readonly Moment[]
  readonly setting?: Partial<Setting>
  inflict(scene: Scene): void
  /** what must be done before the deploy begins */
  prepare?(scene: Scene): void
}

/** Longer than the lease of a drain, and shorter than that of a push. */
const LONG_MS = 90_000

/** A message of the doorbell, or of a report, and nothing else. */
const RING = /^(?:>3\r\n\$7\r\nmessage\r\n\$\d+\r\n\S+\r\n\$\d+\r\n\w*\r\n)+$/

const JOB = 'The job that deploys'
const CLOCK = 'The clock'
const REDIS = 'Redis'
const DEPLOY = 'The deploy itself'

const anytime = MOMENTS
const nothing = () => {}

export const FAULTS: readonly Fault[] = [
  {
    group: JOB,
    name: 'Its runner vanishes',
    advice: 'Run the deploy again. If it had pushed, `heroku releases` tells what became of it.',
    moments: anytime,
    inflict: ({ deployer }) => deployer?.crash(true),
  },
  {
    group: JOB,
    name: 'Its process is killed, and the post step runs',
    advice: 'Run the deploy again. If it had pushed, `heroku releases` tells what became of it.',
    moments: anytime,
    setting: { post: true },
    inflict: ({ deployer }) => deployer?.crash(false),
  },
  {
    group: JOB,
    name: 'It is cancelled',
    advice: 'Nothing, or what the message says.',
    moments: anytime,
    inflict(scene) {
      const { world, deployer } = scene
      deployer?.cancel()
      // A runner gives a cancelled step 10 s.
      scene.goOn(world.time.sleep(10_000).then(() => deployer?.crash(false)))
    },
  },
  {
    group: JOB,
    name: 'It stands still for 90 s',
    advice: 'Run the deploy again if it says that its lease is lost.',
    moments: anytime,
    inflict: (scene) => pause(scene, scene.deployer?.party),
  },
  {
    group: JOB,
    name: 'Its link to Redis is half-open for 90 s',
    advice: 'Run the deploy again if it says that its lease is lost.',
    moments: anytime,
    inflict: (scene) => halfOpen(scene, scene.deployer?.party),
  },
  {
    group: JOB,
    name: 'Its link to Redis is reset, with an answer on its way',
    advice: 'Nothing: what went unanswered is sent again.',
    moments: anytime,
    inflict: (scene) => reset(scene, scene.deployer?.party),
  },
  {
    group: CLOCK,
    name: 'It crashes, and Heroku starts it again 5 s later',
    advice: 'Look at why it crashed: `heroku logs`. What is lost with it is what it ran.',
    moments: anytime,
    inflict(scene) {
      scene.world.judge.disturbed(scene.clock.party, { lastsMs: 5_000 })
      scene.goOn(scene.world.platform.crash('clock.1', false, 5_000))
    },
  },
  {
    group: CLOCK,
    name: 'Its dyno is cycled: SIGTERM, then a new one',
    advice: 'Nothing.',
    moments: anytime,
    inflict: (scene) => scene.goOn(scene.world.platform.cycle('clock.1')),
  },
  {
    group: CLOCK,
    name: 'It stands still for 90 s',
    advice: 'Look at what its machine was doing, and run the deploy again.',
    moments: anytime,
    inflict: (scene) => pause(scene, scene.clock.party),
  },
  {
    group: CLOCK,
    name: 'Its link to Redis is half-open for 90 s',
    advice: 'Run the deploy again if it failed.',
    moments: anytime,
    inflict: (scene) => halfOpen(scene, scene.clock.party),
  },
  {
    group: CLOCK,
    name: 'Its link to Redis is reset, with an answer on its way',
    advice: 'Nothing.',
    moments: anytime,
    inflict: (scene) => reset(scene, scene.clock.party),
  },
  {
    group: CLOCK,
    name: 'No message of pub/sub arrives any more, at it or at the deploy',
    advice: 'Nothing: a beat brings what a message would have, up to 25 s later.',
    moments: ['asking'],
    prepare(scene) {
      for (const party of scene.world.parties) party.proxy.lose(RING)
      scene.deployer?.party.proxy.lose(RING)
    },
    inflict: nothing,
  },
  {
    group: REDIS,
    name: 'It restarts, and keeps its data',
    advice: 'Nothing.',
    moments: anytime,
    inflict: ({ world, goOn }) => goOn(world.keepingOut(() => world.server.restart(true))),
  },
  {
    group: REDIS,
    name: 'It restarts without its data',
    advice: 'Run the deploy again if its lease is lost; turn on persistence, or take a plan that has it.',
    moments: anytime,
    inflict({ world, goOn }) {
      goOn(world.keepingOut(() => world.server.restart(false)).then(() => world.dataLost()))
    },
  },
  {
    group: REDIS,
    name: 'It fails over to a replica that lacks the last 2 s',
    advice: 'Run the deploy again if its lease is lost.',
    moments: anytime,
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
    group: REDIS,
    name: 'It hangs for 20 s',
    advice: 'Nothing.',
    moments: anytime,
    inflict({ world, goOn }) {
      world.server.stop()
      goOn(world.outlive(() => world.server.goOn(), 20_000))
    },
  },
  {
    group: REDIS,
    name: 'It is away for 4 minutes',
    advice: 'Look at Redis (`heroku redis:info`), and run the deploy again if it failed.',
    moments: anytime,
    inflict: ({ world, goOn }) => goOn(world.keepingOut(() => world.time.sleep(240_000))),
  },
  {
    group: REDIS,
    name: "The gate's keys are deleted",
    advice: 'Find out who deletes keys: the gate needs `noeviction` or a `volatile-*` policy.',
    moments: anytime,
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
    group: REDIS,
    name: 'Its clock is set 5 minutes forward',
    advice: 'Run the deploy again if its lease is lost.',
    moments: anytime,
    inflict: ({ world }) => world.step(300_000),
  },
  {
    group: REDIS,
    name: 'Its clock is set 5 minutes back',
    advice: 'Nothing.',
    moments: anytime,
    inflict: ({ world }) => world.step(-300_000),
  },
  {
    group: DEPLOY,
    name: 'A second deploy starts',
    advice:
      'A `concurrency` group in the workflow lets deploys wait for each other. What is read here is the second one.',
    moments: anytime,
    inflict: (scene) => scene.goOn(scene.deploy('deploy-2')),
  },
  {
    group: DEPLOY,
    name: 'The clock refuses to drain',
    advice: "The app's log tells why its drain handler failed.",
    moments: ['accepting'],
    setting: { temper: 'refuses' },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'A job is too long, `on-drain-timeout: fail`',
    advice: 'Raise `drain-timeout` above the longest job, or choose `force`.',
    moments: ['draining'],
    setting: { jobMs: 120_000, drainTimeoutMs: 60_000 },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'A job is too long, `on-drain-timeout: force`',
    advice: 'Nothing: it is aborted and stored.',
    moments: ['draining'],
    setting: { jobMs: 120_000, drainTimeoutMs: 60_000, onDrainTimeout: 'force' },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'A job is too long and does not heed `force`',
    advice: 'Make the drain handler abort and store what runs when its signal aborts.',
    moments: ['draining'],
    setting: { jobMs: 150_000, drainTimeoutMs: 60_000, onDrainTimeout: 'force', temper: 'stubborn' },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'A job is too long, `on-drain-timeout: deploy`',
    advice: 'Choose `force` if the app can store what it runs.',
    moments: ['draining'],
    setting: { jobMs: 150_000, drainTimeoutMs: 60_000, onDrainTimeout: 'deploy', temper: 'stubborn' },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'The build fails',
    advice: 'Push a commit that mends it.',
    moments: ['pushing'],
    setting: { ending: 'build-failed' },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'The release phase fails',
    advice: '`heroku releases:output` tells why.',
    moments: ['verifying'],
    setting: { ending: 'release-failed' },
    inflict: nothing,
  },
  {
    group: DEPLOY,
    name: 'The new clock never comes',
    advice: 'Look at once: `heroku ps`, `heroku logs`, perhaps `heroku rollback`.',
    moments: ['finishing'],
    setting: { ending: 'released, and no dyno restarts' },
    inflict: nothing,
  },
]

function pause(scene: Scene, party: Party | undefined): void {
  if (!party) return
  party.stop()
  scene.disturb(party, LONG_MS, () => party.goOn())
}

function halfOpen(scene: Scene, party: Party | undefined): void {
  if (!party) return
  party.proxy.freeze()
  scene.disturb(party, LONG_MS, () => {
    // What was sent on a link that one side gave up is nobody's.
    party.proxy.drop()
    party.proxy.thaw()
  })
}

function reset(scene: Scene, party: Party | undefined): void {
  if (!party) return
  party.proxy.drop()
  scene.disturb(party, 1_000, nothing)
}
