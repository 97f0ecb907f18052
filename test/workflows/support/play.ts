import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { parseCommandFile } from '../../support/runner/command-file.ts'
import { startStep } from '../../support/runner/runner.ts'
import { type Contexts, evaluate } from './expressions.ts'

/** What a step of a job came to. */
export interface Played {
  readonly outcome: 'success' | 'failure'
  readonly outputs: Readonly<Record<string, string>>
  readonly log: string
}

interface StepYaml {
  readonly id?: string
  readonly uses?: string
  readonly run?: string
  readonly with?: Readonly<Record<string, unknown>>
  readonly env?: Readonly<Record<string, unknown>>
}

const ROOT = join(import.meta.dirname, '../../..')

/** A job of a workflow whose steps a test has run one after the other, with what they share. */
export interface JobPlay {
  /** Runs the step with this id, or the one whose script holds this text. */
  step(which: string): Promise<Played>
}

/**
 * Prepares a job of `workflow`, in a workspace where the repository is checked out as `deploy-gate`. Its runner has what comes with
 * the repository only: steps that install something are not for it.
 * @param folder the test's own, where the workspace is made
 */
export function openJob(
  workflow: string,
  name: string,
  { folder, contexts = {} }: { folder: string; contexts?: Contexts },
): JobPlay {
  const { jobs } = parse(workflow) as { jobs: Record<string, { steps: StepYaml[] }> }
  const workspace = mkdtempSync(join(folder, 'workspace-'))
  symlinkSync(ROOT, join(workspace, 'deploy-gate'))
  const steps: Record<string, Contexts> = {}
  return {
    async step(which) {
      const all = jobs[name]?.steps ?? []
      const step = all.find(({ id }) => id === which) ?? all.find(({ run }) => run?.includes(which))
      if (!step) throw new Error(`The job ${name} has no step "${which}".`)
      const values = (texts: StepYaml['env'] = {}) =>
        Object.fromEntries(
          Object.entries(texts).map(([key, text]) => [key, evaluate(String(text), { ...contexts, steps })]),
        )
      const env = values(step.env)
      const played =
        step.run === undefined
          ? await action(step, { inputs: values(step.with), env, workspace })
          : await script(step.run, { env, workspace, folder })
      if (step.id) steps[step.id] = { outcome: played.outcome, outputs: played.outputs }
      return played
    },
  }
}

/** An Action of the workspace. */
async function action(
  { uses = '' }: StepYaml,
  options: { inputs: Record<string, string>; env: Record<string, string>; workspace: string },
): Promise<Played> {
  if (!uses.startsWith('./')) throw new Error(`${uses} is not in the workspace.`)
  await using step = startStep({ ...options, action: join(options.workspace, uses) })
  const { code, outputs, log } = await step.done
  await step.post()
  return { outcome: code === 0 ? 'success' : 'failure', outputs, log }
}

/** A script, by the shell that the runner takes. */
async function script(
  run: string,
  { env, workspace, folder }: { env: Record<string, string>; workspace: string; folder: string },
): Promise<Played> {
  const output = join(mkdtempSync(join(folder, 'step-')), 'output')
  writeFileSync(output, '')
  const shell = spawn('bash', ['-e', '-c', run], {
    cwd: workspace,
    env: {
      PATH: process.env.PATH ?? '',
      ...{ RUNNER_TEMP: folder, GITHUB_WORKSPACE: workspace, GITHUB_OUTPUT: output },
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let log = ''
  for (const stream of [shell.stdout, shell.stderr]) stream.on('data', (text) => (log += text))
  const code = await new Promise((resolve) => shell.once('exit', resolve))
  return {
    outcome: code === 0 ? 'success' : 'failure',
    outputs: parseCommandFile(readFileSync(output, 'utf8')),
    log,
  }
}
