import type { Fault } from '../fault.ts'
import { nothing } from '../link.ts'
import { MOMENTS } from '../moment.ts'

const GROUP = 'The deploy itself'

/** What the deploy itself comes to. */
export const DEPLOY_FAULTS: readonly Fault[] = [
  {
    group: GROUP,
    name: 'A second deploy starts',
    advice:
      'A `concurrency` group in the workflow lets deploys wait for each other. What is read here is the second one.',
    moments: MOMENTS,
    inflict: (scene) => scene.goOn(scene.deploy('deploy-2')),
  },
  {
    group: GROUP,
    name: 'The clock refuses to drain',
    advice: "The app's log tells why its drain handler failed.",
    moments: ['accepting'],
    setting: { temper: 'refuses' },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'A job is too long, `on-drain-timeout: fail`',
    advice: 'Raise `drain-timeout` above the longest job, or choose `force`.',
    moments: ['draining'],
    setting: { jobMs: 120_000, drainTimeoutMs: 60_000 },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'A job is too long, `on-drain-timeout: force`',
    advice: 'Nothing: it is aborted and stored.',
    moments: ['draining'],
    setting: { jobMs: 120_000, drainTimeoutMs: 60_000, onDrainTimeout: 'force' },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'A job is too long and does not heed `force`',
    advice: 'Make the drain handler abort and store what runs when its signal aborts.',
    moments: ['draining'],
    setting: { jobMs: 150_000, drainTimeoutMs: 60_000, onDrainTimeout: 'force', temper: 'stubborn' },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'A job is too long, `on-drain-timeout: deploy`',
    advice: 'Choose `force` if the app can store what it runs.',
    moments: ['draining'],
    setting: { jobMs: 150_000, drainTimeoutMs: 60_000, onDrainTimeout: 'deploy', temper: 'stubborn' },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'The build fails',
    advice: 'Push a commit that mends it.',
    moments: ['pushing'],
    setting: { ending: 'build-failed' },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'The release phase fails',
    advice: '`heroku releases:output` tells why.',
    moments: ['verifying'],
    setting: { ending: 'release-failed' },
    inflict: nothing,
  },
  {
    group: GROUP,
    name: 'The new clock never comes',
    advice: 'Look at once: `heroku ps`, `heroku logs`, perhaps `heroku rollback`.',
    moments: ['finishing'],
    setting: { ending: 'released, and no dyno restarts' },
    inflict: nothing,
  },
]
