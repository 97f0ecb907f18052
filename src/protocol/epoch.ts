/** Whether epoch `a` is above epoch `b`. Both are digits; `undefined` is below every epoch. */
export function isAbove(a: string, b: string | undefined): boolean {
  if (b === undefined) return true
  return a.length === b.length ? a > b : a.length > b.length
}
