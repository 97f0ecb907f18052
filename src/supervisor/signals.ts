/** What is passed on to the program; SIGTERM as the drain signal. SIGKILL and SIGSTOP can't be. */
const PASSED_ON: readonly NodeJS.Signals[] = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  // Also keeps Node from starting its debugger.
  'SIGUSR1',
  'SIGUSR2',
  'SIGTSTP',
  'SIGCONT',
  'SIGWINCH',
]

/** From now on these signals are somebody else's affair: none ends or stops this process by itself. */
export function onSignals(listener: (name: NodeJS.Signals) => void): void {
  for (const name of PASSED_ON) process.on(name, () => listener(name))
}

/** Ends this process by a signal. Returns if it can't be: process 1 of a container, for instance, ignores what it doesn't listen to. */
export function dieOf(name: NodeJS.Signals): void {
  process.removeAllListeners(name)
  process.kill(process.pid, name)
}
