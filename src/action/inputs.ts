import { askerOfJob } from '../deploy/github.ts'
import type { AskedProcess, DeployPlan } from '../deploy/plan.ts'
import { parseProcesses } from '../deploy/processes.ts'
import { API_KEY_FORM, secretsOf } from '../heroku/credentials.ts'
import { DeployError } from '../outcome.ts'
import { GATE_NAME_RULE, isGateName } from '../protocol/keys.ts'
import { parseRedisUrl, REDIS_URL_RULE, schemeOf, secretsOfRedisUrl } from '../redis/address.ts'
import { FINGERPRINT_RULE, parseFingerprints } from '../redis/fingerprint.ts'
import { APP_NAME, APP_NAME_RULE } from './app-name.ts'
import { readHealthCheck } from './health-inputs.ts'
import { DEFAULTS, type InputName, misspelled } from './input-names.ts'
import { InputReader } from './input-reader.ts'
import { readList } from './list-inputs.ts'
import { readStrategy } from './strategy-inputs.ts'

/** Where inputs come from: the toolkit's `getInput`, and the job's environment. */
export interface InputSource {
  getInput(name: string): string
  readonly env: NodeJS.ProcessEnv
}

/**
 * The one place that reads inputs. Touches nothing.
 * @throws DeployError `preflight-failed` with every problem in it: what was given and what is accepted
 */
export function readPlan({ getInput, env }: InputSource): DeployPlan {
  const read = new InputReader(getInput)
  for (const { given, meant } of misspelled(env)) {
    read.problem(given, `is not an input of this action. Did you mean ${meant}?`)
  }
  const redisUrl = readRedisUrl(read)
  const fingerprints = readFingerprints(read, redisUrl)
  const list = readList(read)
  const healthCheck = readHealthCheck(read)
  const appDir = readAppDir(read)
  const plan: DeployPlan = {
    app: read.required('heroku-app', APP_NAME, APP_NAME_RULE),
    apiKey: read.required(
      'heroku-api-key',
      API_KEY_FORM,
      'a token of `heroku authorizations:create`, stored as a repository secret and passed from there, without blanks in it. In a pull request from a fork, secrets are empty',
    ),
    apiUrl: readEndpoint(read, env, 'HEROKU_API_URL', 'https://api.heroku.com'),
    gitUrl: readEndpoint(read, env, 'HEROKU_GIT_URL', 'https://git.heroku.com'),
    redis: {
      ...(redisUrl !== undefined && { url: redisUrl }),
      configVar: read.matching(
        'redis-config-var',
        /^[A-Za-z_][A-Za-z0-9_]{0,199}$/,
        'the name of a config var: letters, digits and underscores',
      ),
      tls: read.oneOf('redis-tls', ['auto', 'verify', 'insecure']),
      ...(fingerprints && { fingerprints }),
    },
    gateName: readGateName(read),
    ...(list !== undefined && { list }),
    processes: readProcesses(read),
    acknowledgeTimeoutMs: read.duration('acknowledge-timeout'),
    drainTimeoutMs: read.duration('drain-timeout'),
    onDrainTimeout: read.oneOf('on-drain-timeout', ['fail', 'force', 'deploy']),
    onMissingClock: read.oneOf('on-missing-clock', ['fail', 'deploy']),
    skipDrain: read.switch('skip-drain'),
    drainAt: read.oneOf('drain-at', ['before-push', 'release-phase']),
    drainFrom: read.oneOf('drain-from', ['runner', 'dyno']),
    strategy: readStrategy(read),
    ref: read.matching('ref', /^\P{Cc}{1,250}$/u, 'a commit, branch or tag of at most 250 characters'),
    branch: read.oneOf('branch', ['auto', 'main', 'master']),
    ...(appDir !== undefined && { appDir }),
    forcePush: read.switch('force-push'),
    onRunningBuild: read.oneOf('on-running-build', ['wait', 'fail']),
    upToDate: read.oneOf('up-to-date', ['skip', 'fail', 'rerelease']),
    deployTimeoutMs: read.duration('deploy-timeout'),
    waitForDynosMs: read.duration('wait-for-dynos', { zero: true }),
    waitForClockMs: read.duration('wait-for-clock', { zero: true }),
    ...(healthCheck !== undefined && { healthCheck }),
    rollbackOnFailure: read.switch('rollback-on-failure'),
    dryRun: read.switch('dry-run'),
    directory: env.GITHUB_WORKSPACE || process.cwd(),
    asker: { name: 'a deploy', ...askerOfJob(env) },
  }
  checkTogether(read, plan)
  if (read.problems.length > 0) throw badInputs(read.problems)
  return plan
}

