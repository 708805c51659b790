/**
 * The settings of a node, read from its flags and its environment. Everything that is wrong with them is told at once,
 * and never the value of a secret.
 *
 * An empty variable is one that is not set. A flag counts before its variable.
 */
import * as Lane from "@fibercast/domain/Lane"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import { NodeRole } from "@fibercast/ports/NodeRegistry"
import { Config, Effect, Option, type Redacted, Result, Schema } from "effect"
import { hostname } from "node:os"
import { defaultConnections } from "./Database.ts"
import * as Setting from "./Setting.ts"

export interface NodeSettings {
  readonly roles: ReadonlyArray<NodeRole>
  readonly lanes: ReadonlyArray<Lane.Lane>
  /** The file of the app. */
  readonly app: string | null
  readonly name: string
  readonly release: string | null
  readonly environment: string
  readonly healthHost: string
  /** 0: any that is free. */
  readonly healthPort: number
  readonly clusterHost: string
  readonly clusterPort: number
  readonly concurrency: number
  readonly window: number
  readonly senderCapacity: number
  readonly drainSeconds: number
  /** Milliseconds. */
  readonly schedulerPoll: number
  readonly schedulerDeadAfter: number
  readonly databaseUrl: Redacted.Redacted | null
  readonly databaseConnections: number
  readonly natsUrl: Redacted.Redacted | null
  readonly log: "pretty" | "logfmt" | "json"
  readonly logLevel: "trace" | "debug" | "info" | "warn" | "error" | null
}

/** Those of the node itself; the others are of what it stands on. */
export type OwnSettings = Omit<NodeSettings, "app" | "databaseConnections" | "log" | "logLevel">

export type Name = keyof NodeSettings

const known: ReadonlyArray<string> = NodeRole.literals
const isRole = (word: string): word is NodeRole => known.includes(word)

const roles: Setting.Setting<ReadonlyArray<NodeRole>> = {
  variable: "FIBERCAST_ROLES",
  flag: "roles",
  about: "What this node does",
  expected: `${known.join(", ")} or both, parted by commas`,
  secret: false,
  fallback: NodeRole.literals,
  read: (text) => {
    const words = text.split(",").map((word) => word.trim())
    const strange = words.find((word) => !isRole(word))
    if (strange === undefined) return Result.succeed(NodeRole.literals.filter((role) => words.includes(role)))
    return Result.fail(
      strange === "gateway" ? "has the role gateway, which this release does not have yet" : `has the role "${strange}"`
    )
  },
  show: (value) => value.join(",")
}

const lanes: Setting.Setting<ReadonlyArray<Lane.Lane>> = {
  variable: "FIBERCAST_LANES",
  flag: "lanes",
  about: "The lanes it serves; engines on one database serve the same",
  expected: `some of ${Lane.lanes.join(", ")}, parted by commas`,
  secret: false,
  fallback: Lane.lanes,
  read: Lane.parse,
  show: (value) => value.join(",")
}

const { oneOf, optional, period, text, whole } = Setting

