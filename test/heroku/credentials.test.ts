import { describe, expect, it } from 'vitest'
import { assertApiKey, basicHeader, maskOf, secretsOf } from '../../src/heroku/credentials.ts'
import { openHeroku } from '../../src/heroku/heroku.ts'
import { DeployError } from '../../src/outcome.ts'
import { surroundings } from './support/surroundings.ts'

const KEY = 'HRKU-a+b/c='
const ENCODED = Buffer.from(`heroku:${KEY}`).toString('base64')

it('make the header with which git identifies itself', () => {
  expect(basicHeader(KEY)).toBe(`Authorization: Basic ${ENCODED}`)
})

it('are given away by the key, the header, and the key in a URL', () => {
  expect(secretsOf(KEY)).toEqual([KEY, ENCODED, 'HRKU-a%2Bb%2Fc%3D'])
  expect(secretsOf('HRKU-plain')).toHaveLength(2)
})

it('are masked in all of their forms, as often as they occur', () => {
  expect(maskOf(KEY)(`${KEY} ${ENCODED} HRKU-a%2Bb%2Fc%3D ${KEY}, and HRKU-other`)).toBe(
    '*** *** *** ***, and HRKU-other',
  )
})

describe('an API key that no header could carry', () => {
  const refusal = (key: string): unknown => {
    try {
      assertApiKey(key)
    } catch (error) {
      return error
    }
    return undefined
  }

  it.each([
    ['', /^The input `heroku-api-key` is empty\.$/],
    ['HRKU-5ecre7\n', /holds a space, a line break/],
    ['HRKU-5ecre7\r\nX: y', /holds a space, a line break/],
    ['HRKU 5ecre7', /holds a space, a line break/],
    ['HRKU-5ecre7é', /another character/],
  ])('(%j) is refused and not quoted', (key, message) => {
    const error = refusal(key)
    expect(error).toBeInstanceOf(DeployError)
    expect(error).toMatchObject({
      outcome: 'preflight-failed',
      message: expect.stringMatching(message),
      next: expect.stringMatching(/repository secret.*heroku authorizations:create/),
    })
    expect(JSON.stringify(error) + String(error)).not.toContain('5ecre7')
  })

  it.each(['HRKU-AAd1', '01234567-89ab-cdef-0123-456789abcdef', KEY])('is none of %s', (key) => {
    expect(refusal(key)).toBeUndefined()
  })
})

describe('opening an app', () => {
  const plan = {
    app: 'shop',
    apiUrl: 'http://127.0.0.1:1',
    gitUrl: 'http://127.0.0.1:1',
    strategy: { kind: 'git-push' },
    upToDate: 'skip',
    drainAt: 'before-push',
    onRunningBuild: 'wait',
    ref: 'HEAD',
    branch: 'main',
    forcePush: false,
    directory: '/nowhere',
  } as const

  it.each([[KEY], ['HRKU 5ecre7\n']])('masks the key %j in every form, before it is looked at', (apiKey) => {
    const masked: string[] = []
    try {
      openHeroku({ ...plan, apiKey }, { ...surroundings(), mask: (secret) => masked.push(secret) })
    } catch (error) {
      expect(error).toMatchObject({ outcome: 'preflight-failed' })
    }
    expect(masked).toEqual(secretsOf(apiKey))
  })

  it('masks nothing for an empty key: it would hide everything', () => {
    const masked: string[] = []
    const collaborators = { ...surroundings(), mask: (secret: string) => masked.push(secret) }
    expect(() => openHeroku({ ...plan, apiKey: '' }, collaborators)).toThrow(/is empty/)
    expect(masked).not.toContain('')
  })
})
