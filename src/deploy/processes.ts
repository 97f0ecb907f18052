import { quote } from '../quote.ts'
import type { AskedProcess } from './plan.ts'

const MOST_OF_A_TYPE = 1_000
const RULE = `process types of the Procfile by comma or line, each with an optional number from 1 to ${MOST_OF_A_TYPE}, such as clock, worker=3`

/**
 * Reads `clock, worker=3`: process types, and how many participants of each at least.
 * @returns also what is wrong with it, each problem as what can be said of the option: `names nobody. Expected …`
 */
export function parseProcesses(text: string): { asked: AskedProcess[]; problems: string[] } {
  const problems: string[] = []
  const entries = text
    .split(/[,\n]/)
    .map((entry) => entry.trim())
    .filter((entry) => entry !== '')
  const asked = entries.flatMap((entry): AskedProcess[] => {
    const [, type, number] = /^([A-Za-z0-9_-]{1,100}?)(?:\s*=\s*(\d{1,4}))?$/.exec(entry) ?? []
    const atLeast = number === undefined ? 1 : Number(number)
    if (type !== undefined && atLeast >= 1 && atLeast <= MOST_OF_A_TYPE) {
      return [{ type, atLeast, demanded: number !== undefined }]
    }
    problems.push(`has the entry ${quote(entry)}. Expected ${RULE}`)
    return []
  })
  const twice = asked.find(({ type }, index) => asked.findIndex((other) => other.type === type) !== index)
  if (twice !== undefined) problems.push(`names ${twice.type} twice. Expected each type once`)
  if (entries.length === 0) problems.push(`names nobody. Expected ${RULE}`)
  return { asked, problems }
}
