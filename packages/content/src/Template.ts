/**
 * A template is a message with places for a recipient's values, in Liquid: `Hi {{ name }}`.
 *
 * What stands outside tags is kept to the last character (`*bold*`, emoji, line breaks). A value is
 * plain text. A blank one (empty, or only spaces) is never put into a message unless the template
 * gives a `default`: the recipient is refused with `MissingValue` instead of greeted with "Hi ,".
 *
 * Templates are safe to take from strangers. They cannot read files, run code, see the time or reach
 * anything but the values given, and all work is bounded by count (see `limits`): source 100,000
 * characters, text 200,000 characters, 1,000,000 units of work. The same template and values always
 * give the same result.
 */
import { type Classified } from "@fibercast/domain/ErrorClass"
import { Predicate, Result, Schema } from "effect"
import { LiquidError, Output, type Template as Node, TypeGuards } from "liquidjs"
import { type DateSettings, formatDate } from "./internal/DateFilter.ts"
import { filterNames, limits, liquid, run, tagNames } from "./internal/LockedLiquid.ts"
import { listed, nearest } from "@fibercast/domain/Nearest"
import { BlankValue, findVariables, simpleName, TemplateFlaw } from "./internal/TemplateVariables.ts"

/** The source is not a template that can be rendered. */
export class BadTemplate
  extends Schema.TaggedError<BadTemplate>()("BadTemplate", {
    /** Line in the source, from 1. */
    line: Schema.Int,
    /** Character in that line, from 1. */
    column: Schema.Int,
    reason: Schema.String
  })
  implements Classified
{
  readonly errorClass = "campaignPermanent"

  override get message(): string {
    return `The template is wrong at line ${this.line}, column ${this.column}: ${this.reason}`
  }
}

/** The template asks for values that no recipient has. */
export class UnknownVariables
  extends Schema.TaggedError<UnknownVariables>()("UnknownVariables", {
    unknown: Schema.Array(Schema.Struct({ name: Schema.String, nearest: Schema.optionalKey(Schema.String) })),
    /** What there is. */
    columns: Schema.Array(Schema.String)
  })
  implements Classified
{
  readonly errorClass = "campaignPermanent"

  override get message(): string {
    const names = this.unknown.map(({ name, nearest }) =>
      nearest === undefined ? `"${name}"` : `"${name}" (did you mean "${nearest}"?)`
    )
    return `The template uses ${names.join(", ")}, which the audience does not have. Its columns are ${listed(this.columns)}.`
  }
}

/** The recipient has no value, or a blank one, where the template needs it. */
export class MissingValue
  extends Schema.TaggedError<MissingValue>()("MissingValue", { variable: Schema.String })
  implements Classified
{
  readonly errorClass = "recipientPermanent"

  override get message(): string {
    return `There is no value for {{ ${this.variable} }}`
  }
}

/** The values cannot be rendered: a limit was passed, or a filter cannot work on them. */
export class RenderFailed
  extends Schema.TaggedError<RenderFailed>()("RenderFailed", { reason: Schema.String })
  implements Classified
{
  readonly errorClass = "messagePermanent"

  override get message(): string {
    return `The template cannot be rendered: ${this.reason}`
  }
}

/** How a compiled template renders. Texts stand around names: there is one more of them. */
type Program =
  | { readonly _tag: "Segments"; readonly texts: ReadonlyArray<string>; readonly names: ReadonlyArray<string> }
  | { readonly _tag: "Liquid"; readonly nodes: Array<Node>; readonly settings: DateSettings }

export interface Template {
  readonly source: string
  /** Every value a recipient can supply, in order of appearance. */
  readonly variables: ReadonlyArray<string>
  /** Those without which no message can be made. */
  readonly required: ReadonlyArray<string>
  /** The others: with a `default`, only tested, or used in a part that is not always rendered. */
  readonly optional: ReadonlyArray<string>
  /** For `render` alone. */
  readonly program: Program
}

export interface CompileOptions {
  /** IANA zone in which the `date` filter shows instants. UTC when left out. */
  readonly zone?: string
  /** BCP 47 tag for the names of days and months. `en` when left out. */
  readonly locale?: string
}

const explain = (message: string): string => {
  const filter = /^undefined filter: (.*)$/su.exec(message)?.[1]
  if (filter !== undefined) return `there is no filter "${filter}". There are ${filterNames.join(", ")}.`
  const tag = /^tag "(.*)" not found$/su.exec(message)?.[1]
  if (tag !== undefined) {
    if (/^(?:end|els|when)/u.test(tag)) return `"${tag}" has nothing that it belongs to`
    return `there is no tag "${tag}". There are ${tagNames.join(", ")}.`
  }
  if (message === "Maximum call stack size exceeded") return "it is nested too deeply"
  if (message === "parse length limit exceeded") return `it is longer than ${limits.source} characters`
  return message.startsWith("invalid value expression") ? "a name is missing here" : message
}

