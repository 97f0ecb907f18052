import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'node:tls'
import { afterAll, describe, expect, it, vi } from 'vitest'
import { Deployer } from '../participant/support/deployer.ts'
import { makeCertificate } from '../support/redis/certificate.ts'
import { startRedis } from '../support/redis/redis-server.ts'

const clients = join(import.meta.dirname, '../../clients')
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-ruby-'))
afterAll(() => rmSync(folder, { recursive: true }))
/** A listener that can't hear the doorbell beats each 10 s. */
const SOON = { timeout: 30_000, interval: 50 }
vi.setConfig({ testTimeout: 90_000 })

/** Resolves with the row of clock.1 once it is like that. */
function sees(deployer: Deployer, like: object) {
  return vi.waitFor(async () => {
    const row = await deployer.row()
    expect(row).toMatchObject(like)
    return row
  }, SOON)
}

/** Starts Ruby with these arguments; ended with the scope. */
function start(args: readonly string[], env: Record<string, string | undefined> = {}) {
  const child = spawn('/usr/bin/ruby', ['-w', ...args], {
    cwd: folder,
    env: { PATH: process.env.PATH, RUBYLIB: join(clients, 'ruby'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const said = { stdout: '', stderr: '' }
  child.stdout.on('data', (text) => {
    said.stdout += text
  })
  child.stderr.on('data', (text) => {
    said.stderr += text
  })
  const ended = new Promise<NodeJS.Signals | number | null>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code)),
  )
  return {
    said,
    ended,
    kill: (signal: NodeJS.Signals) => void child.kill(signal),
    says: (line: RegExp) => vi.waitFor(() => expect(said.stdout).toMatch(line), SOON),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await ended
    },
  }
}

/** Runs a few lines to their end. Debian's gems warn, so what `-w` says is looked at for this client's file alone. */
async function ruby(lines: string, env: Record<string, string | undefined> = {}) {
  await using child = start(['-rdeploy_gate', '-e', lines], env)
  const status = await child.ended
  expect(child.said.stderr).not.toMatch(/deploy_gate\.rb:\d+: warning/)
  return { status, ...child.said }
}

/** A Redis, and the deployer's side of its gate; ended with the scope. */
async function openGate() {
  const redis = await startRedis()
  const deployer = new Deployer(redis.url)
  const env = { REDIS_URL: redis.url, DYNO: 'clock.1' }
  return {
    redis,
    deployer,
    env,
    /** Starts a process that does these lines and lives on. */
    start: (lines: string) =>
      start(['-rdeploy_gate', '-e', `$stdout.sync = true\n${lines}\nputs p.state\nsleep`], env),
    sees: (like: object) => sees(deployer, like),
    async [Symbol.asyncDispose]() {
      deployer.redis.disconnect()
      await redis.stop()
    },
  }
}

const JOIN = 'p = DeployGate.join(drain: ->(_) {}, resume: -> {}, OPTIONS)\n'
const joining = (options: string) => JOIN.replace(', OPTIONS', options && `, ${options}`)

it('carries the beat script under its SHA-1', async () => {
  const wanted = execFileSync('sha1sum', [join(clients, 'beat.lua')], { encoding: 'utf8' }).split(' ')[0]
  const { stdout } = await ruby('print DeployGate.const_get(:BEAT_SHA)')
  expect(stdout).toBe(wanted)
})

