import type { AskedProcess, DeployPlan } from '../deploy/plan.ts'
import { API_KEY_FORM, secretsOf } from '../heroku/credentials.ts'
import { DeployError } from '../outcome.ts'
import { GATE_NAME_RULE, isGateName } from '../protocol/keys.ts'
import { parseRedisUrl, REDIS_URL_RULE, secretsOfRedisUrl } from '../redis/address.ts'
import { type InputName, misspelled } from './input-names.ts'
import { InputReader, quote } from './input-reader.ts'
import { readList } from './list-inputs.ts'

/** Where inputs come from: the toolkit's `getInput`, and the job's environment. */
export interface InputSource {
  getInput(name: string): string
  readonly env: NodeJS.ProcessEnv
}

/** Heroku's own rule: https://devcenter.heroku.com/articles/platform-api-reference#app */
const APP_NAME = /^[a-z][a-z0-9-]{1,28}[a-z0-9]$/
const MOST_OF_A_TYPE = 1_000

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
  const fingerprint = readFingerprint(read, redisUrl)
  const list = readList(read)
  const plan: DeployPlan = {
    app: read.required(
      'heroku-app',
      APP_NAME,
      'the name of a Heroku app: 3 to 30 lower-case letters, digits and dashes, a letter first',
    ),
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
      ...(fingerprint !== undefined && { fingerprint }),
    },
    gateName: readGateName(read),
    ...(list !== undefined && { list }),
    processes: readProcesses(read),
    acknowledgeTimeoutMs: read.duration('acknowledge-timeout'),
    drainTimeoutMs: read.duration('drain-timeout'),
    onDrainTimeout: read.oneOf('on-drain-timeout', ['fail', 'force', 'deploy']),
    onMissingClock: read.oneOf('on-missing-clock', ['fail', 'deploy']),
    skipDrain: read.switch('skip-drain'),
    ref: read.matching('ref', /^\P{Cc}{1,250}$/u, 'a commit, branch or tag of at most 250 characters'),
    branch: read.oneOf('branch', ['main', 'master']),
    forcePush: read.switch('force-push'),
    deployTimeoutMs: read.duration('deploy-timeout'),
    waitForClockMs: read.duration('wait-for-clock', { zero: true }),
    directory: env.GITHUB_WORKSPACE || process.cwd(),
    asker: askerOf(env),
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

function readFingerprint(read: InputReader, redisUrl: string | undefined): string | undefined {
  const given = read.text('redis-tls-fingerprint')
  if (given === '') return undefined
  const digits = given.replaceAll(':', '').toLowerCase()
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    read.wrong('redis-tls-fingerprint', 'a SHA-256 fingerprint: 64 hex digits, with or without colons')
  }
  if (redisUrl?.startsWith('redis:')) {
    read.problem(
      'redis-tls-fingerprint',
      'pins a certificate, but redis-url begins with redis://, which has none. Expected rediss://',
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
  const rule = `process types of the Procfile by comma or line, each with an optional number from 1 to ${MOST_OF_A_TYPE}, such as clock, worker=3`
  const entries = read
    .text('processes')
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const asked = entries.flatMap((entry): AskedProcess[] => {
    const [, type, number] = /^([A-Za-z0-9_-]{1,100}?)(?:\s*=\s*(\d{1,4}))?$/.exec(entry) ?? []
    const atLeast = number === undefined ? 1 : Number(number)
    if (type !== undefined && atLeast >= 1 && atLeast <= MOST_OF_A_TYPE) {
      return [{ type, atLeast, demanded: number !== undefined }]
    }
    read.problem('processes', `has the entry ${quote(entry)}. Expected ${rule}`)
    return []
  })
  const twice = asked.find(({ type }, index) => asked.findIndex((other) => other.type === type) !== index)
  if (twice !== undefined) read.problem('processes', `names ${twice.type} twice. Expected each type once`)
  if (entries.length === 0) read.problem('processes', `names nobody. Expected ${rule}`)
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

/** Who asks, for the people of a deploy that meets this one, and for the log of the clock. */
function askerOf(env: NodeJS.ProcessEnv): DeployPlan['asker'] {
  const { GITHUB_ACTOR: actor, GITHUB_REPOSITORY: repository, GITHUB_RUN_ID: run } = env
  const server = env.GITHUB_SERVER_URL
  return {
    name: [actor, repository].filter(Boolean).join(', ') || 'a deploy',
    ...(server && repository && run && { runUrl: `${server}/${repository}/actions/runs/${run}` }),
  }
}

function badInputs(problems: readonly string[]): DeployError {
  const [first, ...more] = problems
  return new DeployError(
    'preflight-failed',
    more.length === 0 ? `${first}` : `${problems.length} inputs can't be used:\n- ${problems.join('\n- ')}`,
    'Correct it under `with:` of this step in the workflow. Nobody was asked to drain, and nothing was pushed.',
  )
}
