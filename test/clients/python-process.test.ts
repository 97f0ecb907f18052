import { describe, expect, it } from 'vitest'
import { openScene } from './support/driven.ts'

const LIMIT_MS = 120_000

const scene = openScene()

describe('leaving', { timeout: LIMIT_MS }, () => {
  const LEAVE = 'threading.Thread(target=lambda: (participation.leave(), say("left"))).start()'

  it('twice at once drains once, and both wait for it; a third time returns at once', async () => {
    await using app = await scene.start()
    app.tell(LEAVE)
    app.tell(LEAVE)
    await app.says(/^drain 1$/)
    app.tell('say("still here")')
    await app.says(/^still here$/)
    expect(app.said('left')).toBe(0)
    app.tell('drains[0].end({"finished": 1})')
    await app.says(/^left$/, 2)
    app.tell(LEAVE)
    await app.says(/^left$/, 3)
    expect(await scene.deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
    expect(app.said('drain 2')).toBe(0)
  })

  it('disconnects', async () => {
    await using app = await scene.start()
    expect(await app.connections()).toBe(1)
    app.tell(LEAVE)
    await app.says(/^drain 1$/)
    app.tell('drains[0].end()')
    await app.says(/^left$/)
    await expect.poll(() => app.connections()).toBe(0)
  })
})

describe('SIGTERM', { timeout: LIMIT_MS }, () => {
  it('drains, and then comes to the handler that the app had before', async () => {
    await using app = await scene.start({
      before: `
import os, signal
signal.signal(signal.SIGTERM, lambda *_: (say("own handler"), os._exit(3)))`,
    })
    app.kill('SIGTERM')
    await app.says(/^drain 1$/)
    app.tell('drains[0].end({"finished": 1})')
    expect(await app.ended).toBe(3)
    expect(app.printed.slice(-2)).toEqual(['[deploy-gate] drained: 1 finished, 0 stored', 'own handler'])
    expect(await scene.deployer.row()).toMatchObject({ state: 'exited', finished: 1 })
  })
})

describe('joining outside the main thread', { timeout: LIMIT_MS }, () => {
  const other = (options = '') => ({
    before: `
def join(*handlers, **options):
    joined = []
    thread = threading.Thread(target=lambda: joined.append(real(*handlers, **options)))
    thread.start()
    thread.join()
    return joined[0]
real, deploy_gate.join = deploy_gate.join, join`,
    options,
  })

  it('takes part, and says that SIGTERM is left to the app', async () => {
    await using app = await scene.start(other())
    await app.says(/outside the main thread.*SIGTERM.*leave\(\)/)
    await app.drained(1)
    app.kill('SIGTERM')
    expect(await app.ended).toBe('SIGTERM')
    expect(await scene.deployer.row()).toMatchObject({ state: 'drained' })
  })

  it('says nothing to an app that handles SIGTERM itself', async () => {
    await using app = await scene.start(other('handle_sigterm=False'))
    await app.drained(1)
    expect(app.printed.filter((line) => line.includes('SIGTERM'))).toEqual([])
  })
})

describe('a child forked after the joining', { timeout: LIMIT_MS }, () => {
  it('has nothing to leave, dies of SIGTERM at once, and disturbs its parent in nothing', async () => {
    await using app = await scene.start({
      before: `
import os, signal, time
def fork():
    child = os.fork()
    if child == 0:
        participation.leave()
        say("nothing to leave")
        while True: time.sleep(60)
    say("child", child)
    return child`,
    })
    const { id } = await scene.deployer.beaten()
    app.tell('child = fork()')
    await app.says(/^child \d+$/)
    const child = Number(app.printed.find((line) => /^child \d+$/.test(line))?.slice('child '.length))
    try {
      await app.says(/^nothing to leave$/)
      app.tell('os.kill(child, signal.SIGTERM); say("status", os.waitpid(child, 0)[1])')
      await app.says(/^status 15$/)
    } catch (error) {
      process.kill(child, 'SIGKILL')
      throw error
    }
    expect(await scene.deployer.beaten()).toMatchObject({ state: 'running', id })
    expect(await scene.deployer.rows()).toHaveLength(1)
    await app.drained(1)
  })
})
