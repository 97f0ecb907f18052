// Lets Node run src/ as it is: `node --import ./test/support/lua-text.mjs file.ts`. Scripts for the server are text, as in the build.
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'

registerHooks({
  load(url, context, next) {
    if (!url.endsWith('.lua')) return next(url, context)
    const text = readFileSync(new URL(url), 'utf8')
    return { format: 'module', source: `export default ${JSON.stringify(text)}`, shortCircuit: true }
  },
})
