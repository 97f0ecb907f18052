import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { createServer as createPlainServer } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { getCACertificates, setDefaultCACertificates } from 'node:tls'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { createFetch, neverSent } from '../../src/heroku/http.ts'
import { createPlatformApi } from '../../src/heroku/platform-api.ts'
import { ProxyFault } from '../../src/heroku/proxy.ts'
import { type Certificate, makeCertificate } from '../support/redis/certificate.ts'
import { appAnswer } from './support/answers.ts'
import { temporaryFolder } from './support/repository.ts'
import { scriptedTime, surroundings } from './support/surroundings.ts'
import { startWebProxy } from './support/web-proxy.ts'
import { rejection } from './support/world.ts'

const PASSWORD = '5ecre7%2F'
// Others may be at work on the same machine.
vi.setConfig({ testTimeout: 60_000 })

const folder = temporaryFolder()
const before = getCACertificates('default')
let certificate: Certificate
beforeAll(() => {
  certificate = makeCertificate(folder.path)
  setDefaultCACertificates([...before, readFileSync(certificate.certificateFile, 'utf8')])
})
afterAll(() => {
  setDefaultCACertificates(before)
  return folder.remove()
})

const ends: (() => unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0)) await end()
})

async function serve(listener: RequestListener, secure = true): Promise<string> {
  const keys = { key: readFileSync(certificate.keyFile), cert: readFileSync(certificate.certificateFile) }
  const server = secure ? createServer(keys, listener) : createPlainServer(listener)
  ends.push(() => {
    server.close()
    server.closeAllConnections()
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return `${secure ? 'https' : 'http'}://localhost:${(server.address() as AddressInfo).port}`
}

async function proxy(over: Parameters<typeof startWebProxy>[0] = {}) {
  const started = await startWebProxy(over)
  ends.push(() => started.close())
  return started
}

describe('without a proxy', () => {
  const fetch = createFetch({})

  it('sends method, headers and body, and gives status, headers and body', async () => {
    const url = await serve(async (request, response) => {
      const { method, url: path, headers } = request
      response.writeHead(206, {
        'X-Seen': `${method} ${path} ${headers['x-asked']}`,
        'Set-Cookie': ['a', 'b'],
      })
      response.end(await text(request))
    })
    const response = await fetch(`${url}/a?b=c`, {
      method: 'POST',
      headers: { 'X-Asked': 'yes' },
      body: 'täxt',
    })
    expect([response.status, response.ok]).toEqual([206, true])
    expect(response.headers.get('x-seen')).toBe('POST /a?b=c yes')
    expect(response.headers.getSetCookie()).toEqual(['a', 'b'])
    expect(await response.text()).toBe('täxt')
  })

  it('gives the body as it comes', async () => {
    let end = () => {}
    const url = await serve((_request, response) => {
      response.write('one')
      end = () => response.end('two')
    })
    const response = await fetch(url)
    const pieces: string[] = []
    for await (const piece of response.body ?? []) {
      pieces.push(Buffer.from(piece).toString())
      if (pieces.length === 1) end()
    }
    expect(pieces).toEqual(['one', 'two'])
  })

  it('follows no redirect', async () => {
    const url = await serve((_request, response) => void response.writeHead(302, { Location: '/x' }).end())
    const response = await fetch(url)
    expect([response.status, response.headers.get('location')]).toEqual([302, '/x'])
  })

  it.each([204, 205, 304])('knows that %i has no body', async (status) => {
    const url = await serve((_request, response) => void response.writeHead(status).end())
    const response = await fetch(url)
    expect([response.status, response.body]).toEqual([status, null])
  })

  it('rejects a status that is none', async () => {
    const url = await serve((_request, response) => void response.writeHead(999).end('x'))
    await expect(fetch(url)).rejects.toThrow(RangeError)
  })

  it('rejects when the connection breaks, before the answer and within', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/before') return void request.socket.destroy()
      response.writeHead(200, { 'Content-Length': '10' }).write('x', () => request.socket.destroy())
    })
    await expect(fetch(`${url}/before`)).rejects.toThrow('socket hang up')
    const response = await fetch(`${url}/within`)
    await expect(response.text()).rejects.toThrow()
  })

  it('aborts before it begins, before the answer and within, with the reason', async () => {
    let asked = () => {}
    const arrived = new Promise<void>((resolve) => {
      asked = resolve
    })
    const url = await serve((request, response) => {
      asked()
      if (request.url === '/within') response.write('x')
    })
    const reason = new Error('enough')
    await expect(fetch(url, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    const cancel = new AbortController()
    const pending = rejection(fetch(url, { signal: cancel.signal }))
    await arrived
    cancel.abort(reason)
    expect(await pending).toBe(reason)
    const again = new AbortController()
    const response = await fetch(`${url}/within`, { signal: again.signal })
    const read = rejection(response.text())
    again.abort(reason)
    expect(await read).toBe(reason)
  })

  it('tells what never left from what may have arrived', async () => {
    const url = await serve((request) => void request.socket.destroy())
    expect(neverSent(await rejection(fetch(url)))).toBe(false)
    const closed = await startWebProxy()
    await closed.close()
    expect(neverSent(await rejection(fetch(`http://${closed.host}`)))).toBe(true)
  })
})

describe('through a proxy', () => {
  const hello: RequestListener = (request, response) =>
    void response.end(`hello ${request.headers['x-a'] ?? ''}`)

  it.each(['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY'])('goes what is for https, by %s', async (variable) => {
    const url = await serve(hello)
    const { host, asked } = await proxy()
    const response = await createFetch({ [variable]: `http://${host}` })(url, { headers: { 'X-A': 'b' } })
    expect(await response.text()).toBe('hello b')
    expect(asked).toEqual([`CONNECT ${new URL(url).host}`])
  })

  it('goes what is for http', async () => {
    const url = await serve(hello, false)
    const { host, asked } = await proxy()
    const response = await createFetch({ HTTP_PROXY: `http://${host}` })(`${url}/x`)
    expect(await response.text()).toBe('hello ')
    expect(asked).toEqual([`GET ${url}/x`])
  })

  it('goes not what NO_PROXY names', async () => {
    const url = await serve(hello)
    const { host, asked } = await proxy()
    const response = await createFetch({ HTTPS_PROXY: `http://${host}`, NO_PROXY: 'localhost' })(url)
    expect(await response.text()).toBe('hello ')
    expect(asked).toEqual([])
  })

  it('that wants a password, with it', async () => {
    const secure = await serve(hello)
    const plain = await serve(hello, false)
    const { host, asked } = await proxy({ password: `ada:${decodeURIComponent(PASSWORD)}` })
    const address = `http://ada:${PASSWORD}@${host}`
    const fetch = createFetch({ HTTPS_PROXY: address, HTTP_PROXY: address })
    expect(await (await fetch(secure)).text()).toBe('hello ')
    expect(await (await fetch(plain)).text()).toBe('hello ')
    expect(asked).toHaveLength(2)
  })

  it('of a kind that Node has no way through nothing goes; it is named when the direct way fails', async () => {
    const url = await serve(hello)
    const fetch = createFetch({ ALL_PROXY: `socks5://ada:${PASSWORD}@127.0.0.1:1` })
    expect(await (await fetch(url)).text()).toBe('hello ')
    const closed = await startWebProxy()
    await closed.close()
    const error = await rejection(fetch(`http://${closed.host}`))
    expect(error).toBeInstanceOf(ProxyFault)
    expect(error.message).toMatch(/ECONNREFUSED.* socks5:\/\/127\.0\.0\.1:1 \(from ALL_PROXY\) .* only git/)
    expect(error.next).toMatch(/set HTTPS_PROXY/)
    expect(neverSent(error)).toBe(true)
  })

  it('a request that waits for its tunnel ends at once when it is aborted, and so does the tunnel', async () => {
    const { host, tunnels, wasAsked } = await proxy({ silent: true })
    const cancel = new AbortController()
    const reason = new Error('enough')
    const asked = rejection(
      createFetch({ HTTPS_PROXY: `http://${host}` })('https://api.heroku.com', { signal: cancel.signal }),
    )
    await wasAsked()
    cancel.abort(reason)
    expect(await asked).toBe(reason)
    await expect.poll(() => tunnels.size, { timeout: 20_000 }).toBe(0)
  })

  it('leaves nothing that keeps the process alive', async () => {
    const url = await serve(hello)
    const { host } = await proxy()
    const http = new URL('../../src/heroku/http.ts', import.meta.url).href
    const code =
      `const { createFetch } = await import(${JSON.stringify(http)});` +
      'const response = await createFetch(process.env)(process.argv[1]); console.log(await response.text())'
    const env = {
      HTTPS_PROXY: `http://${host}`,
      NODE_EXTRA_CA_CERTS: certificate.certificateFile,
      PATH: process.env.PATH,
    }
    const child = spawn(process.execPath, ['--input-type=module', '-e', code, url], { env })
    ends.push(() => child.kill('SIGKILL'))
    const [printed, [exitCode]] = await Promise.all([text(child.stdout), once(child, 'exit')])
    expect([printed, exitCode]).toEqual(['hello \n', 0])
  })
})

describe('what the API client says of a proxy', () => {
  let url: string
  beforeEach(async () => {
    url = await serve((_request, response) => void response.end(JSON.stringify(appAnswer().body)))
  })

  async function said(env: NodeJS.ProcessEnv, write = false) {
    const time = scriptedTime((ms) => ms !== 15_000)
    const around = surroundings({ time, env, random: () => 0.2 })
    const api = createPlatformApi({ app: 'shop', apiUrl: url, apiKey: 'HRKU-5ecre7' }, around)
    const error = await rejection(write ? api.makeRelease('a', 'b', around.signal) : api.app(around.signal))
    const all = [error.message, error.next, ...around.lines].join('\n')
    for (const secret of [PASSWORD, decodeURIComponent(PASSWORD), 'YWRhOj', 'HRKU']) {
      expect(all).not.toContain(secret)
    }
    return Object.assign(error, { retries: around.lines })
  }

  it('is nothing when all is well', async () => {
    const { host } = await proxy()
    const around = surroundings({ env: { HTTPS_PROXY: `http://${host}` } })
    const api = createPlatformApi({ app: 'shop', apiUrl: url, apiKey: 'k' }, around)
    expect((await api.app(around.signal)).name).toBe('shop')
    expect(around.lines).toEqual([])
  })

  it.each([
    ['none', 'http://'],
    ['a wrong one', `http://ada:${PASSWORD}@`],
  ])('that wants another password than %s', async (_name, prefix) => {
    const { host, asked } = await proxy({ password: 'ada:other' })
    const error = await said({ HTTPS_PROXY: prefix + host })
    expect(error.message).toMatch(
      /could not be reached for GET \/apps\/shop: the proxy http:\/\/127\.0\.0\.1:\d+ \(from HTTPS/,
    )
    expect(error.message).toMatch(
      /wants a name and a password that it accepts \(407 Proxy Authentication Required\)\.$/,
    )
    expect(error.next).toMatch(/Set HTTPS_PROXY to `http:\/\/name:password@.*percent-encoded/)
    expect(error).toMatchObject({ passing: false, status: undefined })
    expect(asked).toHaveLength(1)
  })

  it('that wants a password of a request for http too', async () => {
    url = url.replace('https', 'http')
    const { host, asked } = await proxy({ password: 'ada:other' })
    const error = await said({ HTTP_PROXY: `http://ada:${PASSWORD}@${host}` })
    expect(error.message).toMatch(/\(from HTTP_PROXY\) wants a name and a password/)
    expect(asked).toHaveLength(1)
  })

  it('that refuses', async () => {
    const { host, asked } = await proxy({ refuse: 403 })
    const error = await said({ HTTPS_PROXY: host })
    expect(error.message).toMatch(/made no connection to localhost:\d+ \(403 Forbidden\)\.$/)
    expect(error.next).toMatch(/let localhost:\d+ through, or, .* add localhost to NO_PROXY/)
    expect(error).toMatchObject({ passing: false })
    expect(asked).toHaveLength(1)
  })

  it('that has no way for now is asked again, also for a write: nothing was sent', async () => {
    const { host, asked } = await proxy({ refuse: 503 })
    const error = await said({ HTTPS_PROXY: host }, true)
    expect(error.message).toMatch(
      /could not be reached for POST .* made no connection .*\(503 Service Unavail/,
    )
    expect(error).toMatchObject({ passing: true, unknown: false })
    expect(asked).toHaveLength(5)
    expect(error.retries[0]).toMatch(
      /no answer to POST .* \(the proxy http:\/\/127.* \(503 .*\)\); trying again/,
    )
  })

  it('that is down', async () => {
    const closed = await startWebProxy()
    await closed.close()
    const error = await said({ HTTPS_PROXY: `http://ada:${PASSWORD}@${closed.host}` }, true)
    expect(error.message).toMatch(/the proxy http:\/\/127\.0\.0\.1:\d+ \(from HTTPS_PROXY\): .*ECONNREFUSED/)
    expect(error.next).toMatch(/proxy is up .* add that to NO_PROXY/)
    expect(error).toMatchObject({ passing: true, unknown: false })
    expect(error.retries).toHaveLength(4)
  })

  it('whose name or password is not encoded', async () => {
    const error = await said({ HTTPS_PROXY: `http://ada:${PASSWORD}%zz@127.0.0.1:1` })
    expect(error.message).toMatch(
      /password of the proxy http:\/\/127\.0\.0\.1:1 \(from HTTPS_PROXY\) is not percent/,
    )
    expect(error).toMatchObject({ passing: false })
  })

  it('that opens TLS with a certificate of its own', async () => {
    setDefaultCACertificates(before)
    try {
      const { host } = await proxy()
      const error = await said({ HTTPS_PROXY: `http://${host}` })
      expect(error.message).toMatch(
        /the proxy http:\/\/127\.0\.0\.1:\d+ .* stands between: .*self-signed certificate/,
      )
      expect(error.next).toMatch(/NODE_EXTRA_CA_CERTS/)
      const direct = await said({})
      expect(direct.message).toMatch(/could not be reached for GET \/apps\/shop: self-signed certificate/)
      expect(direct.next).toMatch(/NODE_EXTRA_CA_CERTS/)
      expect([error, direct]).toMatchObject([{ passing: false }, { passing: false }])
    } finally {
      setDefaultCACertificates([...before, readFileSync(certificate.certificateFile, 'utf8')])
    }
  })
})
