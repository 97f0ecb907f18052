import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'

const CLIENTS = join(import.meta.dirname, '../../clients')

/**
 * The environment of dynos in which an example finds what Heroku would have installed for it: the interpreters by their usual names, the
 * schedulers as this system has them, and this repository's own clients in place of the packages `heroku-deploy-gate` and
 * `heroku_deploy_gate`. What Node's apps depend on, the local Heroku's build installs.
 * @param folder of the test, in which the interpreters' names go
 */
export function installed(folder: string): Record<string, string> {
  const bin = join(folder, 'bin')
  mkdirSync(bin)
  // The system's own: a version manager's don't see the packages of the system.
  symlinkSync('/usr/bin/python3', join(bin, 'python'))
  // In place of Bundler, `bundle exec <program> …`: the gems are the system's.
  writeFileSync(
    join(bin, 'bundle'),
    '#!/bin/sh\nprogram=$2\nshift 2\nexec /usr/bin/ruby "/usr/bin/$program" "$@"\n',
    { mode: 0o755 },
  )
  return {
    PATH: [bin, dirname(process.execPath), process.env.PATH].join(delimiter),
    PYTHONPATH: join(CLIENTS, 'python'),
    RUBYLIB: join(CLIENTS, 'ruby'),
    // As Heroku's buildpack for Python has it.
    PYTHONUNBUFFERED: '1',
    PYTHONDONTWRITEBYTECODE: '1',
  }
}