/** Every text of the plan that must not show. */
export function secretsOfPlan({ apiKey, redis }: DeployPlan): string[] {
  return [...secretsOf(apiKey), ...(redis.url === undefined ? [] : secretsOfRedisUrl(redis.url))]
}

function checkTogether(read: InputReader, plan: DeployPlan): void {
  const { acknowledgeTimeoutMs, drainTimeoutMs, deployTimeoutMs } = plan
  const given = (name: InputName) => `${name} (${read.text(name)})`
  if (acknowledgeTimeoutMs > drainTimeoutMs && drainTimeoutMs > 0) {
    const drain = given('drain-timeout')
    read.problem(
      given('acknowledge-timeout'),
      `is longer than ${drain}. Who has not accepted a request can not have drained`,
    )
  }
  if (drainTimeoutMs >= deployTimeoutMs && deployTimeoutMs > 0) {
    read.problem(
      given('drain-timeout'),
      `is not shorter than ${given('deploy-timeout')}. A deploy takes its drain and its build: raise deploy-timeout`,
    )
  }
  for (const name of ['drain-at', 'drain-from'] as const) {
    if (plan.list === undefined || read.text(name) === DEFAULTS[name]) continue
    read.problem(
      given(name),
      "can't be had under protocol: list. A dyno asks by the drain protocol: leave it out, or say protocol: gate",
    )
  }
  if (plan.drainFrom === 'dyno' && plan.redis.url !== undefined) {
    read.problem(
      'redis-url',
      `means nothing under ${given('drain-from')}. The dyno has the URL in its environment: leave it out, and name the config var in redis-config-var if that is not REDIS_URL`,
    )
  }
}

/** As git names a folder: without a slash at either end. */
function readAppDir(read: InputReader): string | undefined {
  const given = read
    .text('app-dir')
    .replace(/^(\.\/+)+/, '')
    .replace(/\/+$/, '')
  if (given === '' || given === '.') return undefined
  const parts = given.split('/')
  if (/[\p{Cc}\\]/u.test(given) || parts.some((part) => ['', '.', '..', '.git'].includes(part)))
    read.wrong('app-dir', 'a folder of the repository, such as services/shop')
  return given
}

function readRedisUrl(read: InputReader): string | undefined {
  const url = read.text('redis-url')
  if (url === '') return undefined
  try {
    parseRedisUrl(url)
    return url
  } catch (error) {
    read.problem('redis-url', `can't be used: ${(error as Error).message}. Expected ${REDIS_URL_RULE}`)
    return undefined
  }
}

function readFingerprints(read: InputReader, redisUrl: string | undefined): readonly string[] | undefined {
  const given = read.text('redis-tls-fingerprint')
  if (given === '') return undefined
  const digits = parseFingerprints(given)
  if (digits === undefined) read.wrong('redis-tls-fingerprint', FINGERPRINT_RULE)
  const address = redisUrl === undefined ? undefined : parseRedisUrl(redisUrl)
  if (address && !address.tls) {
    read.problem(
      'redis-tls-fingerprint',
      `pins a certificate, but redis-url begins with ${schemeOf(address)}, which has none. Expected ${schemeOf({ ...address, tls: true })}`,
    )
  }
  return digits
}

function readGateName(read: InputReader): string {
  const name = read.text('gate-name')
  if (!isGateName(name)) read.wrong('gate-name', GATE_NAME_RULE)
  return name
}

function readProcesses(read: InputReader): AskedProcess[] {
  const { asked, problems } = parseProcesses(read.text('processes'))
  for (const problem of problems) read.problem('processes', problem)
  return asked
}

/** Heroku's endpoints can be moved, for tests; a token goes over plain HTTP to this machine only. */
function readEndpoint(read: InputReader, env: NodeJS.ProcessEnv, name: string, usual: string): string {
  const given = env[name]
  if (!given) return usual
  const url = URL.canParse(given) ? new URL(given) : undefined
  const local = url?.protocol === 'http:' && ['127.0.0.1', 'localhost', '[::1]'].includes(url.hostname)
  const plain = url?.username === '' && url.password === '' && url.search === '' && url.hash === ''
  if (plain && (url.protocol === 'https:' || local)) return given.replace(/\/+$/, '')
  read.problem(
    `The environment variable ${name}`,
    'holds no base URL that can be used. Expected https://…, or http:// on 127.0.0.1, without user, query and fragment; leave it unset for Heroku itself',
  )
  return usual
}

function badInputs(problems: readonly string[]): DeployError {
  const [first, ...more] = problems
  return new DeployError(
    'preflight-failed',
    more.length === 0 ? `${first}` : `${problems.length} inputs can't be used:\n- ${problems.join('\n- ')}`,
    'Correct it under `with:` of this step in the workflow. Nobody was asked to drain, and nothing was pushed.',
  )
}
