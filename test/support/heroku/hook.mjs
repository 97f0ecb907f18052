// Runs as a hook of git: hands what was pushed to the local Heroku and prints its answer as it comes.
const [url] = process.argv.slice(2)
let pushed = ''
for await (const piece of process.stdin) pushed += piece
const { GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES } = process.env
const body = JSON.stringify({
  pushed,
  // Until the push is accepted its objects lie in a place of their own.
  objects: { GIT_OBJECT_DIRECTORY, GIT_ALTERNATE_OBJECT_DIRECTORIES },
})
const answer = await fetch(url, { method: 'POST', body })
let rest = ''
for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
  const lines = (rest + piece).split('\n')
  rest = lines.pop()
  for (const line of lines) {
    const [, code] = /^\0exit (\d)$/.exec(line) ?? []
    if (code === undefined) console.log(line)
    else process.exitCode = Number(code)
  }
}
