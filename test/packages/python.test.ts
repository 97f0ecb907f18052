import { cpSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { run, stranger } from './support/command.ts'
import { expectContents } from './support/contents.ts'
import { drainsAndResumes } from './support/held.ts'
import { version } from './support/version.ts'

const LIMIT_MS = 180_000
const root = join(import.meta.dirname, '../..')
const apps = join(root, 'test/clients/apps')
/** The system's own: it sees the system's redis, APScheduler and setuptools. */
const PYTHON = '/usr/bin/python3'
const folder = mkdtempSync(join(tmpdir(), 'deploy-gate-pip-'))
const source = join(folder, 'source')
const python = join(folder, 'venv/bin/python')
const env = { ...stranger, PIP_DISABLE_PIP_VERSION_CHECK: '1' }
const sdist = () => readdirSync(folder).find((name) => name.endsWith('.tar.gz')) ?? ''
const wheel = () => readdirSync(folder).find((name) => name.endsWith('.whl')) ?? ''

beforeAll(async () => {
  const filter = (path: string) => !/__pycache__|egg-info/.test(path)
  cpSync(join(root, 'clients/python'), source, { recursive: true, filter })
  writeFileSync(join(source, 'own.py'), '')
  const build = `import setuptools.build_meta; setuptools.build_meta.build_sdist(${JSON.stringify(folder)})`
  await run(PYTHON, ['-c', build], { cwd: source, env })
  // Of the source distribution, as whoever publishes builds it: what that leaves out is missing.
  const wheeling = [
    'wheel',
    '--no-build-isolation',
    '--no-deps',
    '--no-index',
    '--wheel-dir',
    folder,
    sdist(),
  ]
  await run(PYTHON, ['-m', 'pip', ...wheeling], { cwd: folder, env })

  await run(PYTHON, ['-m', 'venv', '--system-site-packages', '--without-pip', 'venv'], { cwd: folder, env })
  // Fetches nothing: what it depends on must be there already, in versions that it is content with.
  const installing = ['--python', python, 'install', '--no-index', `./${wheel()}[apscheduler]`]
  await run(PYTHON, ['-m', 'pip', ...installing], { cwd: folder, env })
}, LIMIT_MS)
afterAll(() => rmSync(folder, { recursive: true }))

it('is packed with the module, the licence, and what says who it is', async () => {
  const list = async (open: string) =>
    (await run(PYTHON, ['-c', open], { cwd: folder, env })).stdout.trim().split('\n')
  const zip = `import zipfile; print(*zipfile.ZipFile("${wheel()}").namelist(), sep="\\n")`
  expectContents(await list(zip), [
    'deploy_gate.py',
    /^heroku_deploy_gate-[\d.]+\.dist-info\/(licenses\/)?LICENSE$/,
    /^heroku_deploy_gate-[\d.]+\.dist-info\/(METADATA|RECORD|WHEEL|top_level\.txt)$/,
  ])
  const tar = `import tarfile; print(*[m.name for m in tarfile.open("${sdist()}") if m.isfile()], sep="\\n")`
  const files = (await list(tar)).map((name) => name.slice(name.indexOf('/') + 1))
  expectContents(files, [
    'LICENSE',
    'PKG-INFO',
    'README.md',
    'deploy_gate.py',
    'pyproject.toml',
    'setup.cfg',
    /^heroku_deploy_gate\.egg-info\/[\w-]+(\.txt)?$/,
  ])
})

it('is imported from where it is installed, in its version', async () => {
  const lines =
    'import deploy_gate, importlib.metadata as m; print(deploy_gate.__file__, deploy_gate.__version__, m.version("heroku-deploy-gate"))'
  const { stdout } = await run(python, ['-W', 'error', '-c', lines], { cwd: folder, env })
  const [file, ...versions] = stdout.trim().split(' ')
  expect(file?.startsWith(join(folder, 'venv'))).toBe(true)
  expect(versions).toEqual([version, version])
})

it(
  'drains a clock of APScheduler and gives it back',
  async () => {
    const clock = join(apps, 'python-apscheduler/clock.py')
    await drainsAndResumes(python, ['-B', clock], { PYTHONPATH: join(apps, 'python-trial') })
  },
  LIMIT_MS,
)
