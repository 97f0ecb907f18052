import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { type Program, startProgram } from './program.ts'

/** The system's own: a version manager's does not see the packages of the system. */
const PYTHON = '/usr/bin/python3'
const PYTHONPATH = [join(import.meta.dirname, '../../../clients/python'), import.meta.dirname].join(':')

/** Runs a few lines of Python to their end. */
export function runPython(lines: string, env: Record<string, string> = {}) {
  const { stdout, stderr, status } = spawnSync(PYTHON, ['-W', 'error', '-B', '-c', lines], {
    env: { PATH: process.env.PATH, PYTHONPATH, ...env },
    encoding: 'utf8',
    // A deadlock is seen as no output, and by the missing exit code.
    timeout: 60_000,
    killSignal: 'SIGKILL',
  })
  return { stdout, stderr, status, last: stderr.trim().split('\n').at(-1) }
}

/** Starts a Python process that goes on until the test ends it. It is told statements: see `obey` in driven.py. */
export function startPython(lines: string, env: Record<string, string>): Program {
  return startProgram(PYTHON, ['-B', '-c', lines], { PYTHONPATH, ...env })
}
