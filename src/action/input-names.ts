/** Every input and what it is when left empty, as in `action.yml`. */
export const DEFAULTS = {
  'heroku-app': '',
  'heroku-api-key': '',
  'redis-url': '',
  'redis-config-var': 'REDIS_URL',
  'redis-tls': 'auto',
  'redis-tls-fingerprint': '',
  'gate-name': 'default',
  protocol: 'gate',
  'list-request-key': 'request',
  'list-response-key': 'response',
  'list-message': 'shutdown',
  'list-resume-message': '',
  processes: 'clock',
  'acknowledge-timeout': '30s',
  'drain-timeout': '5m',
  'on-drain-timeout': 'fail',
  'on-missing-clock': 'fail',
  'skip-drain': 'false',
  'drain-at': 'before-push',
  'drain-from': 'runner',
  strategy: 'git-push',
  ref: 'HEAD',
  branch: 'auto',
  'app-dir': '',
  'force-push': 'false',
  'on-running-build': 'wait',
  'up-to-date': 'skip',
  'promote-from': '',
  slug: '',
  command: '',
  'command-file': '',
  'deploy-timeout': '30m',
  'wait-for-dynos': '2m',
  'wait-for-clock': '2m',
  'health-check-url': '',
  'health-check-status': '200',
  'health-check-body': '',
  'health-check-timeout': '2m',
  'health-check-interval': '5s',
  'rollback-on-failure': 'false',
  'dry-run': 'false',
} as const

export type InputName = keyof typeof DEFAULTS

/** Inputs whose value must not be quoted, not even when it is wrong. */
export const SECRET_INPUTS: ReadonlySet<InputName> = new Set([
  'heroku-api-key',
  'redis-url',
  'health-check-url',
])

/**
 * Misspelled inputs with what was probably meant: the runner only warns of them, and a safety switch that is not read is
 * worse than a failed step. Names that resemble nothing are left alone, since a job may have variables `INPUT_*` of its own.
 */
export function misspelled(env: NodeJS.ProcessEnv): { given: string; meant: InputName }[] {
  const known = Object.keys(DEFAULTS) as InputName[]
  return Object.keys(env).flatMap((variable) => {
    const given = /^INPUT_(.+)$/i.exec(variable)?.[1]?.toLowerCase()
    if (given === undefined || Object.hasOwn(DEFAULTS, given)) return []
    const meant = known.find((name) => isClose(given.replaceAll('_', '-'), name))
    return meant === undefined ? [] : [{ given, meant }]
  })
}

/** Whether at most two letters must be put in, left out or changed to get from one to the other. */
function isClose(a: string, b: string): boolean {
  const most = b.length < 6 ? 1 : 2
  if (Math.abs(a.length - b.length) > most) return false
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return (row[b.length] ?? 0) <= most
}
