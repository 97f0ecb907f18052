import { join } from 'node:path'
import { type Program, startProgram } from './program.ts'

const clients = join(import.meta.dirname, '../../../clients')

/** The clients that are one file for an app to copy. */
export type Language = 'python' | 'ruby'
export const LANGUAGES: readonly Language[] = ['python', 'ruby']

/** What an app is started with beside REDIS_URL. */
export interface JoinedOptions {
  /** SHA-256 of the only accepted certificate */
  readonly pin?: string
  /** further environment */
  readonly env?: Readonly<Record<string, string>>
}

/**
 * Starts an app with nothing to finish, on the dyno `clock.1`, that beats twice a second. It prints `drain` and `resume` as it is told so,
 * and `joined` when it may schedule.
 */
export function startJoined(language: Language, url: string, { pin, env }: JoinedOptions = {}): Program {
  const [program, args] = APPS[language]
  return startProgram(program, args, { REDIS_URL: url, DYNO: 'clock.1', ...(pin && { PIN: pin }), ...env })
}

const PYTHON = `
import os, sys
sys.path.insert(0, ${JSON.stringify(join(clients, 'python'))})
import deploy_gate
deploy_gate._IDLE_BEAT = deploy_gate._DRAINING_BEAT = deploy_gate._HELD_BEAT = 500
sys.stdout.reconfigure(line_buffering=True)
def say(line):
    sys.stdout.write(line + "\\n")
deploy_gate.join(lambda context: say("drain"), lambda: say("resume"), certificate_fingerprint=os.environ.get("PIN"))
say("joined")
sys.stdin.read()
`

const RUBY = `
$stdout.sync = true
%i[IDLE_BEAT DRAINING_BEAT HELD_BEAT].each do |name|
  DeployGate.send(:remove_const, name)
  DeployGate.const_set(name, 500)
end
say = ->(line) { $stdout.write("#{line}\\n") && nil }
DeployGate.join(drain: ->(_) { say["drain"] }, resume: -> { say["resume"] }, certificate_fingerprint: ENV["PIN"])
say["joined"]
$stdin.read
`

const APPS = {
  // The system's own: a version manager's does not see the packages of the system.
  python: ['/usr/bin/python3', ['-B', '-c', PYTHON]],
  ruby: ['/usr/bin/ruby', ['-r', join(clients, 'ruby/deploy_gate.rb'), '-e', RUBY]],
} as const
