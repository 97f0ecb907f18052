import type { SideReport } from './side.ts'

const WIDTH = 60

/** The sides' bars under each other, on one scale. */
export function renderTimelines(sides: Readonly<Record<string, SideReport>>): string {
  const ends = Object.values(sides).flatMap(({ jobEndedAt, newClockAt = 0 }) => [jobEndedAt, newClockAt])
  const last = Math.max(...ends) + 2
  const column = (second: number) => Math.round((second / last) * WIDTH)
  const bar = (from: number, to: number, fill: string) =>
    `${' '.repeat(column(from))}${fill.repeat(Math.max(1, column(to) - column(from)))}`
  const lines = Object.entries(sides).flatMap(([name, one]) => {
    const { job, jobStartedAt, jobEndedAt, pushedAt, releasedAt = last, newClockAt = last } = one
    const end = `${job === 'finished' ? '✓' : '✗'} ${job} after ${(jobEndedAt - jobStartedAt).toFixed(1)} s`
    return [
      `${name.padEnd(10)}job    ${bar(jobStartedAt, jobEndedAt, '█')}${end}`,
      `${''.padEnd(10)}deploy ${bar(pushedAt, releasedAt, '▒')} pushed at ${pushedAt.toFixed(1)} s, ${one.release}`,
      `${''.padEnd(10)}clock  ${bar(newClockAt, last, '█')} the new one works from ${newClockAt.toFixed(1)} s on`,
      '',
    ]
  })
  return lines.join('\n')
}
