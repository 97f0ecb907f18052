import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'

/** What a release phase prints, as Heroku streams it from `output_stream_url`. Nothing is there until the phase begins. */
export interface PhaseOutput {
  /** a capability: who knows it may read, without a token */
  readonly secret: string
  begin(): void
  write(line: string): void
  /** Ends the answers of those who listen. */
  end(): void
  /** Breaks off the connections of those who listen, in the middle of their answers. */
  breakOff(): void
  /** From byte `from` on: what was printed so far at once, and the rest as it comes. */
  serve(response: ServerResponse, from: number): void
}

export function createPhaseOutput(): PhaseOutput {
  let state: 'waiting' | 'running' | 'over' = 'waiting'
  let printed = Buffer.alloc(0)
  const listeners = new Set<ServerResponse>()

  return {
    secret: randomBytes(24).toString('hex'),
    begin() {
      state = 'running'
    },
    write(line) {
      const piece = Buffer.from(`${line}\n`)
      printed = Buffer.concat([printed, piece])
      for (const listener of listeners) listener.write(piece)
    },
    end() {
      if (state === 'running') state = 'over'
      for (const listener of listeners) listener.end()
      listeners.clear()
    },
    breakOff() {
      for (const listener of listeners) listener.destroy()
      listeners.clear()
    },
    serve(response, from) {
      if (state === 'waiting') return refuse(response, 404, 'There is no output yet.')
      if (from > printed.length) return refuse(response, 416, 'There is not that much output.')
      response.writeHead(from > 0 ? 206 : 200, { 'Content-Type': 'text/plain; charset=utf-8' })
      response.flushHeaders()
      const soFar = printed.subarray(from)
      if (soFar.length > 0) response.write(soFar)
      if (state === 'over') return void response.end()
      listeners.add(response)
      response.on('error', () => {})
      response.on('close', () => listeners.delete(response))
    },
  }
}

export interface PhaseOutputs {
  /** the path of every output, before its secret */
  readonly path: string
  /** Answers a request for an output, and resumes at `Range: bytes=N-`. */
  serve(request: IncomingMessage, response: ServerResponse): void
}

/** @param all the outputs that there are */
export function createPhaseOutputs(all: () => readonly PhaseOutput[]): PhaseOutputs {
  const path = '/streams/'
  return {
    path,
    serve({ url = '', headers }, response) {
      // What stores the real ones refuses a request that brings a token besides the secret.
      if (headers.authorization) return refuse(response, 400, 'Only one auth mechanism allowed.')
      const output = all().find(({ secret }) => path + secret === url)
      if (!output) return refuse(response, 404, 'There is no such output.')
      output.serve(response, Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0))
    },
  }
}

function refuse(response: ServerResponse, status: number, message: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' })
  response.end(`${message}\n`)
}
