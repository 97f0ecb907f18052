/** An app in TypeScript, a file of each kind. Not files of this project, whose own compiler would look for the built library. */
export const CONSUMER: Readonly<Record<string, string>> = {
  'imports.mts': `
import {
  type DrainContext, guardBree, guardBullmq, guardJobs, type JobGuard, type JoinOptions, join, type Participation,
} from 'heroku-deploy-gate'

const options: JoinOptions = { redisUrl: 'redis://127.0.0.1', handleSigterm: false }
const drain = async ({ signal, report }: DrainContext) => {
  if (!signal.aborted) report({ running: 1 })
}
export const participation: Promise<Participation> = join({ drain, resume: () => {} }, options)
export const guard: Promise<JobGuard> = guardJobs({ missed: 'skip' })
export const job = async () => (await guard).job((name: string) => name.length)
export const others = [guardBree, guardBullmq]
// @ts-expect-error Types that were not found would take anything.
export const wrong = guardJobs({ missed: 'all' })
`,
  'requires.cts': `
import gate = require('heroku-deploy-gate')

export const guard: Promise<gate.JobGuard> = gate.guardJobs({ missed: 'skip' })
export const options: gate.JoinOptions = { handleSigterm: false }
// @ts-expect-error Types that were not found would take anything.
export const wrong = gate.guardJobs({ missed: 'all' })
`,
}
