import { DeployError } from '../outcome.ts'
import type { PlatformApi } from './platform-api.ts'

/**
 * Reads one config var of the app. Its value may be a secret.
 * @throws DeployError `preflight-failed` when the app has no such config var, or it is empty
 */
export async function configVar(api: PlatformApi, name: string, signal: AbortSignal): Promise<string> {
  const value = (await api.configVars(signal)).get(name)
  if (value) return value
  throw new DeployError(
    'preflight-failed',
    value === ''
      ? `The config var ${name} of ${api.appName} is empty.`
      : `${api.appName} has no config var ${name}.`,
    `Name the config var that holds the Redis URL with the input \`redis-config-var\` (\`heroku config --app ${api.appName}\` ` +
      'lists them), or pass the URL itself as `redis-url`.',
  )
}
