// What an app gets that imports the package while something in it requires it.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const imported = await import('heroku-deploy-gate')
const required = require('heroku-deploy-gate')
const loaded = Object.keys(require.cache).filter((file) => file.includes('/heroku-deploy-gate/'))
const names = Object.keys(imported)
console.log(
  JSON.stringify({
    names,
    required: Object.keys(required),
    same: names.every((name) => imported[name] === required[name]),
    version: require('heroku-deploy-gate/package.json').version,
    loaded: loaded.map((file) => file.replace(/^.*\/heroku-deploy-gate\//, '')),
  }),
)
