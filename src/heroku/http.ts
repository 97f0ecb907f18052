import http, { type ClientRequest, type IncomingMessage } from 'node:http'
import https from 'node:https'
import type { Socket } from 'node:net'
import { Readable } from 'node:stream'
import { ProxyFault, type ProxyServer, proxyFor, turnedAway, unreachedProxy, uselessProxy } from './proxy.ts'

/** The answers that have no body: `Response` takes none for them. */
const EMPTY = [204, 205, 304]

/** Errors that come before anything of a request has left. */
const NEVER_CONNECTED = ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']

/**
 * What `fetch` is for the APIs of this room, through the proxy that the environment names. Of `fetch`'s options it knows `method`,
 * `headers` as a plain object, a text as `body`, and `signal`. Redirects are never followed: the token would go along.
 *
 * No connection is kept for a second request. Heroku closes idle ones at its own time, and a write that meets a closed one could
 * not be told from a write that was carried out; nor does any keep the process alive.
 *
 * Nothing of `fetch`'s own is touched before the request is on its way: the first sight of `Request`, `Headers` or `Response` loads all of
 * them, which takes as long as the start of Node.
 *
 * Node's own `fetch` heeds the proxy's variables only if NODE_USE_ENV_PROXY was set before the process started, which an action
 * can't do. `proxyEnv` needs Node 24.5: an older one connects directly.
 */
export function createFetch(env: NodeJS.ProcessEnv): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const { signal } = init
    signal?.throwIfAborted()
    const target = new URL(typeof input === 'object' && 'url' in input ? input.url : input)
    const secure = target.protocol === 'https:'
    const proxy = proxyFor(target, env)
    const { promise, resolve, reject } = Promise.withResolvers<Response>()
    const route = routeTo(secure, proxy)
    const request = (secure ? https : http).request(target, {
      method: init.method ?? 'GET',
      headers: (init.headers ?? {}) as Record<string, string>,
      agent: route.agent,
    })
    let answer: IncomingMessage | undefined
    const stop = () => {
      // At once: a request that waits for its connection ends only when that has come.
      reject(signal?.reason)
      request.destroy()
      route.connecting()?.destroy()
      answer?.destroy(signal?.reason)
    }
    signal?.addEventListener('abort', stop, { once: true })
    request.on('close', () => signal?.removeEventListener('abort', stop))
    request.on('response', (incoming) => {
      answer = incoming
      try {
        resolve(responseOf(incoming, secure ? undefined : proxy, target))
      } catch (error) {
        incoming.destroy()
        reject(error)
      }
    })
    request.on('error', (error) => reject(proxy ? throughProxy(error, proxy, target, request) : error))
    request.end(typeof init.body === 'string' ? init.body : undefined)
    return promise
  }
}

/** An agent for one request, and the connection that it has begun. */
function routeTo(
  secure: boolean,
  proxy: ProxyServer | undefined,
): { agent: http.Agent; connecting(): Socket | undefined } {
  let socket: Socket | undefined
  const proxyEnv = proxy?.url === undefined ? undefined : { http_proxy: proxy.url, https_proxy: proxy.url }
  let agent: http.Agent
  try {
    agent = new (secure ? https : http).Agent(proxyEnv ? { proxyEnv } : {})
  } catch (error) {
    if (!proxy) throw error
    // Node's own message would show the password. The name or the password has a `%` that encodes nothing.
    throw new ProxyFault(
      `the name or the password of the proxy ${proxy.shown} (from ${proxy.variable}) is not percent-encoded`,
      `Write each \`%\` in it as \`%25\` and each other sign but letters and digits likewise, in ${proxy.variable}.`,
      false,
    )
  }
  const connect = agent.createConnection.bind(agent)
  agent.createConnection = (options, callback) => {
    const begun = connect(options, callback)
    socket = begun as Socket
    return begun
  }
  return { agent, connecting: () => socket }
}

function responseOf(incoming: IncomingMessage, proxy: ProxyServer | undefined, target: URL): Response {
  const { statusCode: status = 0, rawHeaders } = incoming
  if (proxy?.url !== undefined && status === 407) throw turnedAway(status, proxy, target)
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? '', rawHeaders[at + 1] ?? '')
  }
  if (EMPTY.includes(status)) {
    incoming.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(incoming) as ReadableStream<Uint8Array>, { status, headers })
}

/** What an error means that came with a proxy in the environment. */
function throughProxy(
  error: NodeJS.ErrnoException & { statusCode?: number },
  proxy: ProxyServer,
  target: URL,
  request: ClientRequest,
): Error {
  const reason = error.message || String(error.code)
  if (proxy.url === undefined) return connected(error, request) ? error : uselessProxy(reason, proxy, error)
  if (error.code === 'ERR_PROXY_TUNNEL' && error.statusCode)
    return turnedAway(error.statusCode, proxy, target)
  return connected(error, request) ? error : unreachedProxy(reason, proxy, target, error)
}

/** Something of the request may have arrived. */
function connected({ code = '' }: NodeJS.ErrnoException, { socket }: ClientRequest): boolean {
  return socket !== null && socket !== undefined && !NEVER_CONNECTED.includes(code)
}

/** The connection was never made, so nothing of the request can have arrived. */
export function neverSent(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof ProxyFault) return true
  return NEVER_CONNECTED.includes(String((error as NodeJS.ErrnoException).code)) || neverSent(error.cause)
}
