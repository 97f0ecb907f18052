import { readFile } from 'node:fs/promises'
import { builtinModules } from 'node:module'
import type { Plugin } from 'esbuild'

/** Files of packages that stand for something smaller: the importing package, the file as it is imported, and what stands for it. */
const STAND_INS: readonly { readonly from: RegExp; readonly path: RegExp; readonly contents: string }[] = [
  // All that the toolkit needs an HTTP client for, and with it undici: most of the bundle, and of its start. No token of GitHub's is asked for.
  { from: /@actions[/\\]core[/\\]/, path: /^\.\/oidc-utils\.js$/, contents: 'export class OidcClient {}' },
  // Names the runner's operating system, and brings @actions/exec along for it.
  { from: /@actions[/\\]core[/\\]/, path: /^\.\/platform\.js$/, contents: 'export {}' },
  // Writes the job's summary, which is one file to write, and loads all of fs/promises for that.
  {
    from: /@actions[/\\]core[/\\]/,
    path: /^\.\/summary\.js$/,
    contents: 'export const summary = {}\nexport const markdownSummary = {}',
  },
  // Half of the time until an error about the inputs, for a delimiter in the files of outputs. It need not be unguessable: the toolkit
  // refuses a value that holds it.
  {
    from: /@actions[/\\]core[/\\]/,
    path: /^crypto$/,
    contents: 'export const randomUUID = () => String(Math.random()) + Math.random()',
  },
  // With DEBUG set it would print every command to Redis, AUTH and its password among them.
  {
    from: /ioredis/,
    path: /^debug$/,
    contents: 'export default () => Object.assign(() => {}, { enabled: false })',
  },
  // Sentinel and Cluster are followed by src/redis itself, connection by connection.
  {
    from: /ioredis/,
    path: /^\.\/cluster$|\/(SentinelConnector|TLSProfiles)$/,
    contents: 'export default class {}\nexport class SentinelIterator {}',
  },
  // The certificates of one provider, for whoever names it instead of giving options of TLS.
  { from: /ioredis/, path: /\/TLSProfiles$/, contents: 'export default {}' },
]

const BUILT_IN = new RegExp(`^(node:.*|${builtinModules.join('|')})$`)

/** Leaves out of a bundle what is never used at run time, and writes data without blanks. */
export const lean: Plugin = {
  name: 'lean',
  setup(build) {
    build.onResolve(
      {
        filter:
          /^(\.\/oidc-utils\.js|\.\/platform\.js|\.\/summary\.js|crypto|debug|\.\/cluster)$|\/(SentinelConnector|TLSProfiles)$/,
      },
      ({ importer, path }) => {
        const at = STAND_INS.findIndex((one) => one.from.test(importer) && one.path.test(path))
        return at < 0 ? undefined : { path: String(at), namespace: 'stand-in' }
      },
    )
    build.onResolve({ filter: BUILT_IN }, ({ path, kind }) =>
      kind === 'import-statement'
        ? { path: path.replace(/^node:/, ''), namespace: 'built-in', sideEffects: false }
        : undefined,
    )
    build.onLoad({ filter: /.*/, namespace: 'built-in' }, ({ path }) => ({ contents: builtIn(path) }))
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({
      contents: STAND_INS[Number(path)]?.contents ?? '',
    }))
    build.onLoad({ filter: /@ioredis[/\\]commands[/\\].*\.json$/ }, async ({ path }) => ({
      contents: `module.exports = JSON.parse(${JSON.stringify(JSON.stringify(JSON.parse(await readFile(path, 'utf8'))))})`,
      loader: 'js',
    }))
  },
}

/**
 * One of Node's own modules, for an import of it. Node's own import reads all that a module exports, and what is loaded at first sight
 * with it: of http that is undici, for a WebSocket. This reads what is used.
 */
function builtIn(name: string): string {
  const exported = Object.keys(process.getBuiltinModule(name) ?? {}).filter(
    (key) => /^[A-Za-z]\w*$/.test(key) && key !== 'default',
  )
  return [
    `const builtIn = /* @__PURE__ */ process.getBuiltinModule('node:${name}')`,
    'const own = (key) => builtIn[key]',
    'export default builtIn',
    ...exported.map((key) => `const $${key} = /* @__PURE__ */ own('${key}')`),
    `export { ${exported.map((key) => `$${key} as ${key}`).join(', ')} }`,
  ].join('\n')
}