export const settings: { readonly [K in Name]: Setting.Setting<NodeSettings[K]> } = {
  roles,
  lanes,
  app: optional(
    text(
      { variable: "FIBERCAST_APP", flag: "app", about: "The module whose default export is the app that it runs" },
      ""
    )
  ),
  name: text({ variable: "FIBERCAST_NODE_NAME", flag: "name", about: "What people call it" }, hostname()),
  release: optional(text({ variable: "FIBERCAST_RELEASE", flag: "release", about: "The release of the app" }, "")),
  environment: text(
    { variable: "FIBERCAST_ENVIRONMENT", flag: "environment", about: "Where this is, for triggers limited to some" },
    "production"
  ),
  healthHost: text(
    {
      variable: "FIBERCAST_HEALTH_HOST",
      flag: "health-host",
      about: "Where its health is told; 0.0.0.0 is everywhere"
    },
    "127.0.0.1"
  ),
  healthPort: whole(
    { variable: "FIBERCAST_HEALTH_PORT", flag: "health-port", about: "The port for it; 0 is any that is free" },
    0,
    65_535,
    8787
  ),
  clusterHost: text(
    { variable: "FIBERCAST_CLUSTER_HOST", flag: "cluster-host", about: "Where other engines reach this one" },
    "127.0.0.1"
  ),
  clusterPort: whole(
    { variable: "FIBERCAST_CLUSTER_PORT", flag: "cluster-port", about: "The port for it; 0 is any that is free" },
    0,
    65_535,
    0
  ),
  concurrency: whole(
    { variable: "FIBERCAST_CONCURRENCY", flag: "concurrency", about: "Sends under way at once, for each workspace" },
    1,
    10_000,
    EngineConfig.defaults.concurrency
  ),
  window: whole(
    { variable: "FIBERCAST_WINDOW", flag: "window", about: "Deliveries that a workspace holds claimed at once" },
    1,
    1_000_000,
    EngineConfig.defaults.window
  ),
  senderCapacity: whole(
    { variable: "FIBERCAST_SENDER_CAPACITY", flag: "sender-capacity", about: "Sends under way at once, of a sender" },
    1,
    100_000,
    500
  ),
  drainSeconds: whole(
    { variable: "FIBERCAST_DRAIN_SECONDS", flag: "drain-seconds", about: "How long what is under way may take to end" },
    0,
    3600,
    EngineConfig.defaults.drain / 1000
  ),
  schedulerPoll: period(
    { variable: "FIBERCAST_SCHEDULER_POLL", about: "The longest time between two looks of the scheduler" },
    SchedulerConfig.defaults.poll
  ),
  schedulerDeadAfter: period(
    {
      variable: "FIBERCAST_SCHEDULER_DEAD_AFTER",
      about: "How long triggers may be unattended before that is an alarm"
    },
    SchedulerConfig.defaults.deadAfter
  ),
  databaseUrl: Setting.addresses(
    { variable: "DATABASE_URL", about: "The Postgres that it works on" },
    ["postgres", "postgresql"],
    "postgres://user:password@host:5432/fibercast"
  ),
  databaseConnections: whole(
    { variable: "DATABASE_CONNECTIONS", about: "Connections to it, at most" },
    1,
    1000,
    defaultConnections
  ),
  natsUrl: Setting.addresses(
    { variable: "NATS_URL", about: "The NATS servers that carry work between nodes" },
    ["nats", "tls", "ws", "wss"],
    "nats://host:4222"
  ),
  log: oneOf(
    { variable: "FIBERCAST_LOG", flag: "log", about: "How its log is written" },
    ["pretty", "logfmt", "json"],
    process.stdout.isTTY ? "pretty" : "logfmt"
  ),
  logLevel: optional(
    oneOf(
      { variable: "FIBERCAST_LOG_LEVEL", about: "The least that is logged" },
      ["trace", "debug", "info", "warn", "error"],
      "info"
    )
  )
}

export const names = Object.keys(settings).filter((name): name is Name => name in settings)

/** What the flags said, by setting. */
export type Given = { readonly [K in Name]?: string | undefined }

/** Also read where the first is not set. */
const olderName: Given = { environment: "FIBERCAST_ENV" }

const worded = (setting: { readonly secret: boolean }, value: string, wrong: string): string => {
  if (setting.secret) return "cannot be read"
  return wrong === "" ? `is "${value.length > 60 ? `${value.slice(0, 60)}…` : value}"` : wrong
}

export interface Read {
  readonly settings: NodeSettings
  /** Each setting that has one is at its default in `settings`. */
  readonly problems: ReadonlyArray<Setting.Problem>
}

/** All of them, each as the function says. */
const filled = (of: <K extends Name>(key: K) => NodeSettings[K]): NodeSettings => ({
  roles: of("roles"),
  lanes: of("lanes"),
  app: of("app"),
  name: of("name"),
  release: of("release"),
  environment: of("environment"),
  healthHost: of("healthHost"),
  healthPort: of("healthPort"),
  clusterHost: of("clusterHost"),
  clusterPort: of("clusterPort"),
  concurrency: of("concurrency"),
  window: of("window"),
  senderCapacity: of("senderCapacity"),
  drainSeconds: of("drainSeconds"),
  schedulerPoll: of("schedulerPoll"),
  schedulerDeadAfter: of("schedulerDeadAfter"),
  databaseUrl: of("databaseUrl"),
  databaseConnections: of("databaseConnections"),
  natsUrl: of("natsUrl"),
  log: of("log"),
  logLevel: of("logLevel")
})

