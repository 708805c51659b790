/**
 * The Liquid language with nothing in it that reads files, reaches prototypes, depends on the time or
 * runs without bound: a template is data from a stranger. Limits are counted, never timed, so the same
 * template and values always end the same way.
 */
import {
  Context,
  type Emitter,
  type FilterImplOptions,
  ForTag,
  Liquid,
  type Parser,
  type TagToken,
  type Template,
  toValue,
  toValueSync,
  type TopLevelToken
} from "liquidjs"
import { type DateSettings, formatDate } from "./DateFilter.ts"

/** Characters in a source; characters in a rendered text; units of work (characters made, loop bodies run). */
export const limits = { source: 100_000, output: 200_000, work: 1_000_000 } as const

export const tagNames = ["if", "unless", "case", "for", "break", "continue", "assign", "capture", "comment", "raw", "#"]

export const filterNames = [
  "default",
  "capitalize",
  "upcase",
  "downcase",
  "strip",
  "lstrip",
  "rstrip",
  "strip_newlines",
  "truncate",
  "truncatewords",
  "append",
  "prepend",
  "replace",
  "replace_first",
  "remove",
  "remove_first",
  "slice",
  "split",
  "join",
  "first",
  "last",
  "size",
  "escape",
  "url_encode",
  "plus",
  "minus",
  "times",
  "divided_by",
  "modulo",
  "abs",
  "ceil",
  "floor",
  "round",
  "at_least",
  "at_most",
  "date"
]

const dateRegister = "date"

const dateFilter: FilterImplOptions = function (value: unknown, format: unknown, zone: unknown) {
  const settings = this.context.getRegister<DateSettings>(dateRegister)
  const text = toText(value)
  const pattern = format === undefined ? "%Y-%m-%d" : toText(format)
  this.context.memoryLimit.use(text.length + pattern.length * 16)
  if (text === "") return ""
  const shown = formatDate(text, pattern, zone === undefined ? settings : { ...settings, zone: toText(zone) })
  if ("flaw" in shown) throw new Error(shown.flaw)
  return shown.text
}

/** Each turn of a loop is charged by the length of its body, so nested loops and empty bodies have a bound as well. */
class ChargedFor extends ForTag {
  constructor(token: TagToken, rest: Array<TopLevelToken>, liquid: Liquid, parser: Parser) {
    super(token, rest, liquid, parser)
    const first = this.templates[0]?.token.begin ?? 0
    const weight = 1 + (this.templates.at(-1)?.token.end ?? 0) - first
    this.templates.unshift({ token, render: (context: Context) => context.memoryLimit.use(weight) })
  }
}

export const liquid: Liquid = new Liquid({
  templates: {},
  dynamicPartials: false,
  relativeReference: false,
  strictFilters: true,
  ownPropertyOnly: true,
  // An empty cell is false, so `{% if nickname %}` means what it says.
  jsTruthy: true,
  parseLimit: limits.source,
  memoryLimit: limits.work
})
for (const name of Object.keys(liquid.tags)) if (!tagNames.includes(name)) delete liquid.tags[name]
for (const name of Object.keys(liquid.filters)) if (!filterNames.includes(name)) liquid.unregisterFilter(name)
liquid.registerTag("for", ChargedFor)
liquid.registerFilter("date", dateFilter)

/** How Liquid prints a value. */
const toText = (value: unknown): string => {
  const plain: unknown = toValue(value)
  if (typeof plain === "string") return plain
  if (plain === undefined || plain === null) return ""
  return Array.isArray(plain) ? plain.map(toText).join("") : String(plain)
}

class BoundedEmitter implements Emitter {
  buffer = ""

  write(value: unknown): void {
    this.buffer += toText(value)
    if (this.buffer.length > limits.output) throw new Error(`the text is longer than ${limits.output} characters`)
  }
}

/** Renders, or throws what liquidjs throws. `scope` must have no prototype. */
export const run = (templates: Array<Template>, scope: object, settings: DateSettings): string => {
  const context = new Context(scope, liquid.options, { sync: true }, { liquid })
  context.setRegister(dateRegister, settings)
  const emitter = new BoundedEmitter()
  toValueSync(liquid.renderer.renderTemplates(templates, context, emitter))
  return emitter.buffer
}
