import { type Fields, fields, list, name, text, UnreadableAnswerError } from './api-answers.ts'

/** How many dynos of one process type an app is to have: 0 for a type that is scaled down. */
export interface Formation {
  readonly type: string
  readonly quantity: number
  /** what its dynos run */
  readonly command?: string
}

export interface Dyno {
  readonly id: string
  /** `clock.1` */
  readonly name: string
  readonly type: string
  /** `crashed`, `down`, `idle`, `starting`, `up`, or a word that Heroku has added since */
  readonly state: string
  /** of its release, 43 of `v43`; 0 when Heroku doesn't tell */
  readonly version: number
}

/** A dyno that was started for one command, with the way to its input and output. */
export interface OneOffDyno {
  readonly id: string
  /** `run.1234` */
  readonly name: string
  /** holds a secret that opens the session once: not for logs */
  readonly attachUrl: string
}

/** Types with a quantity of 0 are among them. */
export function readFormation(value: unknown): Formation[] {
  return list(value, 'the answer').map((entry) => {
    const { type, quantity, command } = fields(entry, 'the formation')
    if (!isCount(quantity)) throw new UnreadableAnswerError("the formation's quantity is not a number")
    return {
      type: name(type, "the formation's type"),
      quantity,
      ...(typeof command === 'string' && { command }),
    }
  })
}

export function readDynos(value: unknown): Dyno[] {
  return list(value, 'the answer').map(readDyno)
}

export function readDyno(value: unknown): Dyno {
  const dyno = fields(value, 'the dyno')
  return {
    id: text(dyno.id, "the dyno's id"),
    name: name(dyno.name, "the dyno's name"),
    type: name(dyno.type, "the dyno's type"),
    state: name(dyno.state, "the dyno's state"),
    version: versionOf(dyno.release),
  }
}

export function readOneOffDyno(value: unknown): OneOffDyno {
  const dyno = fields(value, 'the dyno')
  const attachUrl = text(dyno.attach_url, "the dyno's attach_url")
  if (!URL.canParse(attachUrl)) throw new UnreadableAnswerError("the dyno's attach_url is not a URL")
  return { id: text(dyno.id, "the dyno's id"), name: name(dyno.name, "the dyno's name"), attachUrl }
}

function versionOf(release: unknown): number {
  const version = typeof release === 'object' && release !== null ? (release as Fields).version : undefined
  return isCount(version) ? version : 0
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
