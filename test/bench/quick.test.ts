import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it, vi } from 'vitest'

vi.setConfig({ testTimeout: 300_000 })

const bench = join(import.meta.dirname, '../../script/bench')
const run = (...args: string[]) => promisify(execFile)(bench, ['--built', ...args])

it('everything can be measured, and is told to programs in one line', async () => {
  const { stdout } = await run('--quick', '--json')
  expect(stdout.trimEnd()).not.toContain('\n')
  const figures: Record<string, unknown>[] = JSON.parse(stdout)
  for (const figure of figures) {
    expect(Object.keys(figure).sort()).toEqual(['baseline', 'goal', 'met', 'name', 'ratio', 'unit', 'value'])
    expect(figure.value, String(figure.name)).toEqual(expect.any(Number))
    expect(figure.met === null, String(figure.name)).toBe(figure.goal === null)
    expect(figure.ratio === null, String(figure.name)).toBe(figure.baseline === null)
  }
  const about = figures.map(({ name }) => String(name))
  for (const each of [
    /^start of the Action/,
    /^drain of an idle clock/,
    /80 ms from everybody/,
    /^idle participant/,
    /^1 participant/,
    /^quiet: git-push/,
  ])
    expect(about).toContainEqual(expect.stringMatching(each))
})

it('a person gets a table with the goals, and hears which are missed', async () => {
  const { stdout } = await run('--quick', 'participant')
  expect(stdout).toMatch(/^\| what \| figure \| against \| goal, at most \|$/m)
  expect(stdout).toMatch(/^\| its connections \| 1 connections \| {2}\| 1 connections: met \|$/m)
  expect(stdout.trimEnd()).toMatch(/^(All \d+ goals are met\.|Missed, of \d+ goals: .*\.)$/m)
})

it('a bench that there is not is refused, with those that there are', async () => {
  await expect(run('strat')).rejects.toMatchObject({
    code: 1,
    stderr:
      'script/bench: there is no bench strat. There are: start, drain, far, participant, crowd, quiet.\n',
  })
})
