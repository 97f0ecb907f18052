import { randomUUID } from 'node:crypto'
import { lstat, mkdir, readFile, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { git } from './git.ts'
import { type ProcessTypes, parseProcfile } from './procfile.ts'

/** What a build makes and a dyno runs: here a folder. The dynos of a release share it. */
export interface Slug {
  readonly id: string
  /** full SHA */
  readonly commit: string
  readonly processTypes: ProcessTypes
  readonly folder: string
  readonly createdAt: Date
}

const root = join(import.meta.dirname, '../../..')
/** What `npm ci` would install: the fixtures' packages from this repository. `heroku-deploy-gate` and its command are the built ones, in lib/. */
const INSTALLED = ['croner', 'node-cron', 'bullmq', 'toad-scheduler', 'bree', 'ioredis']
const PACKAGES = {
  'heroku-deploy-gate': root,
  '.bin/deploy-gate': join(root, 'lib/cli.js'),
  ...Object.fromEntries(INSTALLED.map((name) => [name, join(root, 'node_modules', name)])),
}

/**
 * Checks a commit out into a new folder below `parent` and installs its packages.
 * @param objects where git finds objects that are not in the repository yet: those of a push that is being judged
 */
export async function makeSlug(
  repository: string,
  commit: string,
  parent: string,
  objects: Readonly<Record<string, string>> = {},
): Promise<Slug> {
  const id = randomUUID()
  const folder = join(parent, id)
  await mkdir(folder, { recursive: true })
  const place = { GIT_WORK_TREE: folder, GIT_INDEX_FILE: join(parent, `${id}.index`) }
  await git(repository, ['read-tree', '-u', '--reset', commit], { ...objects, ...place })
  const procfile = await readFile(join(folder, 'Procfile'), 'utf8').catch(absent)
  await mkdir(join(folder, 'node_modules/.bin'), { recursive: true })
  for (const [name, target] of Object.entries(PACKAGES)) {
    const link = join(folder, 'node_modules', name)
    if (!(await lstat(link).catch(absent))) await symlink(target, link)
  }
  return { id, commit, processTypes: parseProcfile(procfile ?? ''), folder, createdAt: new Date() }
}

function absent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
