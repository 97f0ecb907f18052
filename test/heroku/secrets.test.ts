import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configVar } from '../../src/heroku/config-var.ts'
import type { PushTarget } from '../../src/heroku/preflight.ts'
import { push } from '../../src/heroku/push.ts'
import { refusalAnswer } from './support/answers.ts'
import { groupOf, processes } from './support/processes.ts'
import { type Surroundings, scriptedTime, surroundings } from './support/surroundings.ts'
import { API_KEY, createWorld, rejection, type World } from './support/world.ts'

const HEADER = `Basic ${Buffer.from(`heroku:${API_KEY}`).toString('base64')}`
/** The token as it is, and as the header has it. */
const SECRETS = [API_KEY, HEADER.replace('Basic ', '')]
const ECHO = 'echo "-----> You sent $HTTP_AUTHORIZATION"'

let world: World
let around: Surroundings

beforeEach(async () => {
  world = await createWorld()
  around = surroundings({ env: world.env })
  world.deployed(world.checkout.commit('one'))
  world.checkout.commit('two')
})
afterEach(() => world.end())

async function prepared(build: string): Promise<PushTarget> {
  const target = await world.preflight(around)
  world.git.hook('shop', 'pre-receive', build)
  return target
}

function expectNoSecret(texts: readonly string[]): void {
  for (const secret of SECRETS) expect(texts.filter((text) => text.includes(secret))).toEqual([])
}

/** All that printing an error, or sending it somewhere, could show. */
function allOf(error: unknown): string[] {
  const shown = [inspect(error, { depth: Infinity, showHidden: true }), String(JSON.stringify(error))]
  if (!(error instanceof Error)) return shown
  const properties = Object.getOwnPropertyNames(error)
    .filter((name) => name !== 'cause')
    .map((name) => String(Reflect.get(error, name)))
  return [...shown, ...properties, ...(error.cause === undefined ? [] : allOf(error.cause))]
}

/** The contents of all files below a folder. */
function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
}

describe('the token', { timeout: 20_000 }, () => {
  it('is on no command line and in no file, whatever the machine traces', async () => {
    const trace = join(world.folder, 'trace')
    const settings = `eventTarget = ${trace}\n\tconfigParams = *\n\tenvVars = GIT_CONFIG_VALUE_3`
    writeFileSync(world.env.GIT_CONFIG_GLOBAL ?? '', `[trace2]\n\t${settings}\n`)
    const tracing = {
      GIT_TRACE2_EVENT: trace,
      GIT_TRACE_CURL: trace,
      GIT_TRACE_REDACT: '0',
      GIT_TRACE: trace,
    }
    around = surroundings({ env: { ...world.env, ...tracing } })
    const target = await prepared('echo "-----> Building"\nhold')
    const pushing = push(target, around)
    await around.logged(/Building/)
    expect(groupOf(world.git.url).length).toBeGreaterThan(1)
    expectNoSecret(processes().map(({ commandLine }) => commandLine))
    expectNoSecret(filesOf(world.folder))
    world.git.release()
    await pushing
    expectNoSecret(filesOf(world.folder))
    expectNoSecret([world.checkout.git('config', '--list')])
  })

  it.runIf(process.platform === 'linux')("is all of the workflow's secrets that git gets", async () => {
    const others = {
      GITHUB_TOKEN: 'ghs_0ther',
      'INPUT_HEROKU-API-KEY': API_KEY,
      ACTIONS_RUNTIME_TOKEN: 'ey0ther',
    }
    around = surroundings({ env: { ...world.env, ...others, GIT_DIR: '/nowhere' } })
    const target = await prepared('echo "-----> Building"\nhold')
    const pushing = push(target, around)
    await around.logged(/Building/)
    const environments = groupOf(world.git.url).map(({ pid }) => readFileSync(`/proc/${pid}/environ`, 'utf8'))
    expect(environments.length).toBeGreaterThan(1)
    for (const environment of environments) {
      expect(environment).toContain('GIT_TERMINAL_PROMPT=0')
      expect(environment).not.toMatch(/0ther|INPUT_|GIT_DIR=\/nowhere/)
    }
    world.git.release()
    await pushing
  })

  it('is not in what a target shows of itself', async () => {
    const target = await world.preflight(around)
    expectNoSecret([inspect(target, { depth: Infinity, showHidden: true }), JSON.stringify(target)])
  })
})

