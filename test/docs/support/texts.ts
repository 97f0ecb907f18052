import type { CallExpression, Node } from 'typescript/unstable/ast'
import * as is from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import { DEEPEST, NOWHERE, type Scope, type Value, type Values } from './values.ts'

/** Stands in a text for what is known only when the program runs. */
export const UNKNOWN = '\uFFFC'

/** Of more variants than that, nobody would write down each. */
const MOST_VARIANTS = 60
/** They give the text that they are called on, but for its ends or some words. */
const SAME_TEXT = new Set(['trim', 'trimEnd', 'trimStart', 'replace', 'replaceAll'])

/** The literal texts that expressions can come to. */
export class Texts {
  readonly #values: Values

  constructor(values: Values) {
    this.#values = values
  }

  /** All texts that an expression can come to, with UNKNOWN in the place of values. */
  of(node: Node, scope: Scope = NOWHERE, depth = 0): string[] {
    const texts = this.#values.of(node, scope, depth).flatMap((value) => this.#ofLeaf(value, depth + 1))
    const distinct = [...new Set(texts.map((text) => text.replace(/\uFFFC+/g, UNKNOWN)))]
    return distinct.length > MOST_VARIANTS ? [UNKNOWN] : distinct
  }

  #ofLeaf({ node, scope }: Value, depth: number): string[] {
    if (depth > DEEPEST) return [UNKNOWN]
    if (is.isStringLiteral(node) || is.isNoSubstitutionTemplateLiteral(node)) return [node.text]
    if (is.isTemplateExpression(node)) {
      return node.templateSpans.reduce(
        (texts, { expression, literal }) =>
          joined(joined(texts, this.of(expression, scope, depth)), [literal.text]),
        [node.head.text],
      )
    }
    if (is.isBinaryExpression(node) && node.operatorToken.kind === SyntaxKind.PlusToken)
      return joined(this.of(node.left, scope, depth), this.of(node.right, scope, depth))
    if (is.isCallExpression(node)) {
      const { expression } = node
      const [first] = node.arguments
      if (is.isPropertyAccessExpression(expression)) {
        if (expression.name.text === 'join') return this.#ofJoined(node, expression.expression, scope, depth)
        if (SAME_TEXT.has(expression.name.text)) return this.of(expression.expression, scope, depth)
      }
      if (is.isIdentifier(expression) && expression.text === 'enumerate' && first)
        return this.#ofElements({ node: first, scope }, depth)
    }
    return [UNKNOWN]
  }

  /** Of parts that are written one after the other, one text; of a list of the like, its elements. */
  #ofJoined(call: CallExpression, list: Node, scope: Scope, depth: number): string[] {
    const parts =
      is.isCallExpression(list) && is.isPropertyAccessExpression(list.expression)
        ? list.expression.expression
        : list
    const [by] = call.arguments
    if (!is.isArrayLiteralExpression(parts) || parts.elements.some(is.isSpreadElement) || !by)
      return this.#ofElements({ node: list, scope }, depth)
    const between = this.of(by, scope, depth)
    // Each of them may be left out, but the first; and so is one that says nothing.
    return parts.elements
      .map((part) => this.of(part, scope, depth).filter((text) => text !== ''))
      .reduce((texts, part) => texts.concat(joined(joined(texts, between), part)))
  }

  #ofElements(array: Value, depth: number): string[] {
    const elements = this.#values
      .elementsOf(array, depth)
      .flatMap(({ node, scope }) => this.of(node, scope, depth))
    return elements.length === 0 ? [UNKNOWN] : [...new Set(elements)]
  }
}

function joined(left: readonly string[], right: readonly string[]): string[] {
  return left.length * right.length > MOST_VARIANTS
    ? left.map((one) => one + UNKNOWN)
    : left.flatMap((one) => right.map((other) => one + other))
}
