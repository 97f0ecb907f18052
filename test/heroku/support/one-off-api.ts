import { EventEmitter } from 'node:events'
import type { OneOffApi } from '../../../src/heroku/one-off.ts'
import { until } from './until.ts'

type Request = Parameters<OneOffApi['runDyno']>[0]
/** The answer to one question for the dyno: its state, nothing (404), or an error. `silence` lasts until the signal aborts. */
export type Look = string | undefined | Error | 'silence'

/** A Platform API that starts a dyno run.1234, and tells of it what the test says. */
export interface ScriptedApi extends OneOffApi {
  readonly started: Request[]
  /** the names of the dynos that were told to stop */
  readonly stopped: string[]
  /** The answers to the questions for the dyno, in their order; the last one is repeated. `up` without a script. */
  looks(...answers: Look[]): void
  /** how often the dyno has been asked for */
  readonly questions: () => number
  /** resolves when the dyno has been asked for that often */
  asked(times: number): Promise<void>
  /** Has the request to stop the dyno fail, or, with `silence`, never be answered. */
  failToStop(by: Error | 'silence'): void
  /** resolves when a stop was asked for */
  stopping(): Promise<void>
}

/** @param start the attach URL, or the error that Heroku answers with */
export function scriptedApi(start: string | Error): ScriptedApi {
  const events = new EventEmitter()
  const started: Request[] = []
  const stopped: string[] = []
  let answers: Look[] = ['up']
  let asked = 0
  let trouble: Error | 'silence' | undefined
  const answer = (text: Error | string | undefined, signal: AbortSignal): Promise<string | undefined> => {
    signal.throwIfAborted()
    if (text instanceof Error) return Promise.reject(text)
    if (text !== 'silence') return Promise.resolve(text)
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }
  return {
    appName: 'shop',
    started,
    stopped,
    looks(...script) {
      answers = script
    },
    questions: () => asked,
    asked: (times) => until(events, 'asked', () => asked >= times),
    failToStop(by) {
      trouble = by
    },
    stopping: () => until(events, 'stop', () => stopped.length > 0),
    async runDyno(request, signal) {
      started.push(request)
      const attachUrl = await answer(start, signal)
      return { name: 'run.1234', attachUrl: attachUrl ?? '' }
    },
    async dyno(name, signal) {
      asked += 1
      events.emit('asked')
      if (name !== 'run.1234') throw new Error(`there is no dyno ${name}`)
      const state = await answer(answers.length > 1 ? answers.shift() : answers[0], signal)
      return state === undefined ? undefined : { state }
    },
    async stopDyno(name, signal) {
      stopped.push(name)
      events.emit('stop')
      await answer(trouble, signal)
    },
  }
}
