// An app that takes part and has one job, which ends at SIGUSR2. Built and started by sigterm.test.ts.
import { join } from '../../../src/index.ts'

const job = Promise.withResolvers<void>()
process.once('SIGUSR2', () => job.resolve())
const alive = setInterval(() => {}, 60_000)

const participation = await join(
  {
    async drain({ signal, report }) {
      console.log('draining')
      signal.addEventListener('abort', () => console.log('forced'))
      report({ running: 1 })
      await job.promise
      console.log('job finished')
      return { finished: 1 }
    },
    resume: () => console.log('resuming'),
  },
  { handleSigterm: process.env.MODE !== 'by-hand' },
)

if (process.env.MODE === 'own-handler') {
  process.on('SIGTERM', async () => {
    await participation.leave()
    process.exitCode = 3
    clearInterval(alive)
  })
}
if (process.env.MODE === 'by-hand') {
  process.on('SIGTERM', async () => {
    await participation.leave()
    clearInterval(alive)
  })
}
console.log('scheduling')
