import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** The one version of all packages: package.json's. */
export const { version } = JSON.parse(
  readFileSync(join(import.meta.dirname, '../../../package.json'), 'utf8'),
) as { readonly version: string }
