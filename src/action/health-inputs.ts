import type { HealthCheck } from '../deploy/plan.ts'
import { quote } from '../quote.ts'
import { DEFAULTS, type InputName } from './input-names.ts'
import type { InputReader } from './input-reader.ts'

const DETAILS = [
  'health-check-status',
  'health-check-body',
  'health-check-timeout',
  'health-check-interval',
] as const satisfies readonly InputName[]
const STATUS_RULE = 'HTTP statuses by comma: 200, 2xx, 200-204'

/** Reads the health check; `undefined` when none is asked for. */
export function readHealthCheck(read: InputReader): HealthCheck | undefined {
  const url = read.text('health-check-url')
  if (url === '') {
    for (const name of DETAILS.filter((one) => read.text(one) !== DEFAULTS[one])) {
      read.problem(
        `${name} (${quote(read.text(name))})`,
        'means nothing without health-check-url. Leave it out, or say what to check',
      )
    }
    return undefined
  }
  if (!isAddress(url))
    read.wrong('health-check-url', 'an address (https://…) without user and password, or a path (/healthz)')
  const statuses = statusesOf(read.text('health-check-status'))
  if (statuses === undefined) read.wrong('health-check-status', STATUS_RULE)
  const body = read.text('health-check-body')
  return {
    url,
    statuses: statuses ?? [],
    ...(body !== '' && { body }),
    timeoutMs: read.duration('health-check-timeout'),
    intervalMs: read.duration('health-check-interval'),
  }
}

function isAddress(text: string): boolean {
  if (/\s/.test(text)) return false
  // `//host` and `/\host` are addresses of another host.
  if (text.startsWith('/')) return !/^\/[/\\]/.test(text)
  if (!URL.canParse(text)) return false
  const { protocol, username, password } = new URL(text)
  return (protocol === 'https:' || protocol === 'http:') && username === '' && password === ''
}

/** `200`, `2xx`, `200-204, 301` as ranges; `undefined` when it is none of these. */
function statusesOf(text: string): [number, number][] | undefined {
  const ranges = text.split(',').map((entry): [number, number] | undefined => {
    const [, hundred] = /^\s*([1-5])xx\s*$/i.exec(entry) ?? []
    if (hundred !== undefined) return [Number(hundred) * 100, Number(hundred) * 100 + 99]
    const [, first, last = first] = /^\s*([1-5]\d\d)(?:\s*-\s*([1-5]\d\d))?\s*$/.exec(entry) ?? []
    return first !== undefined && Number(first) <= Number(last) ? [Number(first), Number(last)] : undefined
  })
  return ranges.every((range) => range !== undefined) ? ranges : undefined
}
