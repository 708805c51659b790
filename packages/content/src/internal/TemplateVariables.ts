/**
 * Which values a template asks a recipient for, and where it cannot do without them.
 *
 * A variable is required when it is always put into the text (or into something made from it) with no
 * `default` behind it; it is optional when it has a default, is only tested, or is used in a part that
 * is not always rendered. In such a part a guard looks at render time, so a blank never slips through.
 */
import {
  AssignTag,
  CaptureTag,
  Filter,
  Output,
  type Template,
  type Token,
  Tokenizer,
  TypeGuards,
  Value
} from "liquidjs"
import { liquid } from "./LockedLiquid.ts"

/** The template is not what it seems to be. */
export class TemplateFlaw extends Error {
  readonly token: Token

  constructor(token: Token, reason: string) {
    super(reason)
    this.token = token
  }
}

/** A value came out blank where it is needed. */
export class BlankValue extends Error {
  readonly variable: string

  constructor(variable: string) {
    super(`${variable} is blank`)
    this.variable = variable
  }
}

export interface TemplateVariables {
  /** All names, in order of appearance. */
  readonly variables: ReadonlyArray<string>
  readonly required: ReadonlySet<string>
}

/** Blocks within blocks. Rendering recurses, so this keeps it far from the end of any stack. */
const deepest = 100

interface Scope {
  readonly depth: number
  /** Inside a part that is not always rendered. */
  readonly conditional: boolean
  /** Names that loops around here bind. */
  readonly bound: ReadonlySet<string>
}

const childrenOf = (template: Template): ReadonlyArray<Template> => {
  const step = template.children?.(false, true).next()
  return step?.done === true ? step.value : []
}

const boundBy = (template: Template): Iterable<string> => template.blockScope?.() ?? []

const localsOf = (template: Template): ReadonlyArray<string> =>
  Array.from(template.localScope?.() ?? [], (local) => (typeof local === "string" ? local : local.content))

/** The name of a simple variable: `name`, or `["First Name"]`. */
export const simpleName = (value: Value): string | undefined => {
  const [token, more] = value.initial.postfix
  if (more !== undefined || value.filters.length > 0 || !TypeGuards.isPropertyAccessToken(token)) return undefined
  const [name, property] = token.props
  const simple = token.variable === undefined && property === undefined
  return simple && (TypeGuards.isWordToken(name) || TypeGuards.isQuotedToken(name)) ? name.content : undefined
}

interface Root {
  readonly name: string
  readonly token: Token
  /** What is read of it: `size` in `items.size`. */
  readonly property: string | undefined
}

const nameOf = (token: Token): string | undefined => {
  if (TypeGuards.isWordToken(token) || TypeGuards.isQuotedToken(token)) return token.content
  return TypeGuards.isNumberToken(token) ? String(token.content) : undefined
}

/** The variables that a token reads. */
const rootsOf = (token: Token): ReadonlyArray<Root> => {
  if (TypeGuards.isRangeToken(token)) return [...rootsOf(token.lhs), ...rootsOf(token.rhs)]
  if (!TypeGuards.isPropertyAccessToken(token)) return []
  const nested = token.props.flatMap(rootsOf)
  if (token.variable !== undefined) return nested
  const [first, second] = token.props
  const name = first === undefined ? undefined : nameOf(first)
  if (name === undefined) throw new TemplateFlaw(token, "the name of a variable must be written out")
  return [{ name, token, property: second === undefined ? undefined : (nameOf(second) ?? "") }, ...nested]
}

/** Liquid reads past what it does not understand; a message must not. */
const checkExpression = (value: Value): void => {
  const { postfix } = value.initial
  let depth = 0
  for (const token of postfix) {
    if (!TypeGuards.isOperatorToken(token)) depth++
    else if (token.operator === "not" ? depth < 1 : --depth < 1)
      throw new TemplateFlaw(token, "something is missing beside this operator")
  }
  const [first, second] = postfix
  if (depth > 1 && first !== undefined && second !== undefined) {
    const words = first.input.slice(first.begin, second.end)
    throw new TemplateFlaw(first, `"${words}" is not one name: write {{ ["${words}"] }} if the name has a space`)
  }
}

