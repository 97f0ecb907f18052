import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { type Program, startProgram } from './program.ts'

const root = join(import.meta.dirname, '../../..')
const action = parse(readFileSync(join(root, 'action.yml'), 'utf8'))

export interface StepOptions {
  /** as under `with:`; what is not given has the default of action.yml, as on a runner */
  readonly inputs: Record<string, string>
  readonly env: Record<string, string>
  readonly workspace: string
  /** where the command files go */
  readonly folder: string
}

export interface StepResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly outputs: Record<string, string>
  readonly summary: string
  /** everything printed but the lines that name masks */
  readonly log: string
  /** messages of `::error`, with their title */
  readonly errors: readonly string[]
  readonly warnings: readonly string[]
}

/** One step of a job: the built action, run as the runner runs it. */
export interface Step extends Program {
  readonly result: Promise<StepResult>
  /** what the runner does when a job is cancelled: SIGINT, 7.5 s, SIGTERM, 2.5 s, SIGKILL, to the node process alone */
  cancel(): Promise<StepResult>
  /** the machine is gone: no signal that could be heard, and no post step */
  vanish(): Promise<StepResult>
  /** runs the post step with the state that the main step left */
  post(): Promise<StepResult>
}

export function startStep(options: StepOptions): Step {
  const files = commandFiles(options.folder)
  const program = startProgram(join(root, action.runs.main), options.workspace, environment(options, files))
  const result = resultOf(program, files)
  return {
    ...program,
    result,
    async cancel() {
      const rungs: [NodeJS.Signals, number][] = [
        ['SIGINT', 7_500],
        ['SIGTERM', 2_500],
        ['SIGKILL', 0],
      ]
      for (const [signal, waitMs] of rungs) {
        program.kill(signal)
        const over = new AbortController()
        const time = delay(waitMs, undefined, { signal: over.signal }).catch(() => {})
        await Promise.race([program.ended, time])
        over.abort()
      }
      return result
    },
    vanish() {
      program.kill('SIGKILL')
      return result
    },
    async post() {
      await program.ended
      const state = Object.entries(readCommands(files.GITHUB_STATE)).map(([name, value]) => [
        `STATE_${name}`,
        value,
      ])
      const again = commandFiles(options.folder)
      const env = { ...environment(options, again), ...Object.fromEntries(state) }
      return resultOf(startProgram(join(root, action.runs.post), options.workspace, env), again)
    },
  }
}

type CommandFiles = Record<'GITHUB_OUTPUT' | 'GITHUB_STATE' | 'GITHUB_STEP_SUMMARY', string>

function commandFiles(parent: string): CommandFiles {
  const folder = mkdtempSync(join(parent, 'step-'))
  const file = (name: string) => {
    const path = join(folder, name)
    writeFileSync(path, '')
    return path
  }
  return {
    GITHUB_OUTPUT: file('output'),
    GITHUB_STATE: file('state'),
    GITHUB_STEP_SUMMARY: file('summary.md'),
  }
}

function environment({ inputs, env, workspace }: StepOptions, files: CommandFiles): Record<string, string> {
  const declared = Object.entries<{ default?: string }>(action.inputs)
  const defaults = Object.fromEntries(declared.map(([name, input]) => [name, input.default ?? '']))
  const given = Object.entries({ ...defaults, ...inputs }).map(([name, value]) => [
    `INPUT_${name.replaceAll(' ', '_').toUpperCase()}`,
    value,
  ])
  return {
    CI: 'true',
    GITHUB_ACTIONS: 'true',
    GITHUB_ACTOR: 'ada',
    GITHUB_REPOSITORY: 'acme/shop',
    GITHUB_RUN_ID: '12',
    GITHUB_SERVER_URL: 'https://github.com',
    GITHUB_WORKSPACE: workspace,
    ...env,
    ...files,
    ...Object.fromEntries(given),
  }
}

async function resultOf(program: Program, files: CommandFiles): Promise<StepResult> {
  const { code, signal } = await program.ended
  const shown = program.lines.filter((line) => !line.startsWith('::add-mask::'))
  const annotations = (level: string) =>
    shown.flatMap((line) => new RegExp(`^::${level}(?: [^:]*)?::(.*)$`).exec(line)?.[1] ?? []).map(unescaped)
  return {
    code,
    signal,
    outputs: readCommands(files.GITHUB_OUTPUT),
    summary: readFileSync(files.GITHUB_STEP_SUMMARY, 'utf8'),
    log: shown.join('\n'),
    errors: annotations('error'),
    warnings: annotations('warning'),
  }
}

function unescaped(text: string): string {
  return text.replaceAll('%0A', '\n').replaceAll('%0D', '\r').replaceAll('%25', '%')
}

/** `name<<delimiter`, lines, `delimiter`: the last value of a name counts. */
function readCommands(path: string): Record<string, string> {
  const found = readFileSync(path, 'utf8').matchAll(/^([^\n]+?)<<([^\n]+)\n([\s\S]*?)\n?\2$/gm)
  return Object.fromEntries([...found].map(([, name, , value]) => [name, value]))
}
