import type { Expression, FunctionLikeDeclaration, Node } from 'typescript/unstable/ast'
import * as is from 'typescript/unstable/ast'
import { SyntaxKind } from 'typescript/unstable/ast'
import { type Checker, SymbolFlags } from 'typescript/unstable/sync'

/** What the parameters of the functions that were gone into stand for. */
export type Scope = ReadonlyMap<Node, Value>

/** An expression of the source, and where its names have their meaning. */
export interface Value {
  readonly node: Node
  readonly scope: Scope
}

export const NOWHERE: Scope = new Map()
/** So many steps are followed, of whatever kind. */
export const DEEPEST = 24
/** An object of more members than that is no choice of words. */
const MOST_MEMBERS = 12
/** They give elements of the array that they are called on. */
const SAME_ELEMENTS = new Set(['slice', 'filter', 'sort', 'toSorted', 'toReversed'])

/** Follows expressions to those that they can stand for: through names, branches, calls, and callers. */
export class Values {
  readonly #checker: Checker
  /** all calls, by the declaration of what is called */
  readonly #calls = new Map<Node, Node[]>()
  /** whether what a file declares is followed */
  readonly #isOpen: (fileName: string) => boolean
  /** the functions that are being gone into */
  readonly #open = new Set<Node>()

  constructor(checker: Checker, roots: readonly Node[], isOpen: (fileName: string) => boolean) {
    this.#checker = checker
    this.#isOpen = isOpen
    for (const root of roots) {
      every(root, (node) => {
        if (!is.isCallExpression(node)) return
        const called = this.declarationOf(calledName(node))
        if (called) this.#calls.set(called, [...(this.#calls.get(called) ?? []), node])
      })
    }
  }

  /** Where what a name stands for is declared, in whatever file. */
  declarationOf(name: Node | undefined): Node | undefined {
    if (name === undefined) return undefined
    const symbol = this.#checker.getSymbolAtLocation(name)
    if (symbol === undefined) return undefined
    const target = symbol.flags & SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol
    const declared = target.valueDeclaration?.resolve()
    // A function of a module that is loaded late stands behind a name of its own.
    return declared && isLoadedLate(declared)
      ? this.#checker.getTypeOfSymbol(target)?.getSymbol()?.valueDeclaration?.resolve()
      : declared
  }

