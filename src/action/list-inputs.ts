import type { DeployPlan } from '../deploy/plan.ts'
import { DEFAULTS, type InputName } from './input-names.ts'
import type { InputReader } from './input-reader.ts'

const INPUTS = ['list-request-key', 'list-response-key', 'list-message', 'list-resume-message'] as const

/** Reads what belongs to `protocol: list`; `undefined` under another protocol. */
export function readList(read: InputReader): DeployPlan['list'] {
  const protocol = read.oneOf('protocol', ['gate', 'list'])
  const given = (name: InputName) => `${name} (${read.text(name)})`
  if (protocol !== 'list') {
    // The runner hands over the defaults of inputs that nobody has set, and of a misspelled protocol nothing follows.
    const set =
      read.text('protocol') === protocol ? INPUTS.filter((one) => read.text(one) !== DEFAULTS[one]) : []
    for (const name of set) {
      read.problem(
        given(name),
        `means nothing under ${given('protocol')}. Leave it out, or say protocol: list`,
      )
    }
    return undefined
  }
  const key = (name: InputName) =>
    read.matching(
      name,
      /^(?!deploy-gate:)\P{Cc}{1,200}$/u,
      'the key of the list as the listener has it: at most 200 characters, and not one of the gate itself, deploy-gate:…',
    )
  const message = (name: InputName) =>
    read.matching(
      name,
      /^\P{Cc}{0,200}$/u,
      'what the listener compares with: one line of at most 200 characters',
    )
  const list = {
    requestKey: key('list-request-key'),
    responseKey: key('list-response-key'),
    message: message('list-message'),
    resumeMessage: message('list-resume-message'),
  }
  if (list.requestKey === list.responseKey)
    read.problem(
      given('list-response-key'),
      `is the same as ${given('list-request-key')}. A request would pass for its own answer`,
    )
  if (list.message === list.resumeMessage)
    read.problem(
      given('list-resume-message'),
      `is the same as ${given('list-message')}. It would stop the clock once more`,
    )
  if (read.text('on-drain-timeout') === 'force')
    read.problem(
      given('on-drain-timeout'),
      `can't be had under ${given('protocol')}: such a listener can't be told to abort its jobs. Expected fail or deploy`,
    )
  return list
}
