// A program that knows of no gate, with one job, which ends at SIGUSR2 and the program with it, with code $CODE. It tells which signals it gets.
const CODE = Number(process.env.CODE ?? 0)

for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGTSTP', 'SIGCONT', 'SIGWINCH']) {
  process.on(name, () => console.log(`got ${name}`))
}
process.on('SIGUSR2', () => {
  console.log('job finished')
  process.exit(CODE)
})
setInterval(() => {}, 60_000)
console.log(`up ${process.pid}`)
