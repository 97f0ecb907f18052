const UNITS = { s: 1_000, m: 60_000, h: 3_600_000 } as const
const DURATION = /^(0|[1-9]\d{0,5})(s|m|h)$/

/** What a duration may be, in words for an error message. */
export const DURATION_RULE = 'a whole number with a unit, such as 90s, 5m or 1h'

/** Milliseconds of `90s`, `5m` or `1h`; `undefined` for anything else, a bare or a negative number included. */
export function parseDuration(text: string): number | undefined {
  const [, amount, unit] = DURATION.exec(text) ?? []
  if (amount === undefined) return undefined
  return Number(amount) * UNITS[unit as keyof typeof UNITS]
}

/** `ms` for a person: `0.8 s`, `38 s`, `4 min 10 s`, `1 h 5 min`. */
export function formatDuration(ms: number): string {
  if (ms < 9_950) return `${Number((Math.max(0, ms) / 1_000).toFixed(1))} s`
  const seconds = Math.round(ms / 1_000)
  if (seconds < 60) return `${seconds} s`
  const [hours, minutes, rest] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  if (hours > 0) return minutes ? `${hours} h ${minutes} min` : `${hours} h`
  return rest ? `${minutes} min ${rest} s` : `${minutes} min`
}
