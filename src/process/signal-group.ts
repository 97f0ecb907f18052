/** Sends a signal to every process of a group; nobody left in it is no error. POSIX only. */
export function signalGroup(leader: number, name: NodeJS.Signals): void {
  try {
    process.kill(-leader, name)
  } catch (error) {
    // ESRCH: nobody is left. macOS answers EPERM for a group of which only zombies are left.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
