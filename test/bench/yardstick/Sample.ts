/**
 * One measurement: what is asked of a process of its own, and what it answers.
 */
import { Schema } from "effect"
import { Servers } from "./Servers.ts"

export const Task = Schema.Struct({
  case: Schema.String,
  subject: Schema.String,
  /** `fill` stores the jobs, `measure` works or adds them, `help` works beside `measure`. */
  role: Schema.Literals(["fill", "measure", "help"]),
  /** Whether the short form of the case is measured. */
  isQuick: Schema.Boolean,
  /** The folder that gets a profile of the processor's time, if one is wanted. */
  profile: Schema.NullOr(Schema.String),
  servers: Servers
})
export type Task = typeof Task.Type

/** What the measured stretch took. */
export const Metered = Schema.Struct({
  items: Schema.Int,
  seconds: Schema.Finite,
  /** Microseconds of processor time for each item, by process: `node`, `helper`, `postgres`, `redis`, `nats`, `provider`. */
  cpu: Schema.Record(Schema.String, Schema.Finite),
  /** Of what the machine's processors could do in that time, the share that neither the subject nor its servers took. */
  foreign: Schema.Finite,
  /** Bytes of write-ahead log for each item. */
  wal: Schema.NullOr(Schema.Finite),
  /** Transactions that wrote, for each item. */
  commits: Schema.NullOr(Schema.Finite),
  /** Most memory that the measuring process was seen to hold, in MB. */
  rss: Schema.Finite
})
export type Metered = typeof Metered.Type

/** What a process that measures answers. */
export const Answer = Schema.Struct({
  /** What the case measures, in its unit. */
  value: Schema.Finite,
  /** Further figures, by name, such as `p99`. */
  more: Schema.Record(Schema.String, Schema.Finite),
  metered: Metered
})
export type Answer = typeof Answer.Type

export const Sample = Schema.Struct({
  case: Schema.String,
  subject: Schema.String,
  /** From 1. */
  round: Schema.Int,
  ...Answer.fields
})
export type Sample = typeof Sample.Type
