import { describe, expect, it } from 'vitest'
import { ProxyFault, proxyFor } from '../../src/heroku/proxy.ts'

const API = new URL('https://api.heroku.com/apps/shop')
const P = 'http://p.example:3128'

describe('which proxy', () => {
  it.each<[NodeJS.ProcessEnv, string | undefined, string?]>([
    [{}, undefined],
    [{ HTTPS_PROXY: P }, P, 'HTTPS_PROXY'],
    [{ https_proxy: P, HTTPS_PROXY: 'http://other' }, P, 'https_proxy'],
    [{ https_proxy: '', HTTPS_PROXY: P }, P, 'HTTPS_PROXY'],
    [{ HTTP_PROXY: P, http_proxy: P }, undefined],
    [{ ALL_PROXY: P }, P, 'ALL_PROXY'],
    [{ all_proxy: P, HTTPS_PROXY: 'http://q' }, 'http://q', 'HTTPS_PROXY'],
    [{ HTTPS_PROXY: 'p.example:3128' }, P, 'HTTPS_PROXY'],
    [{ HTTPS_PROXY: 'https://p.example' }, 'https://p.example', 'HTTPS_PROXY'],
  ])('for https, of %j', (env, url, variable) => {
    expect(proxyFor(API, env)).toEqual(url && { url, shown: url, variable })
  })

  it('for http is that of HTTP_PROXY', () => {
    const env = { HTTP_PROXY: P, HTTPS_PROXY: 'http://q' }
    expect(proxyFor(new URL('http://api.example'), env)).toMatchObject({ url: P, variable: 'HTTP_PROXY' })
  })

  it('is shown without its name and password', () => {
    const proxy = proxyFor(API, { HTTPS_PROXY: 'http://ada:5ecre7@p.example:3128/x' })
    expect(proxy?.shown).toBe(P)
  })

  it('of a kind that Node has no way through is named, and is none to go through', () => {
    const proxy = proxyFor(API, { ALL_PROXY: 'socks5h://ada:5ecre7@p.example:1080' })
    expect(proxy).toEqual({ shown: 'socks5h://p.example:1080', variable: 'ALL_PROXY' })
  })

  it.each(['http://', 'http://ada:5ecre7@p:99999', '::5ecre7'])('that is no URL (%s) is an error', (url) => {
    const look = () => proxyFor(API, { HTTPS_PROXY: url })
    expect(look).toThrow(ProxyFault)
    expect(look).toThrow('the environment variable HTTPS_PROXY holds no URL of a proxy')
    expect(look).not.toThrow(/5ecre7/)
  })
})

describe('NO_PROXY', () => {
  const goesDirectly = (url: string, NO_PROXY: string) =>
    proxyFor(new URL(url), { HTTPS_PROXY: P, NO_PROXY }) === undefined

  it.each([
    ['*', 'https://api.heroku.com'],
    ['api.heroku.com', 'https://api.heroku.com'],
    ['heroku.com', 'https://api.heroku.com'],
    ['.heroku.com', 'https://api.heroku.com'],
    ['*.heroku.com', 'https://api.heroku.com'],
    ['HEROKU.com', 'https://API.heroku.com'],
    ['localhost, heroku.com', 'https://api.heroku.com'],
    ['localhost heroku.com', 'https://api.heroku.com'],
    ['api.heroku.com:443', 'https://api.heroku.com'],
    ['heroku.com:8443', 'https://api.heroku.com:8443'],
    ['127.0.0.1', 'https://127.0.0.1:8443'],
    ['10.0.0.0/8', 'https://10.1.2.3'],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.9'],
    ['::1', 'https://[::1]:8443'],
    ['[::1]:8443', 'https://[::1]:8443'],
    ['fd00::/8', 'https://[fd12::1]'],
  ])('%s covers %s', (noProxy, url) => {
    expect(goesDirectly(url, noProxy)).toBe(true)
  })

  it.each([
    ['', 'https://api.heroku.com'],
    [' , ', 'https://api.heroku.com'],
    ['.', 'https://api.heroku.com'],
    ['eroku.com', 'https://api.heroku.com'],
    ['api.heroku.co', 'https://api.heroku.com'],
    ['heroku.com.example', 'https://api.heroku.com'],
    ['api.heroku.com:8443', 'https://api.heroku.com'],
    ['0.0.1', 'https://127.0.0.1'],
    ['10.0.0.0/8', 'https://11.1.2.3'],
    ['10.0.0.1-10.0.0.9', 'https://10.0.0.10'],
    ['fd00::/8', 'https://10.0.0.1'],
    ['10.0.0.0/99', 'https://10.0.0.1'],
    ['::2', 'https://[::1]'],
  ])('%s does not cover %s', (noProxy, url) => {
    expect(goesDirectly(url, noProxy)).toBe(false)
  })

  it('in lower case comes first', () => {
    expect(proxyFor(API, { HTTPS_PROXY: P, no_proxy: 'x', NO_PROXY: '*' })).toBeDefined()
  })
})
