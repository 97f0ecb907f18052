import { expect, it } from 'vitest'
import { readTable } from '../../soak/table/docs.ts'
import { JOBS, playAll, SPEED } from '../../soak/table/play.ts'
import { differences, parse, render, tableOf } from '../../soak/table/table.ts'

it('happens as docs/reliability.md says, fault by fault and moment by moment, and breaks no rule', {
  timeout: 600_000,
}, async () => {
  const stories = await playAll(JOBS, SPEED)
  const documented = parse(readTable())
  expect(differences(stories, documented)).toEqual([])
  // What is written can be read again, and says the same.
  expect(parse(render(tableOf(stories, documented)))).toEqual(documented)
})