describe('a server that sends the header back', { timeout: 20_000 }, () => {
  it('during a build has it masked in the log', async () => {
    await push(await prepared(ECHO), around)
    expect(around.lines).toContain('remote: -----> You sent Basic ***')
    expectNoSecret(around.lines)
  })

  it('in the verdict on a push has it masked in the error', async () => {
    const target = await prepared(`${ECHO}\necho " !     Push rejected, no $HTTP_AUTHORIZATION."\nexit 1`)
    const error = await rejection(push(target, around))
    expect(error.message).toContain('Heroku says: "Push rejected, no Basic ***."')
    expectNoSecret([...allOf(error), ...around.lines])
  })

  it('before a push has it masked', async () => {
    const target = await world.preflight(around)
    world.git.echo(403)
    const { stderr } = await target.git.heroku(['ls-remote', target.git.remoteUrl], around.signal)
    expect(stderr).toContain('remote: You sent Basic ***')
    expectNoSecret(stderr)
    expectNoSecret(allOf(await rejection(world.preflight(around))))
    expectNoSecret(allOf(await rejection(push(target, around))))
    expectNoSecret(around.lines)
  })

  it.each([401, 403, 422])('as the API with %i has it masked', async (status) => {
    const target = await world.preflight(around)
    world.api.script('/apps/shop/config-vars', refusalAnswer(status, 'id', `Bearer ${API_KEY} is no good`))
    const error = await rejection(configVar(target.api, 'REDIS_URL', around.signal))
    expect(error.message).toContain('Heroku says: "Bearer *** is no good"')
    expectNoSecret(allOf(error))
  })

  it('as the API in the middle of a long message has no half of it shown', async () => {
    const target = await world.preflight(around)
    const long = `${'x'.repeat(195)} ${API_KEY}`
    world.api.script('/apps/shop/config-vars', refusalAnswer(422, 'id', long))
    const error = await rejection(configVar(target.api, 'REDIS_URL', around.signal))
    expect(error.message).toContain('xxx')
    expect(error.message).not.toContain(API_KEY.slice(0, 4))
  })
})

describe('an error', { timeout: 20_000 }, () => {
  it.each([
    ['a server that does not accept it', {}, () => world.git.echo(401)],
    ['an API that is not there', { apiUrl: 'http://127.0.0.1:1' }, () => {}],
    ['an API at a wrong address', { apiUrl: 'http://[::1' }, () => {}],
    ['a git that is not there', { gitUrl: 'http://127.0.0.1:1' }, () => {}],
  ])('of %s does not hold it', async (_name, plan, spoil) => {
    spoil()
    const patient = surroundings({
      env: world.env,
      time: scriptedTime((ms) => [600, 1_200, 2_400, 4_800].includes(ms)),
      random: () => 0.2,
    })
    const error = await rejection(world.preflight(patient, plan))
    expect(error).toMatchObject({ outcome: 'preflight-failed' })
    expectNoSecret([...allOf(error), ...patient.lines])
  })
})

describe('one Authorization header, and no more,', { timeout: 20_000 }, () => {
  const other = (user: string) =>
    `AUTHORIZATION: basic ${Buffer.from(`${user}:ghs_0ther`).toString('base64')}`

  async function expectOneHeader(): Promise<void> {
    world.git.requests.length = 0
    await push(await prepared('echo "-----> Building"'), around)
    expect(world.git.requests.length).toBeGreaterThan(2)
    for (const { authorizations } of world.git.requests) expect(authorizations).toEqual([HEADER])
  }

  it.each([
    ['for every server', () => 'http.extraheader'],
    ['for the whole host, as actions/checkout does', () => `http.${world.git.url}/.extraheader`],
    ['for this very repository', () => `http.${world.git.url}/shop.git.extraheader`],
  ])('is sent when the checkout has set one %s', async (_name, key) => {
    world.checkout.git('config', '--add', key(), other('x-access-token'))
    world.checkout.git('config', '--add', key(), other('another'))
    await expectOneHeader()
  })

  it('is sent when the job has set one by its environment, and other settings of it stay', async () => {
    around = surroundings({
      env: {
        ...world.env,
        GIT_CONFIG_COUNT: '2',
        GIT_CONFIG_KEY_0: `http.${world.git.url}/.extraheader`,
        GIT_CONFIG_VALUE_0: other('x-access-token'),
        GIT_CONFIG_KEY_1: 'gate.kept',
        GIT_CONFIG_VALUE_1: 'yes',
      },
    })
    const { git } = await world.preflight(around)
    expect((await git.local('config', 'gate.kept')).stdout).toEqual(['yes'])
    await expectOneHeader()
  })

  it("is sent, and nobody's credential helper is asked or told", async () => {
    const ran = join(world.folder, 'helper-ran')
    for (const key of ['credential.helper', `credential.${world.git.url}.helper`]) {
      world.checkout.git('config', key, `!touch '${ran}'; cat >> '${ran}'; echo password=ghs_0ther; :`)
    }
    await expectOneHeader()
    world.git.echo(401)
    await rejection(world.preflight(around))
    expect(existsSync(ran)).toBe(false)
  })
})
