/**
 * What a node logs, as people read it. A node among others logs as JSON, one entry a line; whatever else it writes is
 * shown as it is. Of a warning or an error that comes again and again, the 1st, 10th, 100th … is shown.
 */
import { Option, Schema } from "effect"
import { type Ink } from "./Ink.ts"
import * as Notes from "./Notes.ts"
import * as Table from "./Table.ts"

const Entry = Schema.fromJsonString(
  Schema.Struct({
    timestamp: Schema.String,
    level: Schema.String,
    message: Schema.Unknown,
    annotations: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)),
    cause: Schema.optionalKey(Schema.String)
  })
)

const decode = Schema.decodeUnknownOption(Entry)

const text = (value: unknown): string => (typeof value === "string" ? value : JSON.stringify(value))

const messageOf = (message: unknown): string =>
  (Array.isArray(message) ? message : [message]).map((part) => text(part)).join(" ")

/** Those of Effect's cluster name its modules: nothing to people. */
const notesOf = (annotations: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  "module" in annotations || "package" in annotations
    ? []
    : Object.entries(annotations).map(([name, value]) => `${name}=${text(value)}`)

/** For the lines of one node, in order: `12:00:01Z  a letter of Melati is sent`; null: not to be shown. */
export const make = (ink: Ink): ((line: string) => string | null) => {
  const repeated = Notes.make()
  return (line) =>
    Option.match(decode(line), {
      onNone: () => Table.visible(line),
      onSome: ({ annotations = {}, cause, level, message, timestamp }) => {
        const all = [messageOf(message), ...(cause === undefined ? [] : [cause])].join(": ")
        const isError = /^(?:fatal|error)$/iu.test(level)
        const isWarning = /^warn/iu.test(level)
        const words = isError || isWarning ? repeated.count(all) : all
        if (words === null) return null
        const shown = Table.visible(words)
        const said = isError ? ink.red(shown) : isWarning ? ink.yellow(shown) : shown
        const notes = notesOf(annotations).map((note) => ink.dim(Table.visible(note)))
        return [ink.dim(`${timestamp.slice(11, 19)}Z`), [said, ...notes].join(" ")].join("  ")
      }
    })
}