/** liquidjs adds the place to its messages; here it has fields of its own. */
const plainMessage = (error: LiquidError): string =>
  error.originalError?.message ?? error.message.replace(/, line:\d+, col:\d+$/u, "")

const toBadTemplate = (error: unknown): BadTemplate => {
  if (error instanceof TemplateFlaw || LiquidError.is(error)) {
    const [line = 1, column = 1] = error.token.getPosition()
    return new BadTemplate({
      line,
      column,
      reason: error instanceof TemplateFlaw ? error.message : explain(plainMessage(error))
    })
  }
  return new BadTemplate({
    line: 1,
    column: 1,
    reason: explain(Predicate.isError(error) ? error.message : String(error))
  })
}

/** Text and simple variables only, or nothing. Asked before the guards are put in. */
const segments = (nodes: ReadonlyArray<Node>): Program | undefined => {
  const texts = [""]
  const names: Array<string> = []
  for (const node of nodes) {
    if (node instanceof Output) {
      const name = simpleName(node.value)
      if (name === undefined) return undefined
      names.push(name)
      texts.push("")
    } else if (TypeGuards.isHTMLToken(node.token)) {
      texts.push(`${texts.pop() ?? ""}${node.token.getContent()}`)
    } else return undefined
  }
  return { _tag: "Segments", texts, names }
}

const checkSettings = (settings: DateSettings): void => {
  const shown = formatDate("2026-01-31T00:00:00Z", "%B", settings)
  if ("flaw" in shown) throw new Error(shown.flaw)
}

/** Reads a template. Nothing of it is evaluated yet. */
export const compile = (source: string, options: CompileOptions = {}): Result.Result<Template, BadTemplate> =>
  Result.try({
    try: () => {
      const settings = { zone: options.zone ?? "UTC", locale: options.locale ?? "en" }
      checkSettings(settings)
      const nodes = liquid.parse(source)
      const simple = segments(nodes)
      const { required, variables } = findVariables(nodes)
      return {
        source,
        variables,
        required: variables.filter((name) => required.has(name)),
        optional: variables.filter((name) => !required.has(name)),
        program: simple ?? { _tag: "Liquid", nodes, settings }
      }
    },
    catch: toBadTemplate
  })

/**
 * Whether the columns of an audience can fill the template: every required variable must be one of
 * them. An optional variable may be absent, unless it looks like a misspelling of a column that the
 * template leaves unused: its default would then be sent to everyone.
 */
export const checkColumns = (
  template: Template,
  columns: ReadonlyArray<string>
): Result.Result<void, UnknownVariables> => {
  const unused = columns.filter((column) => !template.variables.includes(column))
  const unknown = template.variables
    .filter((name) => !columns.includes(name))
    .filter((name) => template.required.includes(name) || nearest(name, unused) !== undefined)
    .map((name) => {
      const meant = nearest(name, unused) ?? nearest(name, columns)
      return meant === undefined ? { name } : { name, nearest: meant }
    })
  return unknown.length === 0 ? Result.void : Result.fail(new UnknownVariables({ unknown, columns }))
}

/** A blank value counts as none. */
const valueOf = (values: Readonly<Record<string, string>>, name: string): string => {
  const value = Object.hasOwn(values, name) ? (values[name] ?? "") : ""
  return value.trim() === "" ? "" : value
}

const tooLong = `the text is longer than ${limits.output} characters`

const renderLiquid = (
  nodes: Array<Node>,
  settings: DateSettings,
  scope: object
): Result.Result<string, MissingValue | RenderFailed> =>
  Result.try({
    try: () => run(nodes, scope, settings),
    catch: (error) => {
      const cause = LiquidError.is(error) ? error.originalError : error
      if (cause instanceof BlankValue) return new MissingValue({ variable: cause.variable })
      const reason = LiquidError.is(error)
        ? plainMessage(error)
        : Predicate.isError(error)
          ? error.message
          : String(error)
      return new RenderFailed({ reason: reason === "memory alloc limit exceeded" ? "it needs too much work" : reason })
    }
  })

/** The message for one recipient. Values that the template does not name are not looked at. */
export const render = (
  template: Template,
  values: Readonly<Record<string, string>>
): Result.Result<string, MissingValue | RenderFailed> => {
  for (const variable of template.required) {
    if (valueOf(values, variable) === "") return Result.fail(new MissingValue({ variable }))
  }
  const { program } = template
  if (program._tag === "Liquid") {
    const scope: Record<string, string> = Object.create(null)
    for (const name of template.variables) scope[name] = valueOf(values, name)
    return renderLiquid(program.nodes, program.settings, scope)
  }
  let text = program.texts[0] ?? ""
  for (let index = 0; index < program.names.length; index++) {
    text += (values[program.names[index] ?? ""] ?? "") + (program.texts[index + 1] ?? "")
  }
  return text.length > limits.output ? Result.fail(new RenderFailed({ reason: tooLong })) : Result.succeed(text)
}
