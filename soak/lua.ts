import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

// Scripts for the server are files of their own: `node --import ./soak/lua.ts` reads them as text, as the build does.
registerHooks({
  load(url, context, next) {
    if (!url.endsWith('.lua')) return next(url, context)
    const source = `export default ${JSON.stringify(readFileSync(fileURLToPath(url), 'utf8'))}`
    return { format: 'module', source, shortCircuit: true }
  },
})
