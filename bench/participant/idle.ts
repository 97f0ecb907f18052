/**
 * One process for each: `node --expose-gc idle.ts bare|participant`, with REDIS_URL. Connects, with a bare client or as a participant, and
 * prints one line of JSON when it has settled: the heap in use, and how many timers keep the process alive. Ends when its input ends.
 */
import { Redis } from 'ioredis'

const [kind] = process.argv.slice(2)
const url = process.env.REDIS_URL ?? ''
// As it is installed: built.
const { join }: typeof import('../../src/index.ts') = await import(
  new URL('../../lib/index.js', import.meta.url).href
)
const quietLog = { info() {}, warning: console.error }
if (kind === 'participant')
  await join({ drain: () => ({}), resume() {} }, { redisUrl: url, dyno: 'clock.1', log: quietLog })
else await new Redis(url).ping()
// A heap that is collected until nothing more is freed.
let heap = Number.POSITIVE_INFINITY
for (;;) {
  await new Promise(setImmediate)
  globalThis.gc?.()
  const now = process.memoryUsage().heapUsed
  if (now >= heap) break
  heap = now
}
const timers = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
console.log(JSON.stringify({ heap, timers }))
process.stdin.on('end', () => process.exit()).resume()
