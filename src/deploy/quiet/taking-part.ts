import { enumerate } from '../../enumerate.ts'
import { inspectGate, type Surroundings } from '../../gate/gate.ts'
import type { Asker, DrainTerms } from '../../gate/terms.ts'
import type { Row } from '../../protocol/row.ts'

/**
 * Says who takes part. Asks nobody for anything.
 * @throws as `inspectGate`
 */
export async function takingPart(
  gate: Surroundings,
  gateName: string,
  asker: Asker,
  { asked }: Pick<DrainTerms, 'asked'>,
): Promise<readonly Row[]> {
  const types = asked.map(({ type }) => type)
  const there = await inspectGate(gate, gateName, asker, types)
  gate.log.info(
    there.length > 0
      ? `taking part: ${enumerate(there.map(({ dyno }) => dyno))}`
      : `nobody takes part yet as ${types.join(' or ')}`,
  )
  return there
}

/** The release that the participants run, if they know it and agree: a process of it that starts again during the hold is held too. */
export function releaseOf(rows: readonly Row[]): string {
  const releases = new Set(rows.map(({ release }) => release))
  const [only] = releases
  return releases.size === 1 && only !== undefined ? only : ''
}
