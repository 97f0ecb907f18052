/** What is supervised, and how. */
export interface Settings {
  /** the program and its arguments */
  readonly program: readonly string[]
  /** asks the program to finish its jobs, store what can't finish, and end */
  readonly drainSignal: NodeJS.Signals
  /** tells the program to abort what runs and store it */
  readonly forceSignal: NodeJS.Signals
  /** from the force signal to SIGKILL */
  readonly killAfterMs: number
  /** whether signals go to the program's whole process group, and not to the program alone */
  readonly signalGroup: boolean
  /** where the program says how far its jobs are */
  readonly progress?: 'fd' | 'stdout'
}

/** The program in words for logs: without its options, and without whatever secret may stand among its arguments. */
export function nameOf([path = '', first = '']: readonly string[]): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return /^[\w./][\w./-]*$/.test(first) ? `${name} ${first}` : name
}
