import { execFile } from 'node:child_process'
import { dirname } from 'node:path'
import { promisify } from 'node:util'

const execute = promisify(execFile)
const OURS = /^(npm_|NODE_(ENV|OPTIONS|PATH)$|PYTHON|RUBY|GEM_|BUNDLE_|VITEST|DEPLOY_GATE_)/

/** What a stranger's shell has: nothing of npm's own variables, nor of what this checkout puts on search paths. */
export const stranger: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(process.env).flatMap(([name, value]) =>
    value === undefined || OURS.test(name) ? [] : [[name, value]],
  ),
)

/** The surroundings with this Node, or another one, first on the PATH. */
export function withNode(node = process.execPath): Record<string, string> {
  return { ...stranger, PATH: `${dirname(node)}:${stranger.PATH ?? ''}` }
}

/**
 * Runs a program to its end.
 * @throws Error with all that it printed, when it ends with anything but 0, or not within two minutes
 */
export async function run(
  program: string,
  args: readonly string[],
  { cwd, env = withNode() }: { readonly cwd: string; readonly env?: Record<string, string> },
): Promise<{ readonly stdout: string; readonly stderr: string }> {
  try {
    return await execute(program, args, { cwd, env, timeout: 120_000, killSignal: 'SIGKILL' })
  } catch (error) {
    const { stdout, stderr } = error as { stdout?: string; stderr?: string }
    throw new Error(`${program} ${args.join(' ')}\n${stdout ?? ''}\n${stderr ?? ''}`, { cause: error })
  }
}
