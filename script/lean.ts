import { readFile } from 'node:fs/promises'
import type { Plugin } from 'esbuild'

/** Files of packages that stand for something smaller: the importing package, the file as it is imported, and what stands for it. */
const STAND_INS: readonly { readonly from: RegExp; readonly path: RegExp; readonly contents: string }[] = [
  // All that the toolkit needs an HTTP client for, and with it undici: most of the bundle, and of its start. No token of GitHub's is asked for.
  { from: /@actions[/\\]core[/\\]/, path: /^\.\/oidc-utils\.js$/, contents: 'export class OidcClient {}' },
  // Names the runner's operating system, and brings @actions/exec along for it.
  { from: /@actions[/\\]core[/\\]/, path: /^\.\/platform\.js$/, contents: 'export {}' },
  // With DEBUG set it would print every command to Redis, AUTH and its password among them.
  {
    from: /ioredis/,
    path: /^debug$/,
    contents: 'export default () => Object.assign(() => {}, { enabled: false })',
  },
  // Sentinel and Cluster are followed by src/redis itself, connection by connection.
  {
    from: /ioredis/,
    path: /^\.\/cluster$|\/SentinelConnector$/,
    contents: 'export default class {}\nexport class SentinelIterator {}',
  },
]

/** Leaves out of a bundle what is never used at run time, and writes data without blanks. */
export const lean: Plugin = {
  name: 'lean',
  setup(build) {
    build.onResolve(
      { filter: /^(\.\/oidc-utils\.js|\.\/platform\.js|debug|\.\/cluster)$|\/SentinelConnector$/ },
      ({ importer, path }) => {
        const at = STAND_INS.findIndex((one) => one.from.test(importer) && one.path.test(path))
        return at < 0 ? undefined : { path: String(at), namespace: 'stand-in' }
      },
    )
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[Number(path)]?.contents ?? '',
    }))
    build.onLoad({ filter: /@ioredis[/\\]commands[/\\].*\.json$/ }, async ({ path }) => ({
      contents: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(await readFile(path, 'utf8'))))})`,
      loader: 'js',
    }))
  },
}