  /** What an expression can be when all names, branches and calls are followed. */
  of(node: Node, scope: Scope, depth: number): Value[] {
    if (depth > DEEPEST) return [{ node, scope }]
    const follow = (next: Node, where = scope) => this.of(next, where, depth + 1)
    if (
      is.isParenthesizedExpression(node) ||
      is.isAsExpression(node) ||
      is.isSatisfiesExpression(node) ||
      is.isNonNullExpression(node) ||
      is.isAwaitExpression(node)
    )
      return follow(node.expression)
    if (is.isConditionalExpression(node)) return [...follow(node.whenTrue), ...follow(node.whenFalse)]
    if (is.isBinaryExpression(node)) {
      const { kind } = node.operatorToken
      if (kind === SyntaxKind.QuestionQuestionToken || kind === SyntaxKind.BarBarToken)
        return [...follow(node.left), ...follow(node.right)]
      if (kind === SyntaxKind.AmpersandAmpersandToken) return follow(node.right)
    }
    if (is.isIdentifier(node)) return this.#ofName(node, scope, depth) ?? [{ node, scope }]
    if (is.isPropertyAccessExpression(node)) {
      const member = this.declarationOf(node.name)
      if (member && is.isGetAccessorDeclaration(member) && this.#isIn(member))
        return this.#returns(member, NOWHERE, depth)
      // A constant of a module that is imported as a whole.
      if (member && is.isVariableDeclaration(member) && member.initializer && this.#isIn(member))
        return follow(member.initializer, NOWHERE)
      const found = follow(node.expression).flatMap((value) => this.#select(value, node.name.text, depth))
      return found.length > 0 ? found : [{ node, scope }]
    }
    if (is.isElementAccessExpression(node)) {
      const found = follow(node.expression).flatMap(({ node: of, scope: where }) =>
        is.isObjectLiteralExpression(of) && of.properties.length <= MOST_MEMBERS
          ? of.properties.flatMap((one) =>
              is.isPropertyAssignment(one) ? follow(one.initializer, where) : [],
            )
          : [],
      )
      return found.length > 0 ? found : [{ node, scope }]
    }
    if (is.isCallExpression(node)) {
      const returned = this.#functionsOf(node.expression, scope, depth).flatMap((called) =>
        this.#isIn(called.node) ? this.#returns(called.node, this.#within(called, node, scope), depth) : [],
      )
      if (returned.length > 0) return returned
    }
    return [{ node, scope }]
  }

  /** `undefined` when it is not known what the name stands for. */
  #ofName(name: Node, scope: Scope, depth: number): Value[] | undefined {
    const declared = this.declarationOf(name)
    if (declared === undefined || !this.#isIn(declared)) return undefined
    if (is.isVariableDeclaration(declared) && declared.initializer)
      return this.of(declared.initializer, scope, depth + 1)
    if (is.isParameterDeclaration(declared)) return this.#ofParameter(declared, scope, depth)
    if (!is.isBindingElement(declared)) return undefined
    const pattern = declared.parent
    const holder = pattern.parent
    const whole =
      is.isVariableDeclaration(holder) && holder.initializer
        ? this.of(holder.initializer, scope, depth + 1)
        : is.isParameterDeclaration(holder)
          ? (this.#ofParameter(holder, scope, depth) ?? [])
          : []
    const key = is.isArrayBindingPattern(pattern)
      ? pattern.elements.indexOf(declared as never)
      : ((declared.propertyName ?? declared.name) as { text?: string }).text
    const found = whole.flatMap((value) => (key === undefined ? [] : this.#select(value, key, depth)))
    return found.length > 0 ? found : undefined
  }

  #ofParameter(parameter: Node, scope: Scope, depth: number): Value[] | undefined {
    const bound = scope.get(parameter)
    if (bound) return this.of(bound.node, bound.scope, depth + 1)
    const owner = parameter.parent as FunctionLikeDeclaration
    const index = owner.parameters.indexOf(parameter as never)
    const named =
      is.isVariableDeclaration(owner.parent) || is.isPropertyAssignment(owner.parent) ? owner.parent : owner
    const given = (this.#calls.get(named) ?? []).flatMap((call) => {
      const argument = (call as unknown as { arguments: readonly Expression[] }).arguments[index]
      return argument ? this.of(argument, NOWHERE, depth + 1) : []
    })
    return given.length > 0 ? given : undefined
  }

  /** A member of an object, or an element of an array. */
  #select({ node, scope }: Value, key: string | number, depth: number): Value[] {
    if (typeof key === 'number') {
      const element = is.isArrayLiteralExpression(node) ? node.elements[key] : undefined
      return element ? this.of(element, scope, depth + 1) : []
    }
    if (!is.isObjectLiteralExpression(node)) return []
    return node.properties.flatMap((one) => {
      if (is.isShorthandPropertyAssignment(one) && is.isIdentifier(one.name) && one.name.text === key) {
        const symbol = this.#checker.getShorthandAssignmentValueSymbol(one)
        const declared = symbol?.valueDeclaration?.resolve()
        return declared && is.isVariableDeclaration(declared) && declared.initializer
          ? this.of(declared.initializer, scope, depth + 1)
          : []
      }
      return is.isPropertyAssignment(one) && (one.name as { text?: string }).text === key
        ? this.of(one.initializer, scope, depth + 1)
        : []
    })
  }

  /** What an array can hold. */
  elementsOf(array: Value, depth: number): Value[] {
    if (depth > DEEPEST) return []
    return this.of(array.node, array.scope, depth + 1).flatMap(({ node, scope }): Value[] => {
      if (is.isArrayLiteralExpression(node)) {
        return node.elements.flatMap((element) =>
          is.isSpreadElement(element)
            ? this.elementsOf({ node: element.expression, scope }, depth + 1)
            : [{ node: element, scope }],
        )
      }
      if (!is.isCallExpression(node) || !is.isPropertyAccessExpression(node.expression)) return []
      const { name, expression } = node.expression
      if (SAME_ELEMENTS.has(name.text)) return this.elementsOf({ node: expression, scope }, depth + 1)
      const [by] = node.arguments
      if ((name.text !== 'map' && name.text !== 'flatMap') || by === undefined) return []
      const returned = this.#functionsOf(by, scope, depth).flatMap((made) =>
        this.#returns(made.node, made.scope, depth),
      )
      return name.text === 'map' ? returned : returned.flatMap((one) => this.elementsOf(one, depth + 1))
    })
  }

  /** What a call can call. */
  #functionsOf(callee: Node, scope: Scope, depth: number): Value[] {
    const isFunction = (node: Node) => is.isArrowFunction(node) || is.isFunctionExpression(node)
    if (isFunction(callee)) return [{ node: callee, scope }]
    const name = is.isPropertyAccessExpression(callee) ? callee.name : callee
    const declared = this.declarationOf(name)
    if (declared && (is.isFunctionDeclaration(declared) || is.isMethodDeclaration(declared)))
      return [{ node: declared, scope: NOWHERE }]
    if (!is.isIdentifier(name) && !is.isElementAccessExpression(name)) return []
    return this.of(name, scope, depth + 1).filter(({ node }) => isFunction(node))
  }

