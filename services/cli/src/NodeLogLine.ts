/**
 * What a node logs, as people read it. A node among others logs as JSON, one entry a line; whatever else it writes is
 * shown as it is.
 */
import { Option, Schema } from "effect"
import { type Ink } from "./Ink.ts"
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

/** `12:00:01Z  a letter of Melati is sent`; what is grave in its colour. */
export const shown = (line: string, ink: Ink): string =>
  Option.match(decode(line), {
    onNone: () => Table.visible(line),
    onSome: ({ annotations = {}, cause, level, message, timestamp }) => {
      const at = ink.dim(`${timestamp.slice(11, 19)}Z`)
      const notes = Object.entries(annotations).map(([name, value]) => ink.dim(`${name}=${text(value)}`))
      const words = [Table.visible(messageOf(message)), ...(cause === undefined ? [] : [Table.visible(cause)])].join(
        ": "
      )
      const grave = /^(?:fatal|error)$/iu.test(level)
      const said = grave ? ink.red(words) : /^warn/iu.test(level) ? ink.yellow(words) : words
      return [at, [said, ...notes].join(" ")].join("  ")
    }
  })
