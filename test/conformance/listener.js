// A small listener with a trial app in it, and one rule that it breaks, named by its argument: what the conformance suite must notice.
// Without an argument it breaks none.
import { createHash, randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Redis } from 'ioredis'

const broken = process.argv[2] ?? ''
const is = (...rules) => rules.includes(broken)

const gate = `deploy-gate:{${process.env.DEPLOY_GATE_NAME}}`
const script = `${readFileSync(new URL('../../clients/beat.lua', import.meta.url), 'utf8')}${is('own script') ? '\n' : ''}`
const sha = createHash('sha1').update(script).digest('hex')
const dyno = process.env.DYNO
const id = `${dyno}#${is('same id') ? 'the-one-and-only' : randomUUID()}`
const redis = new Redis(process.env.REDIS_URL, {
  // A beat that waited for a connection would be stale when it arrives.
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  ...(!is('no timeout') && { commandTimeout: 5_000, socketTimeout: 4_000 }),
  retryStrategy: () => 500,
})
redis.on('error', () => {
  if (is('ends without Redis') && answered) process.exit(1)
  if (is('resumes without Redis') && quiet()) resume()
})

const above = (a, b) => BigInt(a || 0) > BigInt(b || 0)
const quiet = () => state === 'draining' || state === 'drained'
let state = 'booting'
let [answered, leaving, drains] = [false, false, 0]
let [epoch, highest, hold] = ['', '', undefined]
let [lapseAt, quietUntil, newerSeen] = [Number.POSITIVE_INFINITY, undefined, false]
let counts = { finished: 0, stored: 0 }
let [phase, every] = ['', 25_000]
let wake = () => {}
redis.on('ready', () => wake())

// The trial app

const jobs = new Set()
let held = true
async function tick() {
  if (held && !is('schedules while held')) return
  const trial = `${gate}:trial`
  await redis.hincrby(trial, 'ticks', 1)
  const length = await redis.rpop(`${trial}:jobs`)
  if (length === null) return
  await redis.hincrby(trial, 'started', 1)
  const job = { stop: new AbortController() }
  jobs.add(job)
  const end = await sleep(Number(length), 'finished', { signal: job.stop.signal }).catch(() => 'stored')
  jobs.delete(job)
  if (!job.lost) {
    if (end === 'stored') await redis.lpush(`${trial}:jobs`, length)
    await redis.hincrby(trial, end, 1)
    counts[end]++
  }
  if (state === 'draining') acknowledge()
  else wake()
}
setInterval(() => tick().catch(() => {}), 200)

// The listener

function acknowledge() {
  if (jobs.size === 0 || is('drained at once')) state = 'drained'
  wake()
}

function drain() {
  drains++
  held = true
  state = 'draining'
  counts = { finished: 0, stored: 0 }
  acknowledge()
}

function resume() {
  state = 'running'
  if (!is('keeps its epoch')) [epoch, hold] = ['', undefined]
  ;[lapseAt, quietUntil, newerSeen] = [Number.POSITIVE_INFINITY, undefined, false]
  if (is('job lost at the resume')) for (const job of jobs) lose(job)
  held = false
  wake()
}

function lose(job) {
  job.lost = true
  job.stop.abort()
}

