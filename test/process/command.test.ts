import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { commandProblem, runCommand } from '../../src/process/command.ts'
import type { Environment } from '../../src/process/process-group.ts'
import { surroundings } from '../heroku/support/surroundings.ts'
import { rejection } from '../heroku/support/world.ts'

const folder = mkdtempSync(join(tmpdir(), 'gate-command-'))
afterAll(() => rmSync(folder, { recursive: true }))
const PATH = process.env.PATH ?? ''

writeFileSync(join(folder, 'plain'), '#!/bin/sh\n')
writeFileSync(join(folder, 'runs'), '#!/bin/sh\necho "$0: $@"\n')
writeFileSync(join(folder, 'no-interpreter'), '#!/nowhere/sh\n')
mkdirSync(join(folder, 'directory'))
for (const name of ['runs', 'no-interpreter']) chmodSync(join(folder, name), 0o755)

function run(program: string, args: readonly string[] = [], env: Environment = { PATH }) {
  const around = surroundings()
  const sent: ((name: NodeJS.Signals) => void)[] = []
  const onLine = (line: string) => around.log.info(line)
  const onStart = (send: (name: NodeJS.Signals) => void) => sent.push(send)
  const done = runCommand({ program, args, cwd: folder, env, onLine, onStart }, around)
  done.catch(() => {})
  return { done, around, send: (name: NodeJS.Signals) => sent[0]?.(name) }
}

describe('a command', { timeout: 20_000 }, () => {
  it('gets its arguments as they are: there is no shell', async () => {
    const { done, around } = run('printf', ['%s\\n', '$HOME; echo no', '*'])
    expect(await done).toEqual({ code: 0 })
    expect(around.lines).toEqual(['$HOME; echo no', '*'])
  })

  it('passes on its code', async () => {
    expect(await run('sh', ['-c', 'exit 3']).done).toEqual({ code: 3 })
  })

  it('that a signal ends has a code as in a shell', async () => {
    expect(await run('sh', ['-c', 'kill -KILL $$']).done).toEqual({ code: 137, signal: 'SIGKILL' })
  })

  it('is sent signals, and what it has started is too', async () => {
    const script =
      'trap "" INT; (trap "echo child; exit" INT; echo ready; n=0; while [ $n -lt 600 ]; do sleep 0.1; n=$((n+1)); done); echo end'
    const { done, around, send } = run('sh', ['-c', script])
    await around.logged(/^ready$/)
    send('SIGINT')
    expect(await done).toEqual({ code: 0 })
    expect(around.lines).toEqual(['ready', 'child', 'end'])
  })

  it('is ended when the signal of its caller aborts', async () => {
    const { done, around } = run('sh', ['-c', 'echo ready; sleep 60'])
    await around.logged(/^ready$/)
    const reason = new Error('cancelled')
    around.abort(reason)
    expect(await rejection(done)).toBe(reason)
  })
})

describe('a command that can not be started', () => {
  it.each([
    ['gti', 127, 'there is no program gti on the PATH'],
    ['./gti', 127, 'there is no program ./gti'],
    ['directory', 127, 'there is no program directory on the PATH'],
    ['./directory', 127, 'there is no program ./directory'],
    ['', 127, 'there is no program  on the PATH'],
    ['./plain', 126, './plain is not executable: chmod +x makes it so'],
    ['plain', 126, 'plain is not executable: chmod +x makes it so'],
  ])('%s is known beforehand', async (program, code, problem) => {
    const env = { PATH: `${PATH}:${folder}` }
    expect(await commandProblem({ program, cwd: folder, env })).toEqual({ code, problem })
  })

  it.each([
    ['sh', PATH],
    ['./runs', ''],
    ['runs', `/nowhere:${folder}`],
    ['runs', `bin:.`],
  ])('%s with the PATH %s is none of them', async (program, path) => {
    const env = { PATH: path }
    expect(await commandProblem({ program, cwd: folder, env })).toBeUndefined()
    expect(await run(program, ['-c', 'exit 0'], env).done).toEqual({ code: 0 })
  })

  it('is told when only the start shows it', async () => {
    const program = join(folder, 'no-interpreter')
    expect(await commandProblem({ program, cwd: folder, env: {} })).toBeUndefined()
    expect(await run(program).done).toEqual({ code: 127, problem: `there is no program ${program}` })
  })
})
