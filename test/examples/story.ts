import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { gateLines, missing, readShown } from './readme.ts'
import { type Changes, openShop, type Shop } from './shop.ts'

const LIMIT_MS = 240_000
/** Every example's clock is due each second: how long a held one is watched for what it must not do. */
const WATCHED_MS = 2_500
const ACCEPTED = { timeoutMs: 60_000 }

/** What differs from one example to the next. */
export interface Example {
  /** in `examples` */
  readonly folder: string
  /** those by which it exports each second, and what its framework needs */
  readonly configVars: Readonly<Record<string, string>>
  /** of its files, so that it runs without the gate */
  readonly ungated: Changes
}

/** The same story of every example: its own workflow deploys it, and no export is lost. */
export function tellStory({ folder, configVars, ungated }: Example): void {
  // An export ends when the test has the warehouse count, and not by itself.
  const open = (changes?: Changes) => openShop(folder, { ...configVars, EXPORT_SECONDS: '3600' }, changes)

  describe.concurrent(`examples/${folder}`, { timeout: LIMIT_MS }, () => {
    it('is deployed by its own workflow, and every export comes to its end', async () => {
      await using shop = await open()
      await deployFirst(shop)
      const step = await replaceDuringExport(shop)
      const shown = readShown(folder)
      expect(missing(shown.step, step)).toEqual([])
      expect(missing(shown.app, shop.told)).toEqual([])
      await failDuringExport(shop)
      expect(shop.events('sigkill')).toEqual([])
    })

    it('has five lines of the gate', () => {
      expect(gateLines(folder)).toHaveLength(5)
    })

    it('loses its export in a deploy without the gate', async () => {
      await using shop = await open(ungated)
      shop.push()
      await shop.deployUngated()
      shop.app.scale('clock', 1)
      await shop.says('v1', 'started')
      shop.push()
      await shop.deployUngated()
      await shop.sees('dyno-exited')
      await shop.count('41')
      await shop.says('v2', 'finished')
      expect(shop.said('v1')).toEqual(['started'])
      expect(await shop.exports()).toEqual(['by v2: 41'])
    })
  })
}

/** Nothing of it is at Heroku yet, and nobody can be asked. */
async function deployFirst(shop: Shop): Promise<void> {
  shop.push()
  await using run = shop.run({ event: 'workflow_dispatch', inputs: { 'skip-drain': true } })
  const { outputs, code } = await run.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v1', drained: '[]' })
  expect(code).toBe(0)
  shop.app.scale('clock', 1)
  await shop.says('v1', 'started')
}

/** The release v2 comes while v1 exports. @returns the lines of the step's log */
async function replaceDuringExport(shop: Shop): Promise<string[]> {
  shop.push()
  shop.app.nextBuild({ hold: true })
  const from = shop.now
  await using run = shop.run({ event: 'push' })
  await run.waitForLine(/^clock\.1 accepted: 1 job running/, ACCEPTED)
  expect(shop.events('push-received', from)).toEqual([])
  await shop.count('41')
  await shop.says('v1', 'finished')
  await shop.sees('build-started', from)
  await sleep(WATCHED_MS)
  shop.app.releaseBuild()
  const { outputs, code, log } = await run.done
  expect(outputs).toMatchObject({ outcome: 'deployed', release: 'v2', 'jobs-finished': '1' })
  // The action would complete it, and say so.
  expect(log).not.toContain('shallow clone')
  expect(JSON.parse(outputs.drained ?? '')).toMatchObject([{ dyno: 'clock.1', finished: 1 }])
  expect(code).toBe(0)
  await shop.sees('dyno-exited', from)
  expect(shop.said('v1')).toEqual(['started', 'finished'])
  expect(await shop.exports()).toEqual(['by v1: 41'])
  await shop.says('v2', 'started')
  return log.split('\n')
}

/** The build of what would be v3 fails while v2 exports, and v2 goes on. */
async function failDuringExport(shop: Shop): Promise<void> {
  shop.push()
  shop.app.nextBuild({ fail: 'failed to compile the app.' })
  const from = shop.now
  await using run = shop.run({ event: 'push' })
  await run.waitForLine(/^clock\.1 accepted: 1 job running/, ACCEPTED)
  await shop.count('42')
  const { outputs, code } = await run.done
  expect(outputs).toMatchObject({ outcome: 'build-failed', release: '', 'jobs-finished': '1' })
  expect(code).toBe(1)
  const resumed = await shop.says('v2', 'started', from)
  const [failed] = shop.events('build-failed', from)
  expect(resumed.atMs).toBeGreaterThan(failed?.atMs ?? Number.POSITIVE_INFINITY)
  expect(shop.events('sigterm', from)).toEqual([])
  const goneOn = shop.now
  await shop.count('43')
  await shop.says('v2', 'finished', goneOn)
  expect(await shop.exports()).toEqual(['by v1: 41', 'by v2: 42', 'by v2: 43'])
}
