import { join } from 'node:path'
import type { BuildOptions } from 'esbuild'

/** How everything that is shipped is bundled. */
export const bundled = {
  absWorkingDir: join(import.meta.dirname, '..'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  loader: { '.lua': 'text' },
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
} satisfies BuildOptions
