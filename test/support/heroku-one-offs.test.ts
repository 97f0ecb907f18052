import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect, type TLSSocket } from 'node:tls'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { DYNO_LIMIT, UNPAID } from './heroku/api/refusals.ts'
import type { HerokuEvent } from './heroku/events.ts'
import { openScene, type Scene } from './heroku/scene.ts'

/** A safety net only: everything waits for events. */
vi.setConfig({ testTimeout: 30_000, hookTimeout: 30_000 })

let scene: Scene
beforeEach(async () => {
  scene = await openScene({ configVars: { COLOUR: 'blue', SHAPE: 'round' } })
  await scene.deploy({ Procfile: 'clock: sleep 60\n', 'here.txt': 'in the slug\n' })
})
afterEach(() => scene[Symbol.asyncDispose]())

interface Run {
  readonly id: string
  readonly name: string
  readonly attach_url: string | null
}

async function run(command: string, order: Record<string, unknown> = {}): Promise<Run> {
  const { status, body } = await scene.post('/apps/shop/dynos', { command, attach: true, ...order })
  expect(status).toBe(201)
  return body as Run
}

/** A client as `heroku run` is one. */
interface Client {
  readonly socket: TLSSocket
  /** all that came, once the connection has ended */
  readonly output: Promise<string>
  /** resolves when this has come */
  came(text: string): Promise<void>
}

function attach({ attach_url }: Run, secret?: string): Client {
  const { hostname, port, pathname } = new URL(attach_url ?? '')
  const ca = readFileSync(scene.heroku.caFile)
  const socket = connect({ host: hostname, port: Number(port), ca })
  socket.setEncoding('utf8').write(secret ?? `${pathname.slice(1)}\r\n`)
  socket.on('error', () => {})
  let all = ''
  const looks = new Set<() => void>()
  socket.on('data', (piece) => {
    all += piece
    for (const look of looks) look()
  })
  return {
    socket,
    output: once(socket, 'close').then(() => all),
    came: (text) =>
      new Promise((resolve) => {
        const look = () => all.includes(text) && resolve()
        looks.add(look)
        look()
      }),
  }
}

const happened = (kind: HerokuEvent['kind'], { name }: Run) =>
  scene.heroku.log.waitFor((event) => event.kind === kind && event.dyno === name)

const gone = async ({ name }: Run) => (await scene.get(`/apps/shop/dynos/${name}`)).status === 404

it('runs a command in the slug, with config vars and an environment of its own', async () => {
  const dyno = await run('echo $DYNO $COLOUR $SHAPE; cat here.txt; ls nothing; exit 3', {
    env: { COLOUR: 'red' },
    force_no_tty: true,
  })
  expect(dyno).toMatchObject({ type: 'run', size: 'Basic', state: 'starting', release: { version: 1 } })
  expect(dyno.attach_url).toMatch(/^rendezvous:\/\/127\.0\.0\.1:\d+\/\w{32,}$/)
  const said = await attach(dyno).output
  expect(said).toMatch(/^rendezvous\r\nrun\.\d+ red round\nin the slug\n.*nothing.*\n$/)
  expect(said).toContain(`${dyno.name} red`)
  expect(await happened('dyno-exited', dyno)).toMatchObject({ code: 3 })
  expect(await gone(dyno)).toBe(true)
})

it('shows what goes to stdout and to stderr in the order in which it is printed', async () => {
  const said = await attach(await run('for i in $(seq 99); do echo out; echo err >&2; done')).output
  expect(said.split('\r\n').slice(1, -1)).toEqual(Array.from({ length: 99 }, () => ['out', 'err']).flat())
})

it('has the line ends of a terminal unless told not to', async () => {
  expect(await attach(await run('echo one; echo two')).output).toBe('rendezvous\r\none\r\ntwo\r\n')
})

it('shows output as it comes, and takes input to its end', async () => {
  const { socket, came, output } = attach(await run('echo ready; read line; echo got $line; cat'))
  await came('ready')
  socket.write('a line\n')
  await came('got a line')
  socket.write('the rest\u0004')
  expect(await output).toMatch(/the rest$/)
})

it('takes input that came with the secret', async () => {
  const dyno = await run('read line; echo got $line')
  const { pathname } = new URL(dyno.attach_url ?? '')
  expect(await attach(dyno, `${pathname.slice(1)}\r\nearly\n`).output).toContain('got early')
})

it('is starting until somebody attaches, and then up', async () => {
  const dyno = await run('sleep 60')
  const shown = () => scene.get(`/apps/shop/dynos/${dyno.name}`)
  expect((await shown()).body).toMatchObject({ state: 'starting', attach_url: dyno.attach_url })
  const { came } = attach(dyno)
  await came('rendezvous')
  await happened('dyno-up', dyno)
  expect((await shown()).body).toMatchObject({ state: 'up', id: dyno.id })
  expect((await scene.get('/apps/shop/dynos')).body).toMatchObject([{ name: 'clock.1' }, { name: dyno.name }])
})

