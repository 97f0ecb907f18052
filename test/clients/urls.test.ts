import { describe, expect, it, vi } from 'vitest'
import { LANGUAGES, startJoined } from './support/joined.ts'

vi.setConfig({ testTimeout: 60_000 })

const HOST = 'it names no host, or one that is none'
const ENCODING = 'its user name or password is not percent-encoded'
const PATH = "its path is not the sentinels' name for the primary"
const QUERY = 'its query holds more than sentinel-user and sentinel-password'
const SENTINEL = 'Expected redis+sentinel://'
const CLUSTER = 'Expected redis+cluster://'

describe.each(LANGUAGES)('%s refuses a URL, shows nothing of it, and says what is wrong:', (language) => {
  it.each([
    ['redis+sentinel://s3cret', PATH, SENTINEL],
    ['redis+sentinel://s3cret/', PATH, SENTINEL],
    ['redis+sentinel://:s3cret@host/s3cret/none', PATH, SENTINEL],
    ['redis+sentinel://:s3cret@host/s3cret%20name', PATH, SENTINEL],
    ['redis+sentinel:///s3cret', HOST, SENTINEL],
    ['redis+sentinel://:s3cret@host,,other/gate', HOST, SENTINEL],
    ['redis+sentinel://:s3cret@host:port/gate', HOST, SENTINEL],
    ['redis+sentinel://:s3cret@host:70000/gate', 'one of its ports is not between 1 and 65535', SENTINEL],
    ['redis+sentinel://:s3cret%@host/gate', ENCODING, SENTINEL],
    ['rediss+sentinel://:s3cret%ff@host/gate', ENCODING, SENTINEL],
    ['redis+sentinel://:s3cret #@host/gate', 'it holds a blank or a #', SENTINEL],
    ['redis+sentinel://host/gate?s3cret=1', QUERY, SENTINEL],
    ['redis+sentinel://host/gate?sentinel-password=s3cret%', 'in its query is not percent-encoded', SENTINEL],
    ['rediss+cluster://:s3cret@host/1', 'a cluster has database 0 alone', CLUSTER],
    ['redis+cluster://:s3cret@host?db=1', 'it has a query, and a cluster has none', CLUSTER],
    ['redis+cluster://s3cret:', HOST, CLUSTER],
    ['redis+s3cret://host', 'begins with none of redis://', 'Expected redis://'],
  ])('%s', async (url, what, rule) => {
    await using app = startJoined(language, url)
    expect(await app.ended).toBe(1)
    await app.says(/deploy-gate: REDIS_URL /)
    const text = app.printed.join('\n')
    expect(text).toContain(what)
    expect(text).toContain(rule)
    expect(text).not.toContain('s3cret')
    expect(app.printed).not.toContain('joined')
  })
})
