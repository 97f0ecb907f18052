import { formatDuration } from '../duration.ts'
import { enumerate } from '../enumerate.ts'
import { DeployError } from '../outcome.ts'
import { ApiError } from './api-error.ts'
import type { Collaborators } from './collaborators.ts'
import type { Dyno, Formation, PlatformApi } from './platform-api.ts'

const LOOK_AGAIN_MS = 2_000
/** A dyno that crashes is started again at once, and only after that it stays so: https://devcenter.heroku.com/articles/dynos#dyno-crash-restart-policy */
const STAYS_CRASHED_MS = 20_000
/** A message names so many dynos. */
const MOST_DYNOS = 5

/**
 * Waits until as many dynos of each type as the formation says are up on `release` or a newer one. An idle dyno (Eco, asleep) counts as
 * up: nobody has asked for it. A token that may not read them is warned of, and then they are not waited for.
 * @throws DeployError `dynos-not-up` when one stays crashed, or the time is over; `failed` when that can't be found out
 */
export async function dynosUp(
  api: PlatformApi,
  release: string,
  waitMs: number,
  { log, time, signal }: Collaborators,
): Promise<void> {
  const version = Number(release.slice(1))
  const began = time.now()
  const crashedSince = new Map<string, number>()
  for (;;) {
    const now = time.now()
    const last = now - began >= waitMs
    try {
      const [formation, dynos] = [await api.formation(signal), await api.dynos(signal)]
      // One-off dynos, and what an add-on runs, are nobody's to wait for.
      const ours = dynos.filter(
        (dyno) => dyno.version >= version && formation.some(({ type }) => type === dyno.type),
      )
      const missing = shortages(formation, ours)
      if (missing.length === 0) {
        log.info(
          `up on ${release}: ${enumerate(namesOf(ours.filter(isUp)), MOST_DYNOS) || 'nobody, as no dyno is to run'}`,
        )
        return
      }
      const crashed = ours.filter(({ state }) => state === 'crashed')
      for (const { id } of crashed) crashedSince.set(id, crashedSince.get(id) ?? now)
      for (const id of crashedSince.keys())
        if (!crashed.some((dyno) => dyno.id === id)) crashedSince.delete(id)
      const lost = crashed.filter(({ id }) => now - (crashedSince.get(id) ?? now) >= STAYS_CRASHED_MS)
      if (lost.length > 0) throw crashes(api.appName, release, lost)
      if (last) throw notUp(api.appName, release, waitMs, missing, ours)
    } catch (error) {
      if (!(error instanceof ApiError)) throw error
      if (error.status === 403) {
        log.warning(`${error.message} So whether the dynos of ${release} are up is not known`)
        return
      }
      if (!error.passing || last) throw unseen(api.appName, release, error)
      log.warning(`${error.message} The dynos are still waited for`)
    }
    await time.sleep(Math.min(LOOK_AGAIN_MS, Math.max(0, began + waitMs - time.now())), signal)
  }
}

interface Shortage {
  readonly type: string
  readonly up: number
  readonly quantity: number
}

function shortages(formation: readonly Formation[], ours: readonly Dyno[]): Shortage[] {
  return formation.flatMap(({ type, quantity }) => {
    const up = namesOf(ours.filter((dyno) => dyno.type === type && isUp(dyno))).length
    return up < quantity ? [{ type, up, quantity }] : []
  })
}

const isUp = ({ state }: Dyno) => state === 'up' || state === 'idle'

/** Each once: a dyno that is being replaced is there twice. */
const namesOf = (dynos: readonly Dyno[]) => [...new Set(dynos.map(({ name }) => name))]

function crashes(app: string, release: string, crashed: readonly Dyno[]): DeployError {
  const names = namesOf(crashed)
  return new DeployError(
    'dynos-not-up',
    `${release} is released, but ${enumerate(names, MOST_DYNOS)} ${names.length === 1 ? 'crashes' : 'crash'}.`,
    `Its own log tells why: \`heroku logs --dyno ${names[0]} --app ${app}\`.`,
  )
}

function notUp(
  app: string,
  release: string,
  waitMs: number,
  missing: readonly Shortage[],
  ours: readonly Dyno[],
): DeployError {
  const each = missing.map(({ type, up, quantity }) => {
    const states = ours
      .filter((dyno) => dyno.type === type && !isUp(dyno))
      .map(({ name, state }) => `${name} is ${state}`)
    return `${up} of ${quantity} ${type}${states.length > 0 ? ` (${enumerate(states, MOST_DYNOS)})` : ''}`
  })
  return new DeployError(
    'dynos-not-up',
    `${release} is released, but ${formatDuration(waitMs)} later not all of its dynos are up: ${enumerate(each)}.`,
    `Look at \`heroku ps --app ${app}\` and \`heroku logs --app ${app}\`. If they are only slow to start, raise wait-for-dynos.`,
  )
}

/** No reason to take the release back. */
function unseen(app: string, release: string, cause: ApiError): DeployError {
  return new DeployError(
    'failed',
    `${release} is released, but whether its dynos are up can't be found out: ${cause.message}`,
    `Look at \`heroku ps --app ${app}\`. ${cause.next}`,
    { cause },
  )
}
