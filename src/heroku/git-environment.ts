import { devNull } from 'node:os'
import type { Environment } from '../process/process-group.ts'
import { basicHeader } from './credentials.ts'

/**
 * What git and its transports need from outside, in lower case. Everything else stays out of reach of git's children:
 * `INPUT_*`, the runner's tokens and the workflow's other secrets, traces, another repository's `GIT_DIR`.
 */
const PASSED = new Set([
  ...['path', 'pathext', 'home', 'user', 'logname', 'username', 'tmpdir', 'tmp', 'temp'],
  ...['userprofile', 'homedrive', 'homepath', 'appdata', 'localappdata', 'programdata', 'programfiles'],
  ...['programfiles(x86)', 'systemroot', 'systemdrive', 'windir', 'comspec', 'xdg_config_home'],
  ...['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'],
  ...['ssl_cert_file', 'ssl_cert_dir', 'curl_ca_bundle', 'git_ssl_cainfo', 'git_ssl_capath'],
  ...['git_exec_path', 'git_config_global', 'git_config_system', 'git_config_nosystem'],
  // The checkout's own remote may be reached over SSH, when a shallow or partial clone must be completed.
  ...['ssh_auth_sock', 'ssh_agent_pid', 'git_ssh', 'git_ssh_command', 'git_ssh_variant'],
])

/** Configuration by environment, `GIT_CONFIG_COUNT` and its pairs, appended to what is there already (git ≥ 2.31). */
function appended(env: NodeJS.ProcessEnv, settings: readonly (readonly [string, string])[]): Environment {
  const given = /^\d{1,4}$/.test(env.GIT_CONFIG_COUNT ?? '') ? Number(env.GIT_CONFIG_COUNT) : 0
  const pairs: Record<string, string> = {}
  for (let i = 0; i < given; i++) {
    for (const name of [`GIT_CONFIG_KEY_${i}`, `GIT_CONFIG_VALUE_${i}`]) {
      if (env[name] !== undefined) pairs[name] = env[name]
    }
  }
  settings.forEach(([key, value], i) => {
    pairs[`GIT_CONFIG_KEY_${given + i}`] = key
    pairs[`GIT_CONFIG_VALUE_${given + i}`] = value
  })
  return { ...pairs, GIT_CONFIG_COUNT: String(given + settings.length) }
}

/** No hook of the checkout runs, since it would see this environment; nobody is asked anything. */
const QUIET = [
  ['core.hooksPath', devNull],
  ['core.fsmonitor', 'false'],
] as const

/** For git that stays on this machine or talks to the checkout's own remote. Holds no token of Heroku's. */
export function localEnvironment(env: NodeJS.ProcessEnv): Environment {
  return environment(env, QUIET)
}

/**
 * For git that talks to Heroku. The token goes as a header of requests to exactly `remoteUrl`, by environment: neither
 * argv nor any file holds it. The keys name the whole URL, because git lets a more specific one in somebody's
 * configuration win; the empty value first drops headers that a checkout step has set, since two lead to a 401.
 */
export function herokuEnvironment(env: NodeJS.ProcessEnv, remoteUrl: string, apiKey: string): Environment {
  return environment(env, [
    ...QUIET,
    [`http.${remoteUrl}.extraHeader`, ''],
    [`http.${remoteUrl}.extraHeader`, basicHeader(apiKey)],
    // Git would take the header along to wherever it is sent.
    [`http.${remoteUrl}.followRedirects`, 'false'],
    [`credential.${remoteUrl}.helper`, ''],
    ['push.pushOption', ''],
  ])
}

function environment(env: NodeJS.ProcessEnv, settings: readonly (readonly [string, string])[]): Environment {
  const passed: Record<string, string> = {}
  for (const [name, value] of Object.entries(env)) {
    if (value !== undefined && PASSED.has(name.toLowerCase())) passed[name] = value
  }
  return {
    ...passed,
    ...appended(env, settings),
    // Messages are read by this program, so they must not depend on the machine's language.
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_ASKPASS: '',
    GCM_INTERACTIVE: 'never',
    // Off even where the machine's configuration turns them on: they would write the settings above to a file.
    GIT_TRACE2: '0',
    GIT_TRACE2_EVENT: '0',
    GIT_TRACE2_PERF: '0',
  }
}
