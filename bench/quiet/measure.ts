import { join } from 'node:path'
import { openDeployment } from '../../test/integration/support/deployment.ts'
import type { HerokuEvent } from '../../test/support/heroku/events.ts'
import type { LocalHeroku } from '../../test/support/heroku/local-heroku.ts'
import type { Way } from './ways.ts'

const SOURCE = join(import.meta.dirname, 'clock')

/** What a way came to, in seconds. */
export interface Quiet {
  /** from the old clock's last tick to the new one's first */
  readonly seconds: number
  /** what the Action itself says of it; absent where it asked nobody */
  readonly saysSeconds?: number
  /** where they go; those that are over before the clock is quiet are none of them */
  readonly parts: Readonly<Record<string, number>>
}

/** Deploys an app of its own once, and says for how long no clock of it was at work. */
export async function measure(
  heroku: LocalHeroku,
  { redisUrl, folder }: { readonly redisUrl: string; readonly folder: string },
  way: Way,
  buildSeconds: number,
): Promise<Quiet> {
  const name = `${way.name.replaceAll(' ', '-')}-${buildSeconds}`
  const configVars = { REDIS_URL: redisUrl, DEPLOY_GATE_NAME: name, ...way.configVars }
  const shop = await openDeployment(heroku, { name, source: SOURCE, parent: folder, configVars })
  await shop.says('v1', /^tick/)
  const before = { heroku, shop, name, checkout: join(folder, name), buildMs: buildSeconds * 1_000 }
  await using step = shop.step({ 'gate-name': name, ...(await way.prepare(before)) })
  const { outputs, log } = await step.done
  if (outputs.outcome !== 'deployed') throw new Error(`${name} was not deployed:\n${log}`)
  const release = outputs.release ?? ''
  const first = await shop.says(release, /^tick/)
  const ours = heroku.log.events.filter((event) => event.app === name && event.atMs <= first.atMs)
  const last = ours.findLast(
    (event) => event.release !== release && event.kind === 'dyno-line' && event.text === 'tick',
  )
  if (!last) throw new Error(`the old clock of ${name} never worked`)
  return {
    seconds: rounded(first.atMs - last.atMs),
    ...(outputs['quiet-seconds'] && { saysSeconds: Number(outputs['quiet-seconds']) }),
    parts: partsOf(ours, last.atMs, first.atMs),
  }
}

/** From one moment of a deploy to the next, as far as the clock is quiet meanwhile. */
function partsOf(events: readonly HerokuEvent[], fromMs: number, toMs: number): Record<string, number> {
  const at = (kind: HerokuEvent['kind']) => events.findLast((event) => event.kind === kind)?.atMs
  const released = events.findLast(({ kind, status }) => kind === 'release' && status === 'succeeded')?.atMs
  const [began, built] = [at('build-started'), at('build-done')]
  const moments: readonly (readonly [string, number | undefined])[] = [
    ['until its build began: drain and upload', began],
    ['the build', built],
    ['until it was released', released],
    ["until the new clock's first tick", toMs],
  ]
  const parts: Record<string, number> = {}
  let sinceMs = fromMs
  for (const [part, untilMs] of moments) {
    if (untilMs === undefined || rounded(untilMs - sinceMs) <= 0) continue
    parts[part] = rounded(untilMs - sinceMs)
    sinceMs = untilMs
  }
  return parts
}

function rounded(ms: number): number {
  return Math.round(ms / 100) / 10
}
