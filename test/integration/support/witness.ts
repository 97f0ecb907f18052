import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { expect } from 'vitest'
import { descendantsOf } from '../../../src/process/process-table.ts'
import { leaks, type Step, type StepResult } from '../../support/runner/runner.ts'
import type { Scene } from './scene.ts'

const SAMPLE_EVERY_MS = 20

/** Watches one step from outside for secrets: command lines, environments, files, and all that it says. */
export interface Witness extends Disposable {
  /** for the step: its git is a recorded one, its temporary folders are the witness's */
  readonly env: Record<string, string>
  /** Looks at the step's processes from now on. */
  watch(step: Step): void
  /** programs of the step's processes that were seen */
  readonly seen: ReadonlySet<string>
  /** Fails if a secret came to where it has no business, or something was left behind. */
  assertClean(...results: readonly StepResult[]): void
}

/** A process as it was seen once. */
interface Sighting {
  readonly command: string
  readonly environment: string
}

/**
 * @param secrets every form of every secret of the step
 * @param checkout where the step works
 * @param mayDoWithoutGit the step may end before git was called for the first time
 */
export function witness(
  { world }: Scene,
  secrets: readonly string[],
  checkout = world.checkout.path,
  mayDoWithoutGit = false,
): Witness {
  const folder = join(world.folder, 'witness')
  const [shims, calls, temp, runnerTemp] = ['shims', 'calls', 'tmp', 'runner-temp'].map((name) => {
    mkdirSync(join(folder, name), { recursive: true })
    return join(folder, name)
  }) as [string, string, string, string]
  record(shims, calls)
  const hookRan = join(folder, 'hook-ran')
  const config = join(checkout, '.git/config')
  for (const name of ['pre-push', 'reference-transaction', 'post-index-change', 'fsmonitor-watchman']) {
    const hook = join(checkout, '.git/hooks', name)
    mkdirSync(join(hook, '..'), { recursive: true })
    writeFileSync(hook, `#!/bin/sh\necho ${name} >> '${hookRan}'\n`)
    chmodSync(hook, 0o755)
  }
  const before = { files: filesOf(checkout), home: namesIn(world.folder), config: read(config) }
  const sightings = new Map<string, Sighting>()
  const seen = new Set<string>()
  let timer: NodeJS.Timeout | undefined
  const holds = (text: string) => secrets.filter((secret) => text.includes(secret))

  return {
    env: { PATH: `${shims}${delimiter}${process.env.PATH}`, TMPDIR: temp, RUNNER_TEMP: runnerTemp },
    seen,
    watch({ pid }) {
      timer = setInterval(() => {
        const step = commandOf(pid)
        expect.soft(holds(step)).toEqual([])
        for (const { pid: child, name } of descendantsOf(pid)) {
          const command = commandOf(child)
          // A child that has not become its program yet is the step's own image.
          if (command !== '' && command !== step)
            sightings.set(command, { command, environment: read(`/proc/${child}/environ`) })
          seen.add(name)
        }
      }, SAMPLE_EVERY_MS)
    },
    assertClean(...results) {
      for (const { command, environment } of sightings.values()) {
        expect(holds(command), command).toEqual([])
        if (!toHeroku(command)) expect(holds(environment), `environment of ${command}`).toEqual([])
      }
      const recorded = readdirSync(calls).map((name) => read(join(calls, name)))
      if (!mayDoWithoutGit) expect(recorded.length).toBeGreaterThan(0)
      for (const call of recorded) {
        const [command = '', ...environment] = call.split('\n')
        expect(holds(command), command).toEqual([])
        const known = holds(environment.join('\n'))
        if (!toHeroku(command)) expect(known, `environment of ${command}`).toEqual([])
        // The one form in which git needs it, and nothing of the Redis.
        else for (const secret of known) expect(Buffer.from(secret, 'base64').toString()).toMatch(/^heroku:/)
      }
      expect(existsSync(hookRan)).toBe(false)

      expect([...readdirSync(temp), ...readdirSync(runnerTemp)]).toEqual([])
      expect(namesIn(world.folder)).toEqual(before.home)
      expect(read(config)).toBe(before.config)
      expect(filesOf(checkout).filter(isLasting)).toEqual(before.files.filter(isLasting))
      for (const file of filesOf(checkout)) expect(holds(read(file)), file).toEqual([])

      for (const { raw, log, summary, outputs, state, annotations } of results) {
        for (const secret of secrets) expect(leaks(raw, secret)).toEqual([])
        expect(holds(log + summary + unescaped(summary))).toEqual([])
        expect(holds(JSON.stringify(annotations))).toEqual([])
        for (const value of Object.values({ ...outputs, ...state })) {
          expect(holds(value + readable(value))).toEqual([])
        }
        expect(Object.keys(state)).toEqual(Object.keys(state).filter((name) => name === 'hold'))
      }
    },
    [Symbol.dispose]() {
      clearInterval(timer)
    },
  }
}

/** Git that talks to Heroku, and its own helpers: nobody else needs the token. */
function toHeroku(command: string): boolean {
  return /ls-remote|push|remote-https?|send-pack|pack-objects/.test(command)
}

/** A git that writes down how it was called, first its arguments, then its environment, and is git for the rest. */
function record(shims: string, calls: string): void {
  const real = (process.env.PATH ?? '')
    .split(delimiter)
    .map((path) => join(path, 'git'))
    .find((path) => existsSync(path))
  const shim = join(shims, 'git')
  writeFileSync(shim, `#!/bin/sh\n{ echo "git $*"; export -p; } > '${calls}'/$$\nexec '${real}' "$@"\n`)
  chmodSync(shim, 0o755)
}

/** A summary as a browser shows it. */
function unescaped(markdown: string): string {
  return markdown
    .replace(/<\/?span>/g, '')
    .replace(/<\/?code>/g, '`')
    .replace(/&#(\d+);/g, (_, code) => String.fromCharCode(Number(code)))
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&')
}

/** The texts in a value that is JSON. */
function readable(value: string): string {
  const texts: string[] = []
  try {
    JSON.parse(value, (_name, one) => texts.push(String(one)))
  } catch {
    return value
  }
  return texts.join('\n')
}

/** Whatever is not the test's own: git's home holds the server's repositories and the clocks, too. */
function namesIn(home: string): string[] {
  return readdirSync(home).filter((name) => !/^app-|^released$/.test(name))
}

function filesOf(folder: string): string[] {
  return readdirSync(folder, { recursive: true })
    .map((name) => join(folder, String(name)))
    .sort()
    .filter((path) => statSync(path).isFile())
}

/** Completing a shallow clone brings objects, and takes the mark of one away. */
function isLasting(file: string): boolean {
  return !/\.git\/(objects\/|FETCH_HEAD$|shallow$)/.test(file)
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

/** Empty for what is gone by now. */
function read(path: string): string {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return ''
  }
}
