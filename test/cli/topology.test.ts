import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join as joinPath } from 'node:path'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { join } from '../../src/participant/join.ts'
import { gateKeys } from '../../src/protocol/keys.ts'
import { startProgram } from '../integration/support/program.ts'
import { App } from '../participant/support/app.ts'
import { type Cluster, startCluster } from '../support/redis/cluster.ts'
import { CLI, finished } from './support/scene.ts'

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const PASSWORD = 'pa55word'

let cluster: Cluster
let folder: string
let others: number[]
beforeAll(async () => {
  folder = mkdtempSync(joinPath(tmpdir(), 'gate-cli-'))
  cluster = await startCluster({ password: PASSWORD })
  others = await cluster.othersThan(await cluster.ownerOf(gateKeys('default').intent))
})
afterAll(async () => {
  await cluster.stop()
  rmSync(folder, { recursive: true })
})

async function run(url: string, ...args: string[]) {
  const env = { PATH: process.env.PATH ?? '', REDIS_URL: url }
  const result = await finished(startProgram(CLI, folder, env, { args }))
  expect(result.stdout + result.stderr).not.toContain(PASSWORD)
  return result
}

it('drain and status work at a cluster, by way of any node', async () => {
  const [one = 0, other = 0] = others
  const app = new App({ finished: 1 })
  const clock = await join(app, {
    redisUrl: cluster.urlOf(one),
    dyno: 'clock.1',
    handleSigterm: false,
    log: app.log,
  })
  try {
    const drain = await run(cluster.urlOf(other), 'drain', '--', 'sh', '-c', 'echo pushed; exit 3')
    expect(drain).toMatchObject({ code: 3, stdout: 'pushed\n' })
    await app.told('drain', 'resume')
    const { code, stdout } = await run(cluster.url, 'status')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^clock\.1 .* running /m)
  } finally {
    app.release()
    await clock.leave()
  }
})

it('the plain URL of a node that has not the gate ends with the right form, and nothing is run', async () => {
  for (const args of [['status'], ['drain', '--', 'echo', 'pushed']]) {
    const { code, stdout, stderr } = await run(`redis://:${PASSWORD}@127.0.0.1:${others[0]}`, ...args)
    expect(code).toBe(1)
    expect(stdout).toBe('')
    expect(stderr).toMatch(
      /the server is a node of a Redis Cluster, and the gate is on another one\.\n.*redis\+cluster:/,
    )
  }
})

it('a participant with the plain URL of such a node says so once, and goes on', async () => {
  const app = new App()
  const clock = await join(app, {
    redisUrl: `redis://:${PASSWORD}@127.0.0.1:${others[0]}`,
    dyno: 'clock.1',
    handleSigterm: false,
    log: app.log,
  })
  expect(clock.state).toBe('running')
  app.release()
  await clock.leave()
  const told = app.log.matching(/^warning: Redis at/)
  expect(told).toEqual([
    expect.stringMatching(/is of another kind: the server is a node of a Redis Cluster.*redis\+cluster:/),
  ])
  expect(told.join()).not.toContain(PASSWORD)
})