describe('wrong options are refused by name, and show no secret', () => {
  const secret = 'redis://user:pa55word@host:6379'
  it.each([
    ['', {}, 'deploy-gate: there is no Redis URL. Set REDIS_URL, or pass redis_url to join().'],
    [
      '',
      { REDIS_URL: 'http://pa55word@host' },
      /REDIS_URL begins with none of redis:\/\/, rediss:\/\/, redis\+sentinel:/,
    ],
    ['redis_url: "redis://:pa55word@host:port"', {}, /redis_url can't be used. Expected redis:\/\//],
    ['redis_url: "rediss://:pa55word#@host"', {}, /redis_url can't be used. Expected redis:\/\//],
    ['', { REDIS_URL: secret, DEPLOY_GATE_NAME: 'a{b' }, /the gate name "a\{b" can't be used/],
    ['certificate_fingerprint: "ab"', { REDIS_URL: secret }, /certificate_fingerprint is not a SHA-256/],
    ['log: 1', { REDIS_URL: secret }, /log can't be called. Expected a lambda or a method/],
  ])('%s with %o', async (options, env, message) => {
    const { stderr, status } = await ruby(joining(options), env as Record<string, string>)
    expect(status).toBe(1)
    expect(stderr).toMatch(/\(ArgumentError\)/)
    expect(stderr).toMatch(message)
    expect(stderr).not.toContain('pa55word')
  })

  it.each([
    ['missed: "all"', 'deploy-gate: missed is "all". Expected :one or :skip.'],
    ['drain: 1', 'deploy-gate: guard_clockwork has no option drain. Its options are missed, redis_url, '],
  ])('guard_clockwork with %s', async (options, message) => {
    const { stderr, status } = await ruby(`DeployGate.guard_clockwork(${options})`)
    expect(status).toBe(1)
    expect(stderr).toContain(message)
  })
})

describe('guard_clockwork', () => {
  it('refuses a second guard while the first one has a clock to guard', async () => {
    await using redis = await startRedis()
    const { stderr } = await ruby('DeployGate.guard_clockwork.join\nDeployGate.guard_clockwork', {
      REDIS_URL: redis.url,
    })
    expect(stderr).toContain(
      'deploy-gate: guard_clockwork is called while a guarded clock runs in this process.',
    )
  })

  it('refuses a clockwork that it does not know', async () => {
    const { stderr } = await ruby(
      'require "clockwork"\nClockwork::Event.remove_method(:execute)\nDeployGate.guard_clockwork',
    )
    expect(stderr).toContain("deploy-gate: clockwork's Event has no execute, so it can't be guarded.")
  })
})

describe.concurrent('TLS', () => {
  const told = (options: string) => `${joining(options)}puts p.state\np.leave\nputs p.state`
  it.each([
    ['a self-signed certificate', () => '', false],
    ['the pinned one', (pin: string) => `certificate_fingerprint: "${pin}"`, false],
    ['a trusted one when told to verify', () => 'verify_certificate: true', true],
    [
      'a trusted one that is the pinned one',
      (pin: string) => `verify_certificate: true, certificate_fingerprint: "${pin.toUpperCase()}"`,
      true,
    ],
  ])('accepts %s', async (_, options, trusted) => {
    await using redis = await startRedis({ tls: true, password: 'pa55word' })
    const { stdout } = await ruby(told(options(redis.fingerprint)), {
      REDIS_URL: redis.url,
      ...(trusted && { SSL_CERT_FILE: redis.certificateFile }),
    })
    expect(stdout).not.toMatch(/can't be reached/)
    expect(stdout.split('\n').filter((line) => !line.startsWith('['))).toEqual(['running', 'exited', ''])
  })

  it.each([
    [
      'another one than the pinned',
      () => `certificate_fingerprint: "${'ab'.repeat(32)}"`,
      /fingerprint [0-9a-f]{64}, which is not the pinned one/,
    ],
    ['an unsigned one when told to verify', () => 'verify_certificate: true', /certificate verify failed/],
    [
      'the pinned one, but unsigned, when told to verify',
      (pin: string) => `verify_certificate: true, certificate_fingerprint: "${pin}"`,
      /certificate verify failed/,
    ],
  ])('sends no byte to a server that shows %s', async (_, options, why) => {
    const { certificateFile, keyFile, fingerprint } = makeCertificate(folder)
    let [met, heard] = [0, '']
    const server = createServer({ cert: readFileSync(certificateFile), key: readFileSync(keyFile) })
    server.on('connection', () => met++)
    server.on('tlsClientError', () => {})
    server.on('secureConnection', (socket) => {
      socket.on('error', () => {})
      socket.on('data', (data) => {
        heard += data
      })
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { stdout } = await ruby(told(options(fingerprint)), {
      REDIS_URL: `rediss://:pa55word@127.0.0.1:${port}`,
    })
    server.close()
    expect(stdout).toMatch(why)
    expect(stdout).toMatch(/starting without the gate/)
    expect(stdout).not.toContain('pa55word')
    expect(met).toBeGreaterThan(0)
    expect(heard).toBe('')
  })
})

describe.concurrent('a drain handler that fails', () => {
  it('refuses the drain for its epoch, with its message as the note, and the app goes on', async () => {
    await using gate = await openGate()
    // A message that is not UTF-8 could not be written as JSON.
    await using app = gate.start(
      `p = DeployGate.join(drain: ->(_) { raise "can't store\\n caf\\xE9" }, resume: -> { puts "resumed" })`,
    )
    await gate.sees({ state: 'running' })
    const owner = await gate.deployer.acquire()
    await gate.sees({ state: 'failed', epoch: owner.epoch, note: "can't store caf?" })
    await app.says(/so this deploy is refused: can't store caf\?\n(.*\n)*resumed/)
    await gate.deployer.finish(owner, 'aborted')
    await gate.sees({ state: 'running' })
    const next = await gate.deployer.acquire()
    await gate.sees({ state: 'failed', epoch: next.epoch })
  })
})

describe.concurrent('a held process', () => {
  it('beats when it said that it would, also as the interval grows with the commit', async () => {
    await using gate = await openGate()
    await using _app = gate.start(joining(''))
    await gate.sees({ state: 'running' })
    const owner = await gate.deployer.acquire()
    await gate.sees({ state: 'drained' })
    await gate.deployer.commit(owner)
    const rows: { seen: number; until: number }[] = []
    await vi.waitFor(async () => {
      const { seen = 0, until = 0 } = (await gate.deployer.row()) ?? {}
      if (rows.at(-1)?.seen !== seen) rows.push({ seen, until })
      // A third of the push lease, three times.
      expect(until - seen).toBeGreaterThan(100_000)
    }, SOON)
    expect(rows.filter(({ seen }, at) => seen > (rows[at - 1]?.until ?? seen))).toEqual([])
  })

  it('has one connection', async () => {
    await using gate = await openGate()
    await using _app = gate.start(joining(''))
    await gate.sees({ state: 'running' })
    await gate.deployer.acquire()
    await gate.sees({ state: 'drained' })
    const list = String(await gate.deployer.redis.client('LIST'))
      .trim()
      .split('\n')
    expect(list.filter((line) => !line.includes('name=deployer'))).toHaveLength(1)
  })
})

describe.concurrent('a forked process', () => {
  it('takes no part: it has no row, leaves at once, and dies of its own SIGTERM alone', async () => {
    await using gate = await openGate()
    const { stdout, stderr } = await ruby(
      `$stdout.sync = true
      ${joining('')}
      ready, tell = IO.pipe
      child = fork { tell.puts; sleep }
      ready.gets
      Process.kill("TERM", child)
      Process.wait(child)
      puts "child: #{$?.termsig}"
      Process.wait(fork { p.leave; exit!(7) })
      puts "leave: #{$?.exitstatus}", p.state`,
      gate.env,
    )
    expect([stdout, stderr]).toEqual(['child: 15\nleave: 7\nrunning\n', ''])
    expect(await gate.deployer.rows()).toMatchObject([{ state: 'running' }])
  })
})

describe.concurrent('a Redis that goes away', () => {
  it('leaves a running process alone, and is joined again when it is back', async () => {
    await using gate = await openGate()
    await using app = gate.start(joining(''))
    const { id } = (await gate.sees({ state: 'running' })) ?? {}
    await gate.redis.restart({ keepData: false })
    await gate.sees({ state: 'running', id })
    await app.says(/^running\n/)
  })

  it('that hangs at boot does not keep the app from starting, and is joined when it goes on', async () => {
    await using gate = await openGate()
    gate.redis.pause()
    await using app = gate.start(joining(''))
    await app.says(/starting without the gate.*\nrunning\n/)
    await app.says(/Redis can't be reached/)
    gate.redis.resume()
    await gate.sees({ state: 'running' })
    await app.says(/Redis is reachable again/)
  })
})

describe.concurrent('a log that fails', () => {
  it('is told of once, and does not end the beats', async () => {
    await using gate = await openGate()
    await using app = gate.start(joining('log: ->(_) { raise IOError, "closed" }'))
    await gate.sees({ state: 'running' })
    await gate.deployer.acquire({ leaseMs: 12_000 })
    await gate.sees({ state: 'drained' })
    await gate.sees({ state: 'running' })
    expect(app.said.stderr.match(/the log failed \(closed\)/g)).toHaveLength(1)
  })
})

/** A guarded clock whose ticks a test gives by hand, with a Redis that is never asked. */
const CLOCK = `
require "clockwork"
guard = DeployGate.guard_clockwork(OPTIONS)
Clockwork.configure { |config| config[:logger].level = Logger::UNKNOWN; config[:tz] = "UTC" }
hold = -> { DeployGate::DrainContext.new {}.tap { |context| guard.drain(context) } }
tick = lambda do |clock|
  Clockwork.manager.tick(Time.utc(2026, 1, 5, *clock.split(":").map(&:to_i)))
end
ran = []
record = ->(job, time) { ran << [job, time.strftime("%H:%M:%S")].join(" ") }
`
const ticking = (lines: string, options = '') => ruby(CLOCK.replace('OPTIONS', options) + lines)

describe('runs that were due while held', () => {
  const day = `
  Clockwork.handler(&record)
  Clockwork.every(1.hour, "hourly")
  Clockwork.every(1.day, "daily", at: "11:00")
  Clockwork.every(1.day, "afternoon", at: "15:00")
  tick["10:30:00"]
  hold[]
  %w[10:59:59 11:00:00 11:00:01 11:30:00 11:30:01 12:30:02].each(&tick)
  ran << "resumed"
  guard.resume
  %w[12:40:00 12:40:01 13:30:01 13:30:02 15:00:00].each(&tick)
  puts ran`
  it.each([
    // At 13:30:02 it is an hour since the run that was missed at 12:30:02: the schedule does not know of the hold.
    ['one', ['daily 11:00:00', 'hourly 12:30:02']],
    ['skip', []],
  ])('with missed: :%s', async (missed, late) => {
    const { stdout, stderr } = await ticking(day, `missed: :${missed}`)
    const usual = ['hourly 13:30:02', 'hourly 15:00:00', 'afternoon 15:00:00']
    expect([stdout.trim().split('\n'), stderr]).toEqual([
      ['hourly 10:30:00', 'resumed', ...late, ...usual],
      '',
    ])
  })

  it('and are due again as the hold ends are one run', async () => {
    const { stdout } = await ticking(`
      Clockwork.every(1.hour, "hourly", &record)
      tick["10:30:00"]
      hold[]
      tick["11:30:00"]
      guard.resume
      %w[12:30:00 12:30:01].each(&tick)
      puts ran`)
    expect(stdout).toBe('hourly 10:30:00\nhourly 12:30:00\n')
  })

  it('and are held again before their turn came are not lost', async () => {
    const { stdout } = await ticking(`
      Clockwork.every(1.day, "daily", at: "11:00", &record)
      hold[]
      tick["11:00:00"]
      guard.resume
      hold[]
      tick["11:20:00"]
      guard.resume
      %w[11:30:00 11:30:01].each(&tick)
      puts ran`)
    expect(stdout).toBe('daily 11:00:00\n')
  })

  it('and are held again as their turn comes keep the time that they are for', async () => {
    const { stdout } = await ticking(`
      again = true
      Clockwork.on(:before_run) { hold[] if again; true }
      Clockwork.every(1.day, "daily", at: "11:00", &record)
      hold[]
      tick["11:00:00"]
      guard.resume
      tick["11:20:00"]
      again = false
      guard.resume
      tick["11:30:00"]
      puts ran`)
    expect(stdout).toBe('daily 11:00:00\n')
  })

  it('of an event that left the schedule meanwhile, or that before_run refuses, are not made up for', async () => {
    const { stdout } = await ticking(`
      require "clockwork/database_events"
      Clockwork.manager = Clockwork::DatabaseEvents::Manager.new
      Clockwork.configure { |config| config[:logger].level = Logger::UNKNOWN }
      wanted = true
      Clockwork.on(:before_run) { |event, _| event.job != "refused" || wanted }
      gone = Clockwork.every(1.hour, "gone", &record)
      Clockwork.every(1.hour, "refused", &record)
      Clockwork.every(1.hour, "kept", &record)
      gone = Clockwork.manager.instance_variable_get(:@events).first
      hold[]
      tick["10:00:00"]
      Clockwork.manager.unregister(gone)
      guard.resume
      wanted = false
      tick["10:10:00"]
      wanted = true
      tick["10:10:01"]
      puts ran`)
    expect(stdout).toBe('kept 10:00:00\n')
  })

  it('fire no callback that tells of a run', async () => {
    const { stdout } = await ticking(`
      told = []
      %i[before_tick before_run after_run after_tick].each { |name| Clockwork.on(name) { told << name } }
      Clockwork.every(1.hour, "hourly", &record)
      hold[]
      tick["10:00:00"]
      puts told.join(" ")
      told.clear
      guard.resume
      tick["10:00:01"]
      puts told.join(" ")`)
    expect(stdout).toBe('before_tick after_tick\nbefore_tick before_run after_run after_tick\n')
  })

  it('fire none either when the hold begins between before_run and the run', async () => {
    const { stdout } = await ticking(`
      told = []
      Clockwork.on(:before_run) { hold[] }
      Clockwork.on(:after_run) { told << :after_run }
      Clockwork.every(1.hour, "hourly", &record)
      tick["10:00:00"]
      puts told.size, ran.size`)
    expect(stdout).toBe('0\n0\n')
  })
})

describe('the runs that count as running', () => {
  it('are those with a thread and those without, by name, each until it is over however it ends', async () => {
    const { stdout, stderr } = await ticking(`
      Thread.report_on_exception = false
      go = Queue.new
      Clockwork.every(1.hour, "threaded", thread: true) { go.pop }
      Clockwork.every(1.hour, "failing", thread: true) { go.pop; raise "no" }
      Clockwork.every(1.hour, "fatal", thread: true) { go.pop; raise NoMemoryError }
      Clockwork.every(1.hour, "inline") { go.pop; raise "no" }
      ticker = Thread.new { tick["10:00:00"] }
      Thread.pass until guard.running == 4
      rows = []
      context = DeployGate::DrainContext.new { rows << context.row }
      held = Thread.new { guard.drain(context) }
      Thread.pass while rows.empty?
      puts JSON.generate(rows.first)
      4.times do |count|
        go << 1
        Thread.pass until rows.last[:running] == 3 - count || !held.alive?
      end
      ticker.join
      puts JSON.generate(held.value), guard.running`)
    expect(stderr).toBe('')
    expect(stdout.split('\n')).toEqual([
      '{"running":4,"finished":0,"stored":0,"note":"failing, fatal, inline, threaded"}',
      '{"running":0,"finished":4,"stored":0}',
      '0',
      '',
    ])
  })

  it('are not those that clockwork has no thread for', async () => {
    const { stdout } = await ticking(`
      go = Queue.new
      Clockwork.manager.config[:max_threads] = 1
      2.times { |number| Clockwork.every(1.hour, "number #{number}", thread: true) { go.pop } }
      tick["10:00:00"]
      puts guard.running
      go << 1
      Thread.pass until guard.running.zero?
      puts "over"`)
    expect(stdout).toBe('1\nover\n')
  })

  it('put themselves away when they are told to', async () => {
    const { stdout } = await ticking(`
      Clockwork.every(1.hour, "patient", thread: true) do
        Thread.pass until guard.stopping?
        guard.stored
      end
      tick["10:00:00"]
      context = DeployGate::DrainContext.new {}
      held = Thread.new { guard.drain(context) }
      context.force
      puts JSON.generate(held.value)
      guard.resume
      puts guard.stopping?`)
    expect(stdout).toBe('{"running":0,"finished":0,"stored":1}\nfalse\n')
  })
})

describe('a flood of events that are due as the drain begins', () => {
  it('starts none after the drain has returned, nor leaves one running', async () => {
    const { stdout, stderr } = await ticking(`
      Clockwork.manager.config[:max_threads] = 1_000
      drained = false
      late = active = begun = 0
      lock = Mutex.new
      job = lambda do |_, _|
        lock.synchronize { begun += 1; late += 1 if drained; active += 1 }
        sleep 0.001
        lock.synchronize { late += 1 if drained; active -= 1 }
      end
      60.times { |number| Clockwork.every(1.second, "job #{number}", thread: number % 20 != 0, &job) }
      # Lets other threads run between clockwork's decision to start a run and its start.
      Clockwork.on(:before_run) { sleep 0.0001 }
      now = Time.now
      over = false
      ticker = Thread.new { (Clockwork.manager.tick(now += 1); sleep 0.0005) until over }
      caught = 0
      100.times do |turn|
        sleep 0.005 + turn * 0.0001
        caught += 1 unless guard.running.zero?
        hold[]
        lock.synchronize { drained = true; late += active }
        sleep 0.005
        late += guard.running
        lock.synchronize { drained = false }
        guard.resume
      end
      over = true
      ticker.join
      puts "late #{late}", caught > 50`)
    expect([stdout, stderr]).toEqual(['late 0\ntrue\n', ''])
  })
})

describe('a withdrawal that overtakes the drain', () => {
  it('leaves the clock running', async () => {
    const { stdout } = await ticking(`
      Clockwork.every(1.hour, "hourly", &record)
      context = DeployGate::DrainContext.new {}
      context.withdraw
      guard.resume
      p guard.drain(context)
      tick["10:00:00"]
      puts ran`)
    expect(stdout).toBe('nil\nhourly 10:00:00\n')
  })
})

describe.concurrent('a clock with jobs of both kinds', () => {
  const clock = (end: string) => `
    require "clockwork"
    require "deploy_gate"
    module Clockwork
      %w[threaded inline].each do |name|
        every(1.hour, name, thread: name == "threaded") do
          puts "#{name} started"
          sleep 3
          puts "#{name} finished"
        end
      end
    end
    ${end}`
  it.each([
    ['the executable clockwork', ['/usr/bin/clockwork'], 'clock.rb', 'DeployGate.guard_clockwork'],
    ['Clockwork.run', [], 'run.rb', '$stdout.sync = true\nDeployGate.guard_clockwork\nClockwork.run'],
  ])(
    'started by %s finishes them at SIGTERM, says goodbye, and dies of the signal',
    async (_, program, file, end) => {
      await using gate = await openGate()
      writeFileSync(join(folder, file), clock(end))
      await using app = start([...program, file], gate.env)
      await app.says(/inline started/)
      await app.says(/threaded started/)
      app.kill('SIGTERM')
      expect(await app.ended).toBe('SIGTERM')
      expect(app.said.stdout.match(/^\w+ finished$/gm)?.sort()).toEqual([
        'inline finished',
        'threaded finished',
      ])
      expect(await gate.deployer.row()).toMatchObject({ state: 'exited', finished: 2, running: 0 })
    },
  )

  it('tells them after 20 s of SIGTERM to put themselves away', async () => {
    await using gate = await openGate()
    writeFileSync(
      join(folder, 'patient.rb'),
      `require "deploy_gate"
      GUARD = DeployGate.guard_clockwork
      module Clockwork
        every(1.hour, "patient", thread: true) do
          puts "started"
          sleep 0.05 until GUARD.stopping?
          GUARD.stored
        end
      end`,
    )
    await using app = start(['/usr/bin/clockwork', 'patient.rb'], gate.env)
    await app.says(/^started/m)
    app.kill('SIGTERM')
    expect(await app.ended).toBe('SIGTERM')
    expect(await gate.deployer.row()).toMatchObject({ state: 'exited', stored: 1, finished: 0 })
  })

  it('is left to clockwork with handle_sigterm: false', async () => {
    await using gate = await openGate()
    writeFileSync(join(folder, 'own.rb'), clock('DeployGate.guard_clockwork(handle_sigterm: false)'))
    await using app = start(['/usr/bin/clockwork', 'own.rb'], gate.env)
    await app.says(/inline started/)
    app.kill('SIGTERM')
    expect(await app.ended).toBe(0)
  })
})
