import { describe, expect, it } from 'vitest'
import { describeAddress, parseRedisUrl, secretsOfRedisUrl } from '../../src/redis/address.ts'

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

describe('the URL of a topology', () => {
  const HOSTS = [
    { host: 'h1', port: 1 },
    { host: 'h2', port: 26379 },
    { host: '::1', port: 3 },
  ]
  it.each([
    [
      'redis+sentinel://h1:1,h2,[::1]:3/main',
      {
        host: 'h1',
        port: 1,
        tls: false,
        db: 0,
        topology: { kind: 'sentinel', hosts: HOSTS, primary: 'main' },
      },
    ],
    [
      'REDISS+Sentinel://u%40x:p%2F%3A%40%25+@h/a.b-c_1/12?sentinel-password=s%26%3D&sentinel-user=w%3F',
      {
        host: 'h',
        port: 26379,
        tls: true,
        username: 'u@x',
        password: 'p/:@%+',
        db: 12,
        topology: {
          kind: 'sentinel',
          hosts: [{ host: 'h', port: 26379 }],
          primary: 'a.b-c_1',
          username: 'w?',
          password: 's&=',
        },
      },
    ],
    [
      'rediss+cluster://:p@@h-1.example.com:7000,h2/',
      {
        host: 'h-1.example.com',
        port: 7000,
        tls: true,
        password: 'p@',
        db: 0,
        topology: {
          kind: 'cluster',
          hosts: [
            { host: 'h-1.example.com', port: 7000 },
            { host: 'h2', port: 6379 },
          ],
        },
      },
    ],
    [
      'redis+cluster://h/0',
      {
        host: 'h',
        port: 6379,
        tls: false,
        db: 0,
        topology: { kind: 'cluster', hosts: [{ host: 'h', port: 6379 }] },
      },
    ],
  ])('reads %s', (url, address) => {
    expect(parseRedisUrl(url)).toEqual(address)
  })

  const HOST = 'it names no host, or one that is none: host[:port], commas between'
  const PATH = "its path is not the sentinels' name for the primary, or that and the number of a database"
  it.each([
    ['redis+sentinel://', HOST],
    ['redis+sentinel://:hush@/main', HOST],
    ['redis+sentinel://:hush@h,/main', HOST],
    ['redis+sentinel://:hush@h:x/main', HOST],
    ['redis+sentinel://:hush@h:1:2/main', HOST],
    ['redis+sentinel://:hush@[::1/main', HOST],
    ['redis+cluster://:hush@h\u001b', HOST],
    ['redis+cluster://:hush@h:0', 'one of its ports is not between 1 and 65535'],
    ['redis+cluster://:hush@h1,h:65536', 'one of its ports is not between 1 and 65535'],
    ['redis+sentinel://:hush@h', PATH],
    ['redis+sentinel://:hush@h/', PATH],
    ['redis+sentinel://:hush@h/main/one', PATH],
    ['redis+sentinel://:hush@h/main/1/2', PATH],
    ['redis+sentinel://:hush@h/ma%0Ain', PATH],
    [
      'redis+sentinel://:hush@h/main?sentinel_password=hush',
      'its query holds more than sentinel-user and sentinel-password',
    ],
    ['redis+sentinel://:hush@h/main#hush', 'it holds a blank or a #, which must be percent-encoded'],
    ['redis+cluster://:hush hush@h', 'it holds a blank or a #, which must be percent-encoded'],
    ['redis+cluster://:hush%zz@h', 'its user name or password is not percent-encoded'],
    [
      'redis+sentinel://h/main?sentinel-password=hush%zz',
      "the sentinels' user name or password in its query is not percent-encoded",
    ],
    ['redis+sentinel://:hush@h/%zz', "its primary's name is not percent-encoded"],
    ['redis+cluster://:hush@h/1', 'it names a database, and a cluster has database 0 alone'],
    ['redis+cluster://:hush@h?hush=1', 'it has a query, and a cluster has none'],
    [
      'redis-sentinel://:hush@h/main',
      'it must begin with redis+sentinel://, with a plus, or rediss+sentinel://',
    ],
    ['rediss-cluster://:hush@h', 'it must begin with redis+cluster://, with a plus, or rediss+cluster://'],
    [
      'redis://:hush@h1:1,h2:2',
      'it is not a URL of one server; several hosts need redis+sentinel:// or redis+cluster://',
    ],
  ])('is refused as %j: %s', (url, why) => {
    const error = thrownBy(() => parseRedisUrl(url))
    expect(error).toBeInstanceOf(RangeError)
    expect((error as Error).message).toBe(why)
  })

  it('is described without its secrets', () => {
    const describe = (url: string) => describeAddress(parseRedisUrl(url))
    expect(describe('rediss+sentinel://user:hush@h1:1,h2:2,h3/main/2?sentinel-password=hush')).toBe(
      'Redis primary main of the sentinels at h1:1 and 2 more (TLS)',
    )
    expect(describe('redis+sentinel://h/main')).toBe('Redis primary main of the sentinels at h:26379')
    expect(describe('redis+cluster://:hush@[::1],h2')).toBe('Redis Cluster at [::1]:6379 and 1 more')
  })
})

describe('what masks must cover', () => {
  it.each([
    ['redis://h', []],
    ['redis://user:p%2Fa^b@h', ['p/a^b', 'p%2Fa^b', 'p%2Fa%5Eb']],
    ['redis+cluster://:p%2F@h', ['p/', 'p%2F']],
    [
      'rediss+sentinel://:p%2F@h/main?sentinel-user=u&sentinel-password=s%20s',
      ['p/', 'p%2F', 's s', 's%20s'],
    ],
  ])('of %s', (url, secrets) => {
    expect(secretsOfRedisUrl(url)).toEqual([url, ...secrets])
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
