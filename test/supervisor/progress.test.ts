import { spawn } from 'node:child_process'
import { describe, expect, it, vi } from 'vitest'
import { LIMIT } from '../participant/support/lines.ts'
import { CLI, said, useGate } from './support/gate.ts'

vi.setConfig({ testTimeout: 60_000 })

const gate = useGate()

/** Says what it is told to, line by line, where its progress is read; ends with its input. */
const ECHOING = `
import os, signal, sys
signal.signal(signal.SIGTERM, lambda *_: None)
said = os.fdopen(int(os.environ.get("DEPLOY_GATE_FD", "1")), "w")
for line in sys.stdin:
    said.write(line)
    said.flush()
`

describe.each([
  ['fd', ''],
  ['stdout', 'deploy-gate: '],
])('progress over %s', (where, prefix) => {
  function open() {
    const args = [CLI, 'run', '--progress', where, '--', '/usr/bin/python3', '-c', ECHOING]
    const child = spawn(process.execPath, args, { env: gate.env() })
    child.stdin.on('error', () => {})
    const shown = { out: '', err: '' }
    child.stdout.on('data', (piece) => {
      shown.out += piece
    })
    child.stderr.on('data', (piece) => {
      shown.err += piece
    })
    const says = (line: string) => child.stdin.write(`${prefix}${line}\n`)
    const warnings = () =>
      shown.err.split('\n').filter((line) => line.includes('line of progress that is none'))
    return { child, shown, says, warnings }
  }

  it('tells the deploy how far the jobs are, counted from the request on', async () => {
    const { child, says, warnings } = open()
    says('{"running":1,"finished":7,"stored":2,"note":"export of 12:05"}')
    says('that was all')
    // Whatever came before the line that is complained of was read.
    await expect.poll(warnings, LIMIT).toHaveLength(1)
    await gate.deployer.acquire()
    await gate.deployer.sees({
      state: 'draining',
      running: 1,
      finished: 0,
      stored: 0,
      note: 'export of 12:05',
    })
    says('{"running":2}')
    await gate.deployer.sees({ state: 'draining', running: 2, finished: 0, stored: 0 })
    says('{"running":0,"finished":9,"stored":3}')
    await gate.deployer.sees({ state: 'draining', running: 0, finished: 2, stored: 1 })
    says('{"finished":10,"note":"all done"}')
    child.stdin.end()
    await gate.deployer.sees({
      state: 'drained',
      running: 0,
      finished: 3,
      stored: 1,
      note: 'python3 ended with code 0; all done',
    })
  })

  it('goes on after lines that are none, of whatever length, and complains once', async () => {
    const { child, shown, says, warnings } = open()
    says('ready')
    await expect.poll(warnings, LIMIT).toHaveLength(1)
    await gate.deployer.acquire()
    for (const line of ['{"running":1', '[]', '{"running":"one"}', 'x'.repeat(1 << 20)]) says(line)
    says('{"running":5}')
    await gate.deployer.sees({ state: 'draining', running: 5 })
    child.stdin.end()
    await gate.deployer.sees({ state: 'drained' })
    expect(warnings()).toHaveLength(1)
    // As output they are none of the supervisor's business.
    if (where === 'stdout') await expect.poll(() => shown.out.length, LIMIT).toBeGreaterThan(1 << 20)
    else expect(shown.out).toBe('')
  })

  it('says which jobs a program that died had running', async () => {
    const { child, says, warnings } = open()
    says('{"running":2}')
    says('that was all')
    await expect.poll(warnings, LIMIT).toHaveLength(1)
    await gate.deployer.acquire()
    await gate.deployer.sees({ state: 'draining', running: 2 })
    for (const pid of gate.processes()) if (pid !== child.pid) process.kill(pid, 'SIGKILL')
    await gate.deployer.sees({
      state: 'drained',
      note: 'python3 was ended by SIGKILL with 2 running: they may be lost',
    })
  })
})

it('is counted for each run of the program by itself, and can go to /dev/fd', async () => {
  const script = `trap 'echo "{\\"finished\\":4}" >/dev/fd/$DEPLOY_GATE_FD; exit' TERM
    echo ready; while :; do sleep 0.05; done`
  const app = gate.run(['sh', '-c', script], ['--progress', 'fd'])
  for (const turn of [1, 2]) {
    await expect.poll(() => said(app), LIMIT).toHaveLength(turn)
    const owner = await gate.deployer.acquire()
    await gate.deployer.sees({ state: 'drained', finished: 4, stored: 0, epoch: owner.epoch })
    await gate.deployer.finish(owner, 'aborted')
  }
})
