import { join, relative } from 'node:path'
import type { Node } from 'typescript/unstable/ast'
import * as is from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import { API } from 'typescript/unstable/sync'
import { ROOT } from './pages.ts'
import { Texts, UNKNOWN } from './texts.ts'
import { every, NOWHERE, Values } from './values.ts'

/** Something that the step can say when it ends, as the reason in such a sentence, or as a warning before. */
export interface Message {
  /** with UNKNOWN in the place of what is known only when it happens */
  readonly text: string
  /** `src/gate/gate.ts:56` */
  readonly at: string
  /** the outcome that goes with it, where it is written beside it */
  readonly outcome?: string
}

/** The rooms of which the step is made; the commands have messages of their own. */
const ROOMS = /\/src\/(action|deploy|gate|heroku|protocol|redis)\//
/** Forms in which values are shown: how they read is no part of a message. */
const FORMS = /\/(asker|address|releases|processes)\.ts$/
/** Errors whose text stands in the middle of another message, and that people search for all the same. */
const REASONS = new Set(['ProxyFault', 'PinError', 'UrlFormError'])
/** What ends the step without an error, and what warns meanwhile, by its method, and which argument is the message. */
const SAID: Readonly<Record<string, number>> = { ended: 1, '#report': 1, warning: 0 }

/** Every message of the step, out of its source. */
export function messagesOfTheStep(): Message[] {
  const api = new API({ cwd: ROOT })
  try {
    const [project] = api.updateSnapshot({ openProjects: [join(ROOT, 'tsconfig.json')] }).getProjects()
    if (!project) throw new Error('tsconfig.json is no project.')
    const { program, checker } = project
    const names = program.getSourceFileNames().filter((name) => ROOMS.test(name))
    const files = names.flatMap((name) => program.getSourceFile(name) ?? [])
    const values = new Values(checker, files, (name) => ROOMS.test(name) && !FORMS.test(name))
    const texts = new Texts(values)
    const isError = errorsAmong(files, values)
    const found = new Map<string, Message>()
    for (const file of files) {
      every(file, (node) => {
        for (const text of textsAt(node, texts, isError)) {
          // Another message, passed on as it is, has its words elsewhere.
          if (!hasWords(text)) continue
          const line = file.text.slice(0, node.getStart()).split('\n').length
          const at = `${relative(ROOT, file.fileName)}:${line}`
          found.set(text, { text, at, ...outcomeOf(node) })
        }
      })
    }
    return [...found.values()]
  } finally {
    api.close()
  }
}

const hasWords = (text: string) => /\p{L}{3}/u.test(text)

/** Tells a class that is DeployError or extends it, and a variable that holds such classes, by its name. */
function errorsAmong(files: readonly Node[], values: Values): (name: Node & { text: string }) => boolean {
  const names = new Set(['DeployError'])
  for (let size = 0; size !== names.size; ) {
    size = names.size
    for (const file of files) {
      every(file, (node) => {
        if (!is.isClassDeclaration(node) || !node.name) return
        const parents =
          node.heritageClauses?.flatMap(({ types }) => types.map(({ expression }) => expression)) ?? []
        if (parents.some((parent) => is.isIdentifier(parent) && names.has(parent.text)))
          names.add(node.name.text)
      })
    }
  }
  return (name) =>
    values.of(name, NOWHERE, 0).some(({ node }) => is.isIdentifier(node) && names.has(node.text))
}

/** The messages that a node makes, if it makes one. */
function textsAt(node: Node, texts: Texts, isError: (name: Node & { text: string }) => boolean): string[] {
  if (is.isNewExpression(node) && is.isIdentifier(node.expression)) {
    const [first, second] = node.arguments ?? []
    if (REASONS.has(node.expression.text)) return first ? texts.of(first) : []
    if (!isError(node.expression) || second === undefined) return []
    const told = texts.of(second)
    // What can't be followed must not be overlooked: it shows as it is written, and no entry is like that.
    return told.some(hasWords) || /\.message\b/.test(second.getText()) ? told : [second.getText()]
  }
  if (!is.isCallExpression(node)) return []
  const [first] = node.arguments
  if (node.expression.kind === SyntaxKind.SuperKeyword && first && REASONS.has(classOf(node)))
    return texts.of(first)
  if (!is.isPropertyAccessExpression(node.expression)) return []
  const { name, expression } = node.expression
  const said = SAID[name.text]
  if (said !== undefined) return node.arguments[said] ? texts.of(node.arguments[said]) : []
  return problemsOf(name.text, expression, node.arguments, texts)
}

/** The name of the class in which a node stands. */
function classOf(node: Node): string {
  for (let at: Node | undefined = node; at; at = at.parent)
    if (is.isClassDeclaration(at)) return at.name?.text ?? ''
  return ''
}

function outcomeOf(node: Node): Pick<Message, 'outcome'> {
  const [first, , third] = (is.isNewExpression(node) && node.arguments) || []
  return first && third && is.isStringLiteral(first) ? { outcome: first.text } : {}
}

/** What is wrong with an input, as InputReader words it. */
function problemsOf(method: string, on: Node, [first, second]: readonly Node[], texts: Texts): string[] {
  if (first === undefined) return []
  const ended = (text: string) => (text.endsWith('?') ? text : `${text}.`)
  if (is.isIdentifier(on) && on.text === 'problems' && method === 'push')
    return texts.of(first).map((text) => ended(`${UNKNOWN} ${text}`))
  const isReader = (is.isIdentifier(on) && on.text === 'read') || is.isThisExpression(on)
  if (!isReader || second === undefined) return []
  const told = texts.of(second)
  if (method === 'wrong') return told.map((rule) => `${UNKNOWN} is ${UNKNOWN}. Expected ${rule}.`)
  if (method !== 'problem') return []
  return texts.of(first).flatMap((name) => told.map((what) => ended(`${name} ${what}`)))
}
