// The pre-receive hook of every repository: hands the push to the local Heroku and prints its lines as they come.
// stdin: `<old> <new> <ref>` a line.
import { request } from 'node:http'
import { createInterface } from 'node:readline'

const env = process.env
const updates = []
for await (const line of createInterface({ input: process.stdin })) {
  const [, to, ref] = line.split(' ')
  updates.push({ to, ref })
}
const objects = Object.fromEntries(
  ['GIT_OBJECT_DIRECTORY', 'GIT_ALTERNATE_OBJECT_DIRECTORIES', 'GIT_QUARANTINE_PATH']
    .filter((name) => env[name] !== undefined)
    .map((name) => [name, env[name]]),
)

// Anything but a clear yes is a no.
process.exitCode = 1
const asked = request({ socketPath: env.HEROKU_SOCKET, path: `/${env.HEROKU_APP}`, method: 'POST' })
asked.on('error', ({ message }) => console.log(` !     The local Heroku is gone: ${message}`))
asked.on('response', async (response) => {
  for await (const line of createInterface({ input: response })) {
    const { text, accepted } = JSON.parse(line)
    if (text !== undefined) console.log(text)
    if (accepted) process.exitCode = 0
  }
})
asked.end(JSON.stringify({ id: env.HEROKU_PUSH, updates, objects }))
