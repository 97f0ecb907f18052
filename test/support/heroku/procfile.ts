/** Process types and their commands: `clock` → `node clock.js`. */
export type ProcessTypes = Readonly<Record<string, string>>

/** Reads a Procfile as Heroku does (https://devcenter.heroku.com/articles/procfile): other lines are ignored. */
export function parseProcfile(text: string): ProcessTypes {
  const lines = text.split(/\r?\n/).map((line) => /^([A-Za-z0-9_-]+):\s*(.+?)\s*$/.exec(line))
  return Object.fromEntries(lines.flatMap((line) => (line ? [[line[1], line[2]]] : [])))
}
