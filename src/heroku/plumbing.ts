import { DeployError } from '../outcome.ts'
import { quote } from '../quote.ts'
import type { Git, Plumbed } from './git.ts'

/** Runs git commands of the kind that only fails when something is wrong with the repository, and gives what they print. */
export type Plumbing = (args: readonly string[], work?: Plumbed) => Promise<Buffer>

/**
 * @param task what git is asked for, as in: Git can't …
 * @returns rejects with a DeployError `preflight-failed` when git fails, or with the signal's reason
 */
export function createPlumbing(git: Git, task: string, signal: AbortSignal): Plumbing {
  return async (args, work) => {
    const { code, stdout, stderr } = await git.plumbing(args, signal, work)
    if (code === 0) return stdout
    const said = stderr.findLast((line) => /^(fatal|error):/.test(line)) ?? `exit code ${code}`
    throw new DeployError(
      'preflight-failed',
      `Git can't ${task}: \`git ${args.find((arg) => /^[a-z]+(-[a-z]+)*$/.test(arg))}\` says ${quote(said)}.`,
      'Run `git fsck` in the checkout to see whether something is missing there. Of a partial clone everything has to be fetched: ' +
        'leave `filter` of `actions/checkout` out.',
    )
  }
}
