import { describe, expect, it } from 'vitest'
import { startRedis } from '../support/redis/redis-server.ts'
import { runPython } from './support/python.ts'

const JOIN = 'import os, deploy_gate\np = deploy_gate.join(lambda context: None, lambda: None, **OPTIONS)\n'
const joining = (options: string) => JOIN.replace('OPTIONS', options)

describe('wrong options are refused by name, and show no secret', () => {
  const secret = 'redis://user:pa55word@host:6379'
  it.each([
    ['{}', {}, 'deploy-gate: there is no Redis URL. Set REDIS_URL, or pass redis_url to join().'],
    [
      '{}',
      { REDIS_URL: 'http://pa55word@host' },
      /REDIS_URL begins with none of redis:\/\/, rediss:\/\/, redis\+sentinel:/,
    ],
    ['{"redis_url": "redis://:pa55word@host:port"}', {}, /redis_url can't be used. Expected redis:\/\//],
    ['{}', { REDIS_URL: secret, DEPLOY_GATE_NAME: 'a{b' }, /the gate name "a\{b" can't be used/],
    ['{"certificate_fingerprint": "ab"}', { REDIS_URL: secret }, /certificate_fingerprint is not a SHA-256/],
  ])('%s with %o', (options, env, message) => {
    const { stderr, status, last } = runPython(joining(options), env as Record<string, string>)
    expect(status).toBe(1)
    expect(last?.replace('ValueError: ', '')).toMatch(message)
    expect(stderr).not.toContain('pa55word')
  })

  it.each([
    ['drain', 'deploy_gate.join(None, print)', /drain is None\. Expected a plain function/],
    [
      'resume',
      'async def resume(): pass\ndeploy_gate.join(print, resume)',
      /resume is <function resume at \w+>\. Expected a plain function; .*run_coroutine_threadsafe/,
    ],
  ])('%s that can not be called from a thread', (_, lines, message) => {
    expect(runPython(`import deploy_gate\n${lines}`).last).toMatch(message)
  })

  it('the policy for missed runs', () => {
    expect(runPython('import deploy_gate\ndeploy_gate.guard_apscheduler(None, missed="all")').last).toBe(
      'ValueError: deploy-gate: missed is "all". Expected one or skip.',
    )
  })
})

describe('a scheduler that the guard can not hold is refused', () => {
  it.each([
    ['None', 'None', 'builtins.NoneType'],
    [
      'one that wraps a scheduler',
      'type("APScheduler", (), {"__module__": "flask_apscheduler"})()',
      'flask_apscheduler.APScheduler',
    ],
    [
      'one of gevent',
      'type("GeventScheduler", (BlockingScheduler,), {"__module__": "apscheduler.schedulers.gevent"})()',
      'apscheduler.schedulers.gevent.GeventScheduler',
    ],
    [
      'one of Qt',
      'type("QtScheduler", (BaseScheduler,), {"__module__": "apscheduler.schedulers.qt", "shutdown": 1, "wakeup": 1})()',
      'apscheduler.schedulers.qt.QtScheduler',
    ],
  ])('%s', (_, scheduler, name) => {
    const { last } = runPython(`
import deploy_gate
from apscheduler.schedulers.base import BaseScheduler
from apscheduler.schedulers.blocking import BlockingScheduler
deploy_gate.guard_apscheduler(${scheduler})`)
    expect(last).toMatch(
      `ValueError: deploy-gate: guard_apscheduler() can't guard a ${name}. Expected a BlockingScheduler`,
    )
  })
})

describe('TLS', () => {
  const told = `${joining('OPTIONS')}print(p.state)\np.leave()\nprint(p.state)`
  it('accepts a self-signed certificate, and the pinned one', async () => {
    await using redis = await startRedis({ tls: true, password: 'pa55word' })
    for (const options of ['{}', `{"certificate_fingerprint": "${redis.fingerprint}"}`]) {
      const run = runPython(told.replace('OPTIONS', options), { REDIS_URL: redis.url })
      expect([run.stderr, run.stdout.split('\n').filter((line) => !line.startsWith('['))]).toEqual([
        '',
        ['running', 'exited', ''],
      ])
    }
  })

  it.each([
    [
      'another one than the pinned',
      `{"certificate_fingerprint": "${'ab'.repeat(32)}"}`,
      /not the pinned one/,
    ],
    ['an unsigned one when told to verify', '{"verify_certificate": True}', /certificate verify failed/i],
    [
      'an unsigned one when told to verify, whatever the URL says',
      '{"verify_certificate": True, "redis_url": os.environ["REDIS_URL"] + "?ssl_cert_reqs=none"}',
      /certificate verify failed/i,
    ],
  ])(
    'sends nothing to a server that shows %s',
    async (_, options, why) => {
      await using redis = await startRedis({ tls: true, password: 'pa55word' })
      const { stdout } = runPython(told.replace('OPTIONS', options), { REDIS_URL: redis.url })
      expect(stdout).toMatch(why)
      expect(stdout).toMatch(/starting without the gate/)
      expect(stdout).not.toContain('pa55word')
    },
    30_000,
  )
})
