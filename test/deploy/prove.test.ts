import { describe, expect, it } from 'vitest'
import { prove } from '../../src/deploy/prove.ts'
import { DeployError } from '../../src/outcome.ts'
import { quietAlready, type ScriptedDeploy, scriptedDeploy } from './support/scripted-deploy.ts'

const HEALTH = { url: '/healthz', statuses: [[200, 200]] as const, timeoutMs: 20_000, intervalMs: 10 }
const CRASH = new DeployError('dynos-not-up', 'clock.1 crashes.', 'Look.')
const UNSEEN = new DeployError('clock-not-seen', 'No clock joined.', 'Look.')

function proving(
  { plan, around, story, target, cancel }: ScriptedDeploy,
  quiet = quietAlready(),
): Promise<void> {
  return prove(plan, around, story, cancel.signal, target, { quiet, release: 'v43' })
}
const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
  )
const spans = ({ story }: ScriptedDeploy) =>
  story.ended('deployed', 'Done.').spans.map(({ name, section, failed }) => [name, section, failed])

describe('a release is proved', () => {
  it('by its dynos, its clock and an answer, in this order', async () => {
    const deploy = scriptedDeploy({ plan: { healthCheck: HEALTH } })
    const asked: string[] = []
    const around = {
      ...deploy.around,
      async fetch(url: Parameters<typeof fetch>[0]) {
        asked.push(`${url}`)
        expect(deploy.calls).toEqual(['dynosUp v43'])
        return new Response('ok')
      },
    }
    await proving(
      { ...deploy, around },
      quietAlready(async () => ['clock.1', 'clock.2']),
    )
    expect(asked).toEqual(['https://shop.example.com/healthz'])
    expect(deploy.log.lines).toEqual([
      'clock.1, clock.2 of the new release are scheduling',
      'https://shop.example.com/healthz answers well',
    ])
    expect(deploy.groups).toEqual(['New release', 'Health check'])
    expect(spans(deploy)).toEqual(
      expect.arrayContaining([
        ['new dynos', 'heroku', false],
        ['new clock', 'gate', false],
        ['health check', 'heroku', false],
      ]),
    )
  })

  it('by nothing that was not asked for', async () => {
    const deploy = scriptedDeploy({ plan: { waitForDynosMs: 0, waitForClockMs: 0 } })
    await proving(
      deploy,
      quietAlready(() => Promise.reject(UNSEEN)),
    )
    expect(deploy.calls).toEqual([])
    expect(deploy.groups).toEqual([])
    expect(spans(deploy)).toEqual([])
  })

  it.each([
    ['waitForDynosMs', 'new clock'],
    ['waitForClockMs', 'new dynos'],
  ] as const)('without %s by the other alone', async (left, name) => {
    const deploy = scriptedDeploy({ plan: { [left]: 0 } })
    await proving(
      deploy,
      quietAlready(async () => ['clock.1']),
    )
    expect(spans(deploy).map(([shown]) => shown)).toEqual([name])
  })

  it('says nothing of a clock that nobody could see', async () => {
    const deploy = scriptedDeploy()
    await proving(deploy)
    expect(deploy.log.lines).toEqual([])
  })
})

describe('a release that is not proved', () => {
  it.each([
    ['its dynos crash while its clock is waited for', 'dynos', CRASH, 'new dynos', 'heroku'],
    ['its clock is not seen while its dynos are waited for', 'clock', UNSEEN, 'new clock', 'gate'],
  ] as const)(
    'because %s fails by that at once, and stops the other',
    async (_name, which, failure, span, section) => {
      const stopped: unknown[] = []
      const fails = () => Promise.reject(failure)
      const waits = (signal: AbortSignal) => until(signal).finally(() => stopped.push(signal.reason))
      const deploy = scriptedDeploy({
        plan: { healthCheck: HEALTH },
        heroku: { dynosUp: (_release, _waitMs, signal) => (which === 'dynos' ? fails() : waits(signal)) },
      })
      await expect(proving(deploy, quietAlready(which === 'clock' ? fails : waits))).rejects.toBe(failure)
      expect(stopped).toEqual([failure])
      expect(spans(deploy)).toContainEqual([span, section, true])
      expect(deploy.groups).toEqual(['New release'])
    },
  )

  it('because it does not answer well fails by that', async () => {
    const deploy = scriptedDeploy({ plan: { healthCheck: { ...HEALTH, timeoutMs: 1 } } })
    await expect(proving(deploy)).rejects.toMatchObject({ outcome: 'health-check-failed' })
    expect(spans(deploy)).toContainEqual(['health check', 'heroku', true])
  })

  it('because the deploy is stopped rejects with the reason', async () => {
    const deploy = scriptedDeploy({ heroku: { dynosUp: (_release, _waitMs, signal) => until(signal) } })
    const reason = new DeployError('cancelled', 'The job was cancelled.', 'Run it again.')
    const proved = proving(deploy, quietAlready(until))
    deploy.cancel.abort(reason)
    await expect(proved).rejects.toBe(reason)
  })
})
