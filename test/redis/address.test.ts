import { describe, expect, it } from 'vitest'
import { describeAddress, parseRedisUrl } from '../../src/redis/address.ts'

describe('parseRedisUrl', () => {
  it.each([
    ['redis://localhost', { host: 'localhost', port: 6379, tls: false, db: 0 }],
    ['redis://localhost/', { host: 'localhost', port: 6379, tls: false, db: 0 }],
    ['rediss://:p@h:1/2', { host: 'h', port: 1, tls: true, password: 'p', db: 2 }],
    ['redis://gate:p@h', { host: 'h', port: 6379, tls: false, username: 'gate', password: 'p', db: 0 }],
    [
      'redis://u%40x:p%2F%3A%40%25@h',
      { host: 'h', port: 6379, tls: false, username: 'u@x', password: 'p/:@%', db: 0 },
    ],
    ['redis://:p@[::1]:7', { host: '::1', port: 7, tls: false, password: 'p', db: 0 }],
  ])('reads %s', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address)
  })

  it.each([
    ['', 'it is not a URL'],
    ['localhost:6379', 'it begins with neither redis:// nor rediss://'],
    ['http://:hush@h', 'it begins with neither redis:// nor rediss://'],
    ['redis://:hush@', 'it is not a URL'],
    ['redis:///1', 'it names no host'],
    ['redis://:hush@h:70000', 'it is not a URL'],
    ['redis://:hush@h/one', 'its path is not the number of a database'],
    ['redis://:hush@h/-1', 'its path is not the number of a database'],
    ['redis://:hush@h/1/2', 'its path is not the number of a database'],
    ['redis://:hush%zz@h', 'its user name or password is not percent-encoded'],
  ])('refuses %j: %s', (url, why) => {
    const error = thrownBy(() => parseRedisUrl(url))
    expect(error).toBeInstanceOf(RangeError)
    // Nothing of the URL besides.
    expect((error as Error).message).toBe(why)
  })
})

it('describes an address without its secrets', () => {
  expect(describeAddress(parseRedisUrl('rediss://user:hush@h:1/2'))).toBe('Redis at h:1 (TLS)')
  expect(describeAddress(parseRedisUrl('redis://:hush@[::1]'))).toBe('Redis at [::1]:6379')
})

function thrownBy(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  return undefined
}
