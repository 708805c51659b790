/**
 * A fault plan says what a simulated provider does wrong, and when. It is data: the same plan and the
 * same requests give the same faults, because rules count requests or hash targets and never draw lots.
 *
 * Every rule may carry a selector; all parts given must hold, and none given means always:
 * `every: n` each n-th request, `from` and `to` the requests so numbered (inclusive), `targets` those
 * numbers, `everyTarget: n` the n-th part of all targets, by hash, in each of their requests. Requests
 * are counted from 1 since the plan was set. All matching `slow` rules add up; of the others the first
 * one that matches decides.
 */
import { Result, Schema } from "effect"

const Count = Schema.Int.check(Schema.isGreaterThan(0))
const Amount = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))

const selector = {
  every: Schema.optionalKey(Count),
  from: Schema.optionalKey(Count),
  to: Schema.optionalKey(Count),
  targets: Schema.optionalKey(Schema.Array(Schema.NonEmptyString)),
  everyTarget: Schema.optionalKey(Count)
}

/** With `accepted`, the message is taken before the answer goes wrong. */
const accepted = Schema.optionalKey(Schema.Boolean)

export const Fault = Schema.Union([
  /** Answers `millis` late; what the answer says was decided on arrival. */
  Schema.Struct({ kind: Schema.Literal("slow"), millis: Amount, ...selector }),
  /** Answers with this HTTP status and body (default: an HTML page). */
  Schema.Struct({
    kind: Schema.Literal("status"),
    status: Schema.Int.check(Schema.isBetween({ minimum: 200, maximum: 599 })),
    body: Schema.optionalKey(Schema.String),
    headers: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
    accepted,
    ...selector
  }),
  /** Accepts, then cuts the connection instead of answering. */
  Schema.Struct({ kind: Schema.Literal("lostAnswer"), ...selector }),
  /** Cuts the connection and accepts nothing. */
  Schema.Struct({ kind: Schema.Literal("refuse"), ...selector }),
  /** Never answers; the connection stays open. */
  Schema.Struct({ kind: Schema.Literal("hang"), accepted, ...selector }),
  /** HTTP 200 with a body that is no JSON. */
  Schema.Struct({ kind: Schema.Literal("notJson"), body: Schema.optionalKey(Schema.String), accepted, ...selector }),
  Schema.Struct({ kind: Schema.Literal("invalidTarget"), ...selector }),
  Schema.Struct({ kind: Schema.Literal("disconnectedDevice"), ...selector }),
  /** Refuses for lack of quota once `after` messages were accepted under this plan. */
  Schema.Struct({ kind: Schema.Literal("quota"), after: Amount, ...selector }),
  /** Refuses with `status: false` and this reason. */
  Schema.Struct({ kind: Schema.Literal("reason"), reason: Schema.String, ...selector }),
  /** HTTP 429; `retryAfter` is the header's text, seconds or an HTTP date. */
  Schema.Struct({ kind: Schema.Literal("tooMany"), retryAfter: Schema.optionalKey(Schema.String), ...selector })
])
export type Fault = typeof Fault.Type

export const Faults = Schema.Array(Fault)
export type Faults = typeof Faults.Type

/** The text is not a fault plan. */
export class BadFaults extends Schema.TaggedError<BadFaults>()("BadFaults", {
  input: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return (
      `"${this.input}" is not a fault plan: ${this.reason}. Write rules like ` +
      "slow:50ms/10,503/97,lost/131,refuse/50,notjson@1-5,invalid~100,disconnected@100-200,quota:500,hang/999,429:2/40"
    )
  }
}

type Draft = Readonly<Record<string, unknown>>

const words: Readonly<Record<string, (argument: string | undefined) => Draft>> = {
  slow: (argument) => ({ kind: "slow", millis: Number(/^(\d+)(?:ms)?$/.exec(argument ?? "")?.[1] ?? Number.NaN) }),
  lost: () => ({ kind: "lostAnswer" }),
  refuse: () => ({ kind: "refuse" }),
  hang: () => ({ kind: "hang" }),
  notjson: () => ({ kind: "notJson" }),
  invalid: () => ({ kind: "invalidTarget" }),
  disconnected: () => ({ kind: "disconnectedDevice" }),
  quota: (argument) => ({ kind: "quota", after: Number(argument) }),
  "429": (argument) => ({ kind: "tooMany", ...(argument === undefined ? {} : { retryAfter: argument }) })
}

const rule = /^([a-z]+|\d{3})(?::([\w ]+))?(?:\/(\d+))?(?:@(\d+)(?:-(\d+))?)?(?:~(\d+))?$/

const draft = (text: string): Draft | undefined => {
  const [, word, argument, every, from, to, everyTarget] = rule.exec(text.trim().toLowerCase()) ?? []
  if (word === undefined) return undefined
  const make = words[word] ?? (/^\d/.test(word) ? () => ({ kind: "status", status: Number(word) }) : undefined)
  const counts = Object.entries({ every, from, to, everyTarget }).filter(([, count]) => count !== undefined)
  return make && { ...make(argument), ...Object.fromEntries(counts.map(([key, count]) => [key, Number(count)])) }
}

const decode = Schema.decodeUnknownResult(Faults)
const decodeJson = Schema.decodeUnknownResult(Schema.fromJsonString(Faults))

/**
 * Reads a plan from a JSON array of faults or from its short form, rules with commas between them:
 * `word[:argument][/every][@from-to][~everyTarget]`. A text of blanks is the plan without faults.
 */
export const parseFaults = (input: string): Result.Result<Faults, BadFaults> => {
  const bad = (reason: string) => new BadFaults({ input: input.slice(0, 200), reason })
  const schemaError = Result.mapError((error: Schema.SchemaError) => bad(error.message.replace(/\s+/g, " ")))
  if (input.trim() === "") return Result.succeed([])
  if (input.trim().startsWith("[")) return schemaError(decodeJson(input))
  const drafts: Array<Draft> = []
  for (const part of input.split(",")) {
    const fault = draft(part)
    if (fault === undefined) return Result.fail(bad(`"${part.trim()}" is not a rule`))
    drafts.push(fault)
  }
  return schemaError(decode(drafts))
}

/** FNV-1a, 32 bits: the same number for the same target in every process. */
const hash = (text: string): number => {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index++) value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  return value >>> 0
}

/** What a plan looks at in a request. */
export interface Subject {
  /** The request's number since the plan was set; the first is 1. */
  readonly number: number
  /** Messages accepted since the plan was set. */
  readonly accepted: number
  readonly targets: ReadonlyArray<string>
}

const matches = (fault: Fault, subject: Subject): boolean => {
  const { every, everyTarget, from, targets, to } = fault
  return (
    (every === undefined || subject.number % every === 0) &&
    (from === undefined || subject.number >= from) &&
    (to === undefined || subject.number <= to) &&
    (targets === undefined || subject.targets.some((target) => targets.includes(target))) &&
    (everyTarget === undefined || subject.targets.some((target) => hash(target) % everyTarget === 0)) &&
    (fault.kind !== "quota" || subject.accepted >= fault.after)
  )
}

/** The plan's verdict on one request: milliseconds of delay, and the fault that decides the answer, if any. */
export const verdict = (plan: Faults, subject: Subject): { readonly delay: number; readonly fault?: Fault } => {
  let delay = 0
  let decisive: Fault | undefined
  for (const fault of plan) {
    if (!matches(fault, subject)) continue
    if (fault.kind === "slow") delay += fault.millis
    else decisive ??= fault
  }
  return decisive === undefined ? { delay } : { delay, fault: decisive }
}
