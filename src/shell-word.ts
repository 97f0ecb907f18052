/** One word for a shell: nothing in it means anything. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
