import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A program under trial: a listener with its real scheduler. */
export interface Client {
  readonly client: string
  readonly folder: string
  /** program and arguments, run in `folder` */
  readonly command: readonly string[]
  /** beside REDIS_URL, DYNO and DEPLOY_GATE_NAME */
  readonly env: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '../..')
/** What a dyno finds on its PATH as `deploy-gate`. */
const cli = join(root, 'lib/cli.js')
const apps = join(import.meta.dirname, 'apps')
const node = { NODE_TRIAL: join(apps, 'node-trial/trial.js') }
const python = { PYTHONPATH: `${join(root, 'clients/python')}:${join(apps, 'python-trial')}` }
const ruby = { RUBYLIB: `${join(root, 'clients/ruby')}:${join(apps, 'ruby-trial')}` }

export const clients: readonly Client[] = [
  client('node-croner', node),
  client('node-cron', node),
  client('node-toad', node),
  client('node-bullmq', node),
  client('node-bree', node),
  client('python-plain', python),
  client('python-apscheduler', python),
  client('python-apscheduler-blocking', python),
  client('ruby-plain', ruby),
  client('ruby-clockwork', ruby),
  client('run-shell', {}),
  client('run-python', python),
  client('run-celery', python),
  client('perl-listener', {}, join(root, 'examples/perl-listener')),
]

function client(name: string, env: Record<string, string>, folder = join(apps, name)): Client {
  const procfile = readFileSync(join(folder, 'Procfile'), 'utf8')
  const [program = '', ...args] = procfile
    .replace(/^clock:\s*/, '')
    .trim()
    .split(' ')
  const command = program === 'deploy-gate' ? [process.execPath, cli, ...args] : [program, ...args]
  return { client: name, folder, command, env }
}
