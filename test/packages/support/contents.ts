import { expect } from 'vitest'

/** Every file is one of those that are expected, and each of those is there. A pattern stands for one file or more. */
export function expectContents(files: readonly string[], expected: readonly (string | RegExp)[]): void {
  const isOne = (file: string) => (one: string | RegExp) =>
    typeof one === 'string' ? file === one : one.test(file)
  expect({
    unexpected: files.filter((file) => !expected.some(isOne(file))),
    missing: expected.filter((one) => !files.some((file) => isOne(file)(one))),
  }).toEqual({ unexpected: [], missing: [] })
}