it('lets nobody in with another secret, nor twice with the same', async () => {
  const dyno = await run('echo ran; cat')
  expect(await attach(dyno, 'guessed\r\n').output).toBe('')
  const { came, socket, output } = attach(dyno)
  await came('ran')
  expect(await attach(dyno).output).toBe('')
  socket.write('\u0004')
  await output
  expect(await attach(dyno).output).toBe('')
})

it('is told that its client has gone', async () => {
  const dyno = await run('trap "echo hung up; exit" HUP; echo ready; while :; do sleep 0.02; done')
  const { socket, came } = attach(dyno)
  await came('ready')
  socket.destroy()
  await scene.heroku.log.waitFor(({ kind, text }) => kind === 'dyno-line' && text === 'hung up')
  await happened('dyno-exited', dyno)
})

it('breaks the connection off in the middle as told, with a dyno that hangs up', async () => {
  scene.app.oneOffs.next({ breakAfter: 'half' })
  const dyno = await run('echo first half; sleep 60; echo second half')
  expect(await attach(dyno).output).toBe('rendezvous\r\nfirst half\r\n')
  expect(await happened('dyno-exited', dyno)).toMatchObject({ signal: 'SIGHUP' })
})

it('breaks the connection off at once, with a dyno that goes on', async () => {
  scene.app.oneOffs.next({ breakAfter: '', unnoticed: true })
  const dyno = await run('until [ -e go ]; do sleep 0.02; done; echo went on')
  expect(await attach(dyno).output).toBe('rendezvous\r\n')
  await attach(await run('touch go')).output
  expect(await happened('dyno-exited', dyno)).toMatchObject({ code: 0 })
  expect(scene.heroku.log.events.map(({ text }) => text)).toContain('went on')
})

it('never starts as told, and ends when it is stopped', async () => {
  scene.app.oneOffs.next({ neverStarts: true })
  const dyno = await run('echo ran')
  const { output, socket } = attach(dyno)
  await once(socket, 'secureConnect')
  expect((await scene.get(`/apps/shop/dynos/${dyno.name}`)).body).toMatchObject({ state: 'starting' })
  expect((await scene.post(`/apps/shop/dynos/${dyno.name}/actions/stop`)).status).toBe(202)
  expect(await gone(dyno)).toBe(true)
  socket.end()
  expect(await output).toBe('')
})

it('is stopped by its name and by its id', async () => {
  for (const key of ['name', 'id'] as const) {
    const dyno = await run('sleep 60')
    const { output } = attach(dyno)
    await happened('dyno-up', dyno)
    expect((await scene.post(`/apps/shop/dynos/${dyno[key]}/actions/stop`)).status).toBe(202)
    await output
    expect(await happened('dyno-exited', dyno)).toMatchObject({ signal: 'SIGTERM' })
  }
})

it('lives no longer than its time, attached or not', async () => {
  const attached = await run('sleep 60', { time_to_live: 1 })
  const { output } = attach(attached)
  const alone = await run('sleep 60', { time_to_live: 1, attach: false })
  expect(alone.attach_url).toBeNull()
  await output
  for (const dyno of [attached, alone]) {
    expect(await happened('dyno-exited', dyno)).toMatchObject({ signal: 'SIGTERM' })
  }
})

it('runs without a client when it is not attached', async () => {
  const dyno = await run('echo alone', { attach: false })
  expect((await happened('dyno-line', dyno)).text).toBe('alone')
})

it('is refused as Heroku refuses', async () => {
  const path = '/apps/shop/dynos'
  for (const refusal of [DYNO_LIMIT, UNPAID]) {
    scene.app.nextApi({ ...refusal, method: 'POST', path })
    expect(await scene.post(path, { command: 'echo' })).toEqual({
      status: refusal.status,
      body: refusal.body,
    })
  }
  expect((await scene.post(path)).body).toMatchObject({ id: 'invalid_params' })
  expect((await scene.post(path, { command: 'x', time_to_live: 90_000 })).status).toBe(422)
  scene.heroku.createApp('empty')
  expect((await scene.post('/apps/empty/dynos', { command: 'echo' })).status).toBe(409)
})

it('leaves nothing behind when the local Heroku is closed', async () => {
  const dyno = await run('sleep 60')
  const { output } = attach(dyno)
  const { pid = 0 } = await happened('dyno-up', dyno)
  await run('sleep 60')
  await scene.heroku.close()
  await output
  expect(() => process.kill(pid, 0)).toThrow('ESRCH')
})