const checkEnd = (output: Output): void => {
  const { token } = output
  const tokenizer = new Tokenizer(token.input, liquid.options.operators, undefined, token.contentRange)
  tokenizer.readFilteredValue()
  tokenizer.skipBlank()
  if (!tokenizer.end()) throw new TemplateFlaw(token, `"${tokenizer.remaining().trim()}" is not understood here`)
}

const guardToken = new Tokenizer("value | present").readFilteredValue().filters[0]

/** Fails with BlankValue when one of the names is blank at the moment the value is read. */
const guard = (names: ReadonlyArray<string>): ReadonlyArray<Filter> => {
  if (guardToken === undefined || names.length === 0) return []
  const handler = function (this: { readonly context: { getSync(path: Array<string>): unknown } }, value: unknown) {
    for (const name of names) {
      const current = this.context.getSync([name])
      if (current === undefined || current === null || (typeof current === "string" && current.trim() === "")) {
        throw new BlankValue(name)
      }
    }
    return value
  }
  return [new Filter(guardToken, handler, liquid)]
}

class Walk {
  readonly required = new Set<string>()
  readonly variables = new Set<string>()
  private readonly assigned = new Set<string>()
  private readonly captured = new Set<string>()

  walk(templates: ReadonlyArray<Template>, scope: Scope): void {
    for (const template of templates) {
      const used = template instanceof Output || template instanceof AssignTag
      if (template instanceof Output) checkEnd(template)
      for (const argument of template.arguments?.() ?? []) {
        if (!(argument instanceof Value)) this.read(rootsOf(argument), scope)
        else if (used) this.use(argument, scope)
        else this.test(argument, scope)
      }
      const bound = new Set([...scope.bound, ...boundBy(template)])
      if (scope.depth > deepest) throw new TemplateFlaw(template.token, "it is nested too deeply")
      const conditional = scope.conditional || !(template instanceof CaptureTag)
      this.walk(childrenOf(template), { conditional, bound, depth: scope.depth + 1 })
      const names = template instanceof CaptureTag ? this.captured : this.assigned
      for (const local of localsOf(template)) names.add(local)
    }
  }

  private test(value: Value, scope: Scope): void {
    checkExpression(value)
    this.read(value.initial.postfix.flatMap(rootsOf), scope)
    for (const filter of value.filters) this.read(argumentsOf(filter), scope)
  }

  private use(value: Value, scope: Scope): void {
    checkExpression(value)
    const compared = value.initial.postfix.some(TypeGuards.isOperatorToken)
    const last = value.filters.findLastIndex((filter) => filter.name === "default")
    const needed = compared || last >= 0 ? [] : value.initial.postfix.flatMap(rootsOf)
    const all = value.initial.postfix.flatMap(rootsOf)
    for (const [index, filter] of value.filters.entries()) {
      const roots = argumentsOf(filter)
      all.push(...roots)
      if (index >= last) needed.push(...roots)
    }
    this.read(all, scope)
    const unguarded = new Set<string>()
    for (const { name } of needed) {
      if (scope.bound.has(name) || this.captured.has(name)) continue
      if (!scope.conditional && this.isGiven(name, scope)) this.required.add(name)
      else unguarded.add(name)
    }
    value.filters.unshift(...guard([...unguarded]))
  }

  private read(roots: ReadonlyArray<Root>, scope: Scope): void {
    for (const { name, property, token } of roots) {
      if (!this.isGiven(name, scope)) continue
      if (property !== undefined && property !== "size") {
        const whole = `${name}.${property}`
        throw new TemplateFlaw(
          token,
          `"${name}" is plain text and has no "${property}": write {{ ["${whole}"] }} if that is the name`
        )
      }
      this.variables.add(name)
    }
  }

  /** Given by the recipient, not made by the template. */
  private isGiven(name: string, scope: Scope): boolean {
    return !scope.bound.has(name) && !this.assigned.has(name) && !this.captured.has(name)
  }
}

const argumentsOf = (filter: Filter): ReadonlyArray<Root> =>
  filter.args.flatMap((argument) => {
    const token = Array.isArray(argument) ? argument[1] : argument
    return token === undefined ? [] : rootsOf(token)
  })

/** Finds the variables and puts the guards in. Throws TemplateFlaw. */
export const findVariables = (templates: ReadonlyArray<Template>): TemplateVariables => {
  const walk = new Walk()
  walk.walk(templates, { conditional: false, bound: new Set(), depth: 1 })
  return { variables: [...walk.variables], required: walk.required }
}
