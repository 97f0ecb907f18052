/** Builds the model with spin and a C compiler for one check, and searches it. */
import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Check } from './checks.ts'

/** What came of a check. */
export interface Finding {
  readonly check: Check
  readonly passed: boolean
  /** one line for a person */
  readonly why: string
  readonly states: number
  readonly depth: number
  readonly seconds: number
}

/** What a search said. */
export interface Search {
  /** the assertion that was violated, by its name; empty: none */
  readonly violated: string
  /** why not everything was searched; empty: everything was */
  readonly truncated: string
  readonly states: number
  readonly depth: number
}

const MODEL = join(import.meta.dirname, 'gate.pml')
/** Steps in one run; one that is longer makes the search truncated, and that is a failure. */
const MAX_DEPTH = 1_000_000
const MEMORY_MB = 4_000
/** NOREDUCE: all steps share what they work on, so leaving out orders of steps only costs time. COLLAPSE: exact, in less memory. */
const COMPILER = ['-O2', '-w', '-DSAFETY', '-DNOREDUCE', '-DCOLLAPSE', `-DMEMLIM=${MEMORY_MB}`]

/** Searches the model of `check` wholly, or up to the first violation. @param signal ends the search. @throws Error that says what is missing or wrong */
export async function verify(check: Check, signal?: AbortSignal): Promise<Finding> {
  const folder = await mkdtemp(join(tmpdir(), 'deploy-gate-model-'))
  const start = performance.now()
  try {
    const settings = Object.entries(check.settings).map(([name, value]) => `-D${name}=${value}`)
    await run('spin', [...settings, '-a', MODEL], folder, signal)
    // The last step of a list first: it finds what is there to be found sooner, and does not matter to a search of everything.
    const order = check.violates === undefined ? [] : ['-DT_REVERSE']
    await run('gcc', [...COMPILER, ...order, '-o', 'pan', 'pan.c'], folder, signal)
    const search = readSearch(await run('./pan', [`-m${MAX_DEPTH}`, '-w24'], folder, signal))
    const { states, depth } = search
    return { check, ...judge(check, search), states, depth, seconds: (performance.now() - start) / 1000 }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Whether a search found what it should. */
export function judge(
  { violates = '' }: Check,
  { violated, truncated }: Search,
): Pick<Finding, 'passed' | 'why'> {
  if (violated !== violates) {
    if (violated !== '') return { passed: false, why: `${violated} is violated` }
    if (truncated === '') return { passed: false, why: `${violates} is not violated` }
  }
  // What was found was found, however far the search had come.
  if (violated === '' && truncated !== '') return { passed: false, why: truncated }
  return {
    passed: true,
    why: violated === '' ? 'holds' : violated === 'goal' ? 'happens' : `violates ${violated}`,
  }
}

/** Reads what the checker printed. @throws Error if that is not the report of a search */
export function readSearch(text: string): Search {
  const states = /^\s*(\S+) states, stored/m.exec(text)?.[1]
  const depth = /depth reached (\d+)/.exec(text)?.[1]
  const errors = /errors: (\d+)/.exec(text)?.[1]
  if (states === undefined || depth === undefined || errors === undefined)
    throw new Error(`The checker printed no report of a search:\n${text.trim()}`)
  const violated = /assertion violated \(*\s*(I\d+|goal)\b/.exec(text)?.[1]
  const other = /^pan:\d+: (.*)$/m.exec(text)?.[1]
  if (errors !== '0' && violated === undefined && other === undefined)
    throw new Error(`The checker found an error that it does not name:\n${text.trim()}`)
  return {
    violated: violated ?? (errors === '0' ? '' : (other ?? '')),
    truncated: truncation(text),
    states: Number(states),
    depth: Number(depth),
  }
}

function truncation(text: string): string {
  if (/max search depth too small/.test(text)) return `truncated: a run is longer than ${MAX_DEPTH} steps`
  if (/reached -DMEMLIM|out of memory/.test(text)) return `truncated: more than ${MEMORY_MB} MB are needed`
  if (/Search not completed/.test(text)) return 'truncated: the search was not completed'
  return ''
}

function run(command: string, args: readonly string[], cwd: string, signal?: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(
      command,
      args,
      { cwd, maxBuffer: 16 << 20, ...(signal && { signal }) },
      (error, stdout, stderr) => {
        if (error && 'code' in error && error.code === 'ENOENT')
          reject(
            new Error(
              `${command} is missing. The model needs spin 6.5 and gcc: run script/install clients, or install the packages spin and gcc.`,
            ),
          )
        else if (error) reject(new Error(`${command} failed: ${stdout}${stderr}`.trim()))
        else resolve(stdout + stderr)
      },
    )
  })
}
