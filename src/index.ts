/** The participant's side: what an app's clock or worker uses to take part in its gate. */
export { type Bree, type BreeWorker, guardBree } from './participant/guards/bree.ts'
export { type BullmqWorker, guardBullmq } from './participant/guards/bullmq.ts'
export type { Guard, GuardOptions, Missed } from './participant/guards/guard.ts'
export { guardJobs, type JobGuard, type JobOptions } from './participant/guards/jobs.ts'
export type { DrainContext, Handlers, Progress } from './participant/handlers.ts'
export { join, type Participation } from './participant/join.ts'
export type { JoinOptions } from './participant/options.ts'
