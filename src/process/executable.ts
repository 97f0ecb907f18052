import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'

/** Whether there is such a file, and whether it may be run. */
export async function executability(path: string): Promise<'runs' | 'not-executable' | 'absent'> {
  try {
    if (!(await stat(path)).isFile()) return 'absent'
  } catch {
    return 'absent'
  }
  return access(path, constants.X_OK).then(
    () => 'runs',
    () => 'not-executable',
  )
}

/** The folders of an environment's PATH, which Windows writes in any case. */
export function pathOf(env: NodeJS.ProcessEnv): string {
  return Object.entries(env).find(([name]) => name.toLowerCase() === 'path')?.[1] ?? ''
}
