/**
 * Many schedules at once: a question a line in, an answer a line out, both JSON, in the same order.
 *
 * In: `{expr, zone, from, count}`, with `gap` and `fold` if they are not the defaults; other fields are not looked at.
 * Out: `{expr, next}` with UTC instants, or `{expr, error}`; `expr` is null where the line has none. Every line has its
 * answer, an empty one too; only the end of the last line may be missing.
 *
 * Holds one piece of input and `pieceSize` characters of answers, or one answer if that is longer (`maxCount` instants,
 * 27 kB); the next line is read when those are taken. A line longer than `longest` characters is answered, not kept.
 */
import { Fold, Gap } from "@fibercast/domain/Trigger"
import type * as WallTime from "@fibercast/domain/WallTime"
import { Predicate, Result, Schema, Stream } from "effect"
import * as Instant from "./Instant.ts"
import * as ScheduleNext from "./ScheduleNext.ts"

export const longest = 65_536

const pieceSize = 65_536

/** Pieces of whole lines. What has come in is answered without waiting for more. */
export const answers = <E, R>(input: Stream.Stream<Uint8Array, E, R>): Stream.Stream<string, E, R> =>
  Stream.suspend(() => {
    const lines = splitter()
    return input.pipe(
      Stream.decodeText,
      Stream.map(lines.push),
      Stream.concat(Stream.sync(lines.end)),
      Stream.flatMap((some) => Stream.fromIterable(pieces(some), { chunkSize: 1 }))
    )
  })

const pieces = function* (lines: Iterable<string | null>): Generator<string, void> {
  let piece = ""
  for (const line of lines) {
    piece += `${JSON.stringify(line === null ? tooLong : answer(line))}\n`
    if (piece.length < pieceSize) continue
    yield piece
    piece = ""
  }
  if (piece !== "") yield piece
}

export type Answer =
  | { readonly expr: string; readonly next: ReadonlyArray<string> }
  | { readonly expr: string | null; readonly error: string }

const tooLong: Answer = { expr: null, error: `The line is longer than ${longest} characters.` }

/** To one line. */
export const answer = (line: string): Answer => {
  const read = Result.try((): unknown => JSON.parse(line))
  if (Result.isFailure(read)) return { expr: null, error: "The line is not JSON." }
  const asked = read.success
  if (!Predicate.isObject(asked)) return { expr: null, error: "The line is not a JSON object." }
  const found = Result.flatMap(question(asked), (read): Result.Result<Answer, { readonly message: string }> =>
    Result.map(ScheduleNext.ask(read), ({ next }) => ({
      expr: read.expr,
      next: next.map(({ nominal }) => Instant.format(nominal))
    }))
  )
  if (Result.isSuccess(found)) return found.success
  const expr = field(asked, "expr")
  return { expr: typeof expr === "string" ? expr : null, error: found.failure.message }
}

/** A field is missing, or not what it should be. */
export class BadField extends Schema.TaggedError<BadField>()("BadField", {
  field: Schema.String,
  value: Schema.Unknown,
  expected: Schema.String
}) {
  override get message(): string {
    const { expected, field, value } = this
    return `"${field}" is ${value === undefined ? "missing" : "not right"}. Write ${expected}.`
  }
}

const isGap = Schema.is(Gap)
const isFold = Schema.is(Fold)

const field = (asked: object, name: string): unknown =>
  Object.hasOwn(asked, name) && Predicate.hasProperty(asked, name) ? asked[name] : undefined

const bad = (field: string, value: unknown, expected: string) => Result.fail(new BadField({ field, value, expected }))

const question = (
  asked: object
): Result.Result<ScheduleNext.Question, BadField | Instant.BadInstant | WallTime.BadZone> => {
  const expr = field(asked, "expr")
  if (typeof expr !== "string") return bad("expr", expr, 'a cron expression, like "0 9 * * MON"')
  const zone = field(asked, "zone")
  if (typeof zone !== "string") return bad("zone", zone, 'an IANA time zone, like "Europe/Berlin"')
  const from = field(asked, "from")
  if (typeof from !== "string") return bad("from", from, 'an instant, like "2026-03-29T01:00:00Z"')
  const count = field(asked, "count")
  if (!isCount(count)) return bad("count", count, `a whole number from 1 to ${ScheduleNext.maxCount}`)
  const gap = field(asked, "gap") ?? "shift"
  if (!isGap(gap)) return bad("gap", gap, Gap.literals.join(", "))
  const fold = field(asked, "fold") ?? "auto"
  if (!isFold(fold)) return bad("fold", fold, Fold.literals.join(", "))
  return Result.map(Instant.parse(from, zone), (at) => ({ expr, zone, from: at, count, gap, fold }))
}

const isCount = (value: unknown): value is number =>
  typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= ScheduleNext.maxCount

/** Lines as text comes in; null for one that is too long. What `push` gives is used up before the next `push`. */
const splitter = () => {
  let begun = ""
  let isTooLong = false
  const keep = (text: string): void => {
    isTooLong ||= begun.length + text.length > longest
    begun = isTooLong ? "" : begun + text
  }
  const take = (): string | null => {
    const line = isTooLong ? null : begun
    begun = ""
    isTooLong = false
    return line
  }
  const push = function* (text: string): Generator<string | null, void> {
    let start = 0
    for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n", start)) {
      keep(text.slice(start, end))
      start = end + 1
      yield take()
    }
    keep(text.slice(start))
  }
  const end = function* (): Generator<string | null, void> {
    if (begun !== "" || isTooLong) yield take()
  }
  return { push, end }
}
