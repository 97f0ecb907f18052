import { join } from 'node:path'
import { openDeployment } from '../../test/integration/support/deployment.ts'
import type { HerokuEvent } from '../../test/support/heroku/events.ts'
import type { LocalHeroku } from '../../test/support/heroku/local-heroku.ts'
import type { Way } from './ways.ts'

const SOURCE = join(import.meta.dirname, 'clock')

/** What a way came to. */
export interface Quiet {
  /** from the old clock's last tick to the new one's first */
  readonly seconds: number
  /** what the Action itself says of it; absent where it asked nobody */
  readonly saysSeconds?: number
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
  const before = { heroku, shop, checkout: join(folder, name), buildMs: buildSeconds * 1_000 }
  await using step = shop.step({ 'gate-name': name, ...(await way.prepare(before)) })
  const { outputs, log } = await step.done
  if (outputs.outcome !== 'deployed') throw new Error(`${name} was not deployed:\n${log}`)
  const release = outputs.release ?? ''
  const first = await shop.says(release, /^tick/)
  const isOld = (event: HerokuEvent) =>
    event.app === name && event.release !== release && event.kind === 'dyno-line' && event.text === 'tick'
  const last = heroku.log.events.findLast((event) => isOld(event) && event.atMs <= first.atMs)
  if (!last) throw new Error(`the old clock of ${name} never worked`)
  return {
    seconds: Math.round((first.atMs - last.atMs) / 100) / 10,
    ...(outputs['quiet-seconds'] && { saysSeconds: Number(outputs['quiet-seconds']) }),
  }
}