function answer([version, , itsEpoch, itsPhase, left, expiry, addressed, force, newer]) {
  const inForce = is('heeds whatever is there')
    ? itsEpoch !== ''
    : (is('heeds any version') && version !== '1') ||
      ((addressed === 1 || (is('heeds what is for others') && itsEpoch !== '')) &&
        left > 0 &&
        (itsPhase === 'draining' || itsPhase === 'pushing'))
  phase = itsPhase
  const bind = () => {
    const again = epoch !== '' && epoch !== itsEpoch
    if (!(is('no renewal') && epoch === itsEpoch)) {
      lapseAt = performance.now() + (left || 60_000)
      hold = is('hold as a duration') ? left : Number(expiry)
    }
    if (again && is('resumes in between')) resume()
    if (again && is('drained at the next deploy')) state = 'drained'
    ;[epoch, highest] = [itsEpoch, itsEpoch]
  }
  if (!quiet()) {
    if (inForce && !above(highest, itsEpoch) && !leaving && !(is('drains once') && drains > 0)) {
      bind()
      if (state === 'booting') [state, drains] = ['drained', 1]
      else drain()
    } else if (state === 'booting') resume()
  } else if (leaving) {
    if (inForce) bind()
  } else if (itsEpoch === '') {
    if (is('lost is over')) resume()
  } else if (!is('heeds a lower epoch') && above(epoch, itsEpoch)) {
    // Older than what holds it.
  } else if (inForce) bind()
  else if (itsPhase === 'aborted') {
    if (!is('deaf to the withdrawal')) resume()
  } else if (itsPhase === 'lapsed') {
    if (!is('never lapses')) resume()
  } else if (itsPhase === 'released') {
    if (is('released is over')) return resume()
    quietUntil ??= performance.now() + 90_000
    newerSeen ||= newer === 1 && !is('blind to the newer')
    if (!is('lapses after the release')) lapseAt = Number.POSITIVE_INFINITY
  }
  if (force === 1 && state === 'draining' && !is('deaf to force')) for (const { stop } of jobs) stop.abort()
}

async function beat() {
  const row = {
    v: '1',
    type: is('wrong type') ? dyno : dyno.split('.')[0],
    dyno,
    state: state === 'exited' && is('no goodbye') ? 'drained' : state,
    ...(epoch !== '' && { epoch, ...(hold !== undefined && { hold }) }),
    running: (quiet() && !is('tells nothing')) || is('counts while running') ? jobs.size : 0,
    ...(state === 'running' || (is('tells nothing') && state === 'draining')
      ? { finished: 0, stored: 0 }
      : counts),
  }
  const call = [
    2,
    `${gate}:intent`,
    `${gate}:roster`,
    id,
    JSON.stringify(row),
    every,
    answered && !is('always first') ? '' : '1',
    `${gate}:reports`,
  ]
  const reply = await redis.evalsha(sha, ...call).catch((error) => {
    if (!error.message.startsWith('NOSCRIPT')) throw error
    return redis.eval(script, ...call)
  })
  answered = true
  answer(reply)
}

function interval() {
  if (is('beats too rarely')) return 60_000
  if (state === 'draining') return is('silent while draining') ? 15_000 : 3_000
  if (quietUntil !== undefined) return 10_000
  return state === 'drained' ? (phase === 'pushing' ? 30_000 : 5_000) : 25_000
}

function expire() {
  if (!quiet() || leaving) return
  const now = performance.now()
  if (now >= lapseAt && !is('no clock of its own', 'never lapses')) resume()
  else if (quietUntil !== undefined && now >= quietUntil && !newerSeen && !is('quiet for good')) resume()
}

process.on('SIGTERM', async () => {
  leaving = true
  if (is('resumes at SIGTERM')) {
    resume()
    await sleep(1_000)
  }
  if (is('schedules on its way out') && drains === 1 && jobs.size === 0) {
    held = false
    await tick()
  }
  if (is('job lost at SIGTERM')) for (const job of jobs) lose(job)
  held = true
  if (!quiet()) drain()
  if (!is('waits for ever at SIGTERM')) setTimeout(() => [...jobs].map(({ stop }) => stop.abort()), 20_000)
  while (state !== 'drained') await sleep(20)
  state = 'exited'
  if (!is('no goodbye')) await beat()
  process.exit(0)
})

if (is('no boot barrier')) resume()
setTimeout(() => {
  if (state === 'booting' && !is('waits for Redis')) resume()
}, 5_000)
const ear = new Redis(process.env.REDIS_URL, { retryStrategy: () => 500 })
ear.on('error', () => {})
ear.on('message', () => wake())
ear.subscribe(`${gate}:doorbell`).catch(() => {})
for (;;) {
  const before = `${state}${epoch}`
  every = Math.min(60_000, interval())
  const reached = await beat().then(
    () => true,
    () => sleep(500, false),
  )
  expire()
  if (!reached || `${state}${epoch}` !== before) continue
  const rung = new Promise((resolve) => {
    wake = resolve
  })
  const promised = is('forgets when it beats next') ? 60_000 : every
  await Promise.race([
    rung,
    sleep(Math.min(interval(), promised, 1_000 + Math.max(0, lapseAt - performance.now()))),
  ])
  wake = () => {}
}