/** What the settings are when nothing is set. */
export const defaults: NodeSettings = filled((key) => settings[key].fallback)

interface Found {
  /** Where it was found. */
  readonly name: string
  readonly value: string
}

/** What is set, as it is written. */
const found = Effect.fnUntraced(function* (key: Name, given: Given): Effect.fn.Return<Found | null> {
  const { flag, variable } = settings[key]
  const typed = given[key]?.trim()
  if (typed !== undefined && typed !== "") return { name: `--${flag}`, value: typed }
  for (const name of [variable, olderName[key]]) {
    if (name === undefined) continue
    const text = yield* Config.option(Config.String(name)).pipe(Effect.orElseSucceed(() => Option.none<string>()))
    if (Option.isSome(text) && text.value.trim() !== "") return { name, value: text.value.trim() }
  }
  return null
})

/** Reads all of them, whatever is wrong with some. */
export const read = Effect.fnUntraced(function* (given: Given): Effect.fn.Return<Read> {
  const texts = new Map<Name, Found>()
  for (const key of names) {
    const text = yield* found(key, given)
    if (text !== null) texts.set(key, text)
  }
  const problems = new Map<Name, Setting.Problem>()
  const all = filled(<K extends Name>(key: K): NodeSettings[K] => {
    const setting: Setting.Setting<NodeSettings[K]> = settings[key]
    const text = texts.get(key)
    if (text === undefined) return setting.fallback
    const result = setting.read(text.value)
    if (Result.isSuccess(result)) return result.success
    const wrong = worded(setting, text.value, result.failure)
    problems.set(key, { name: text.name, wrong, expected: setting.expected })
    return setting.fallback
  })
  for (const { key, ...problem } of unfit(all)) if (!problems.has(key)) problems.set(key, problem)
  return { settings: all, problems: [...problems.values()] }
})

const absent = (key: Name, wrong: string) => ({
  key,
  name: settings[key].variable,
  wrong,
  expected: settings[key].expected
})

/** What does not fit together. */
const unfit = (all: NodeSettings) => [
  ...(all.app === null
    ? [{ ...absent("app", "is not set"), expected: "a module whose default export is made by App.make, like ./app.ts" }]
    : []),
  ...(all.databaseUrl === null ? [absent("databaseUrl", "is not set")] : []),
  ...(all.natsUrl === null && all.roles.length < NodeRole.literals.length
    ? [absent("natsUrl", `is not set, but ${all.roles.join()} alone needs others to work with`)]
    : []),
  ...(all.window < all.concurrency
    ? [{ ...absent("window", `is ${all.window}`), expected: `no less than the concurrency, ${all.concurrency}` }]
    : [])
]

/** The settings as they are, one a line; of secrets, whether they are set. */
export const lines = (all: NodeSettings): ReadonlyArray<string> => {
  const line = <K extends Name>(key: K): string => {
    const setting: Setting.Setting<NodeSettings[K]> = settings[key]
    return `${setting.variable.padEnd(32)}${setting.show(all[key])}`
  }
  return names.map((name) => line(name))
}

const told = ({ expected, name, wrong }: Setting.Problem): string => `  ${name} ${wrong}; expected ${expected}`

/** The node cannot start with these settings. */
export class BadSettings extends Schema.TaggedError<BadSettings>()("BadSettings", {
  problems: Schema.Array(Schema.Struct({ name: Schema.String, wrong: Schema.String, expected: Schema.String }))
}) {
  override get message(): string {
    return `The settings of this node are not right:\n${this.problems.map(told).join("\n")}`
  }
}

/**
 * Seconds from being told to stop until it has stopped, at most: what is under way, the scheduler's hooks, the last
 * writes. Whoever ends a node by force should wait for as long.
 */
export const stopSeconds = (drainSeconds: number): number => Math.ceil(drainSeconds * 1.2) + 20
