/**
 * The settings of a node: what they are called, how their text is read, and what they are when nothing is set. `NodeConfig`
 * finds and reads them.
 */
import * as Lane from "@fibercast/domain/Lane"
import * as EngineConfig from "@fibercast/engine/EngineConfig"
import * as SchedulerConfig from "@fibercast/engine/SchedulerConfig"
import { NodeRole } from "@fibercast/ports/NodeRegistry"
import { type Redacted, Result } from "effect"
import { hostname } from "node:os"
import * as AlertSettings from "./AlertSettings.ts"
import { defaultConnections } from "./Database.ts"
import * as Setting from "./Setting.ts"

export interface NodeSettings extends AlertSettings.AlertSettings {
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
export type OwnSettings = Omit<
  NodeSettings,
  "app" | "databaseConnections" | "log" | "logLevel" | keyof AlertSettings.AlertSettings
>

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
  ),
  ...AlertSettings.settings
}

export const names = Object.keys(settings).filter((name): name is Name => name in settings)

/** All of them, each as the function says. */
export const filled = (of: <K extends Name>(key: K) => NodeSettings[K]): NodeSettings => ({
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
  logLevel: of("logLevel"),
  alertWebhookUrl: of("alertWebhookUrl"),
  alertWebhookSecret: of("alertWebhookSecret"),
  alertEmailTo: of("alertEmailTo"),
  alertEmailFrom: of("alertEmailFrom"),
  smtpUrl: of("smtpUrl")
})

/** What the settings are when nothing is set. */
export const defaults: NodeSettings = filled((key) => settings[key].fallback)
