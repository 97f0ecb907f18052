import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { complaints } from '../../script/self-test/check.ts'
import { SCENES } from '../../script/self-test/scene.ts'
import { type RedisServer, startRedis } from '../support/redis/redis-server.ts'
import { evaluate } from './support/expressions.ts'
import { read } from './support/files.ts'
import { openJob, type Played } from './support/play.ts'
import { expression } from './support/problem.ts'

const WORKFLOW = read('.github/workflows/self-test.yml')
/** How long the local Heroku may take to end its dynos: one may have a job, and then has 30 s. */
const END_LIMIT_MS = 60_000

describe('the steps of self-test.yml, played on the built Action', { timeout: 120_000 }, () => {
  let folder: string
  let redis: RedisServer
  let world: Played | undefined
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'gate-self-test-'))
    redis = await startRedis()
    world = undefined
  })
  afterEach(async () => {
    const pid = Number(world?.outputs.pid ?? 0)
    if (pid > 0 && lives(pid)) {
      process.kill(pid, 'SIGTERM')
      await expect.poll(() => lives(pid), { timeout: END_LIMIT_MS }).toBe(false)
    }
    await redis.stop()
    rmSync(folder, { recursive: true, force: true })
  }, 2 * END_LIMIT_MS)

  it.each(SCENES)('%s', async (scene) => {
    const services = { redis: { ports: { 6379: String(redis.port) } } }
    const job = openJob(WORKFLOW, 'deploy', { folder, contexts: { matrix: { scene }, job: { services } } })
    world = await job.step('world')
    expect(`${world.outcome}\n${world.log}`).toMatch(/^success\n/)
    const gate = await job.step('gate')
    const checked = await job.step('main.ts check')
    expect(`${checked.outcome}\n${checked.log}`).toMatch(/^success\n/)
    expect(gate.outcome).toBe(scene === 'working' ? 'success' : 'failure')
  })
})

it('every scene is in the matrix, and the step may fail so that its failure can be looked at', () => {
  const { strategy, steps } = parse(WORKFLOW).jobs.deploy
  const { matrix } = strategy
  const scenes = [...matrix.scene, ...matrix.include.map(({ scene }: { scene: string }) => scene)]
  expect(scenes.toSorted()).toEqual([...SCENES].toSorted())
  expect(steps.filter((step: object) => 'continue-on-error' in step)).toMatchObject([{ id: 'gate' }])
})

describe('the check of a self-test', () => {
  const outputs = {
    outcome: 'deployed',
    release: 'v2',
    'jobs-finished': '1',
    drained: '[{"dyno":"clock.1","state":"drained"}]',
  }
  const events = [
    'v1 clock.1: job 1 started',
    'v1 clock.1: draining',
    'v1 clock.1: job 1 finished',
    'push-received',
    'v2 pending',
    'v2 succeeded',
    'v1 clock.1 SIGTERM',
    'v2 clock.1: scheduling',
  ]
  const well = { outcome: 'success', outputs, events }
  const failed = {
    outcome: 'failure',
    outputs: { outcome: 'refused', release: '' },
    events: events.slice(0, 1),
  }

  it('is content with what should be', () => {
    expect(complaints('working', well)).toEqual([])
    expect(complaints('refusing', failed)).toEqual([])
  })

  it.each([
    ['a step that failed', { outcome: 'failure' }, 'the step is "failure" and not "success".'],
    [
      'another outcome',
      { outputs: { ...outputs, outcome: 'up-to-date' } },
      'outcome is "up-to-date" and not "deployed".',
    ],
    [
      'a clock that is not drained',
      { outputs: { ...outputs, drained: '[]' } },
      'drained is "undefined undefined" and not "clock.1 drained".',
    ],
    [
      'a job that is not counted',
      { outputs: { ...outputs, 'jobs-finished': '0' } },
      'jobs-finished is "0" and not "1".',
    ],
    [
      'a push before the job has ended',
      { events: ['push-received', ...events.filter((line) => line !== 'push-received')] },
      '"push-received" is missing, or came too early.',
    ],
    [
      'a job that was killed',
      { events: [...events, 'v1 clock.1 SIGKILL'] },
      '"v1 clock.1 SIGKILL" should not have happened.',
    ],
  ])('complains of %s', (_, over, complaint) => {
    expect(complaints('working', { ...well, ...over })).toEqual([complaint])
  })

  it.each([
    ['a step that succeeded', { outcome: 'success' }, 'the step is "success" and not "failure".'],
    [
      'a failure of another kind',
      { outputs: { outcome: 'push-failed' } },
      'outcome is "push-failed" and not "refused".',
    ],
    ['a push', { events: ['push-received'] }, '"push-received" should not have happened.'],
  ])('complains of %s where the clock refuses', (_, over, complaint) => {
    expect(complaints('refusing', { ...failed, ...over })).toEqual([complaint])
  })
})

it('expressions are read as they are written, and others are refused', () => {
  const contexts = { steps: { a: { outputs: { 'b-c': 'd' } } } }
  expect(
    evaluate(`${expression('steps.a.outputs.b-c')}-${expression("steps['a'].outputs.x")}`, contexts),
  ).toBe('d-')
  expect(evaluate(expression('toJSON(steps.a.outputs)'), contexts)).toBe('{"b-c":"d"}')
  expect(() => evaluate(expression('a && b'), contexts)).toThrow('"a && b" is not evaluated here.')
})

function lives(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
