/** What the Platform API answers to one request. */
export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

export const ok = (body: unknown): Answer => ({ status: 200, body })
export const created = (body: unknown): Answer => ({ status: 201, body })
export const refusal = (status: number, id: string, message: string): Answer => ({
  status,
  body: { id, message },
})
export const notFound = (resource: string): Answer => ({
  status: 404,
  body: { resource, id: 'not_found', message: `Couldn't find that ${resource}.` },
})
export const invalid = (message: string) => refusal(422, 'invalid_params', message)

/**
 * `Range: version ..; order=desc,max=10`, of which the order and the number are heard. 206 when there would be more.
 * @param list in ascending order
 */
export function ranged(list: readonly unknown[], range: string): Answer {
  const max = Number(/\bmax=(\d+)/.exec(range)?.[1] ?? 200)
  const ordered = /\border=desc\b/.test(range) ? list.toReversed() : list
  return { status: ordered.length > max ? 206 : 200, body: ordered.slice(0, max) }
}