  /** What a function can return. */
  #returns(of: Node, scope: Scope, depth: number): Value[] {
    const { body } = of as { body?: Node }
    if (body === undefined || depth > DEEPEST || this.#open.has(of)) return []
    this.#open.add(of)
    try {
      if (!is.isBlock(body)) return this.of(body, scope, depth + 1)
      const found: Value[] = []
      every(body, (node) => {
        if (is.isReturnStatement(node) && node.expression && enclosing(node) === of)
          found.push(...this.of(node.expression, scope, depth + 1))
      })
      return found
    } finally {
      this.#open.delete(of)
    }
  }

  /** The function's own scope during one call of it. */
  #within({ node, scope }: Value, call: Node, where: Scope): Scope {
    const given = (call as unknown as { arguments: readonly Expression[] }).arguments
    const bound = (node as FunctionLikeDeclaration).parameters.flatMap(
      (parameter, index): [Node, Value][] => {
        const argument = given[index] ?? parameter.initializer
        return argument ? [[parameter, { node: argument, scope: where }]] : []
      },
    )
    return new Map([...scope, ...bound])
  }

  #isIn(node: Node): boolean {
    return this.#isOpen(node.getSourceFile().fileName)
  }
}

/** `name` of `const { name } = await import('./module.ts')`. */
function isLoadedLate(declared: Node): boolean {
  if (!is.isBindingElement(declared)) return false
  const holder = declared.parent.parent
  const from = is.isVariableDeclaration(holder) ? holder.initializer : undefined
  return (
    from !== undefined &&
    is.isAwaitExpression(from) &&
    is.isCallExpression(from.expression) &&
    from.expression.expression.kind === SyntaxKind.ImportKeyword
  )
}

/** Visits a node and all below it. */
export function every(node: Node, visit: (node: Node) => void): void {
  visit(node)
  node.forEachChild((child) => {
    every(child, visit)
    return undefined
  })
}

/** The name by which a call calls. */
function calledName(call: Node): Node | undefined {
  const { expression } = call as unknown as { expression: Node }
  return is.isPropertyAccessExpression(expression) ? expression.name : expression
}

function enclosing(node: Node): Node | undefined {
  for (let at: Node | undefined = node.parent; at; at = at.parent) {
    if (
      is.isArrowFunction(at) ||
      is.isFunctionExpression(at) ||
      is.isFunctionDeclaration(at) ||
      is.isMethodDeclaration(at) ||
      is.isGetAccessorDeclaration(at)
    )
      return at
  }
  return undefined
}
