/**
 * The command line. Each group of commands is a module of `commands/` and one line here.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { Command } from "effect/cli"
import manifest from "../package.json" with { type: "json" }
import * as Alerts from "./commands/Alerts.ts"
import * as Audience from "./commands/Audience.ts"
import * as Batch from "./commands/Batch.ts"
import * as Campaign from "./commands/Campaign.ts"
import * as Cluster from "./commands/Cluster.ts"
import * as Demo from "./commands/Demo.ts"
import * as Dev from "./commands/Dev.ts"
import * as Doctor from "./commands/Doctor.ts"
import * as Explain from "./commands/Explain.ts"
import * as Migrate from "./commands/Migrate.ts"
import * as Nodes from "./commands/Nodes.ts"
import * as Queue from "./commands/Queue.ts"
import * as Schedule from "./commands/Schedule.ts"
import * as Send from "./commands/Send.ts"
import * as Workspace from "./commands/Workspace.ts"
import * as Ending from "./Ending.ts"

const fibercast = Command.make("fibercast").pipe(
  Command.withDescription("Scheduled broadcasts, background jobs and cron"),
  Command.withSubcommands([
    Demo.command,
    Dev.command,
    Cluster.command,
    Send.command,
    Campaign.command,
    Batch.command,
    Audience.command,
    Queue.command,
    Schedule.command,
    Queue.command,
    Nodes.command,
    Workspace.command,
    Doctor.command,
    Explain.command,
    Alerts.command,
    Migrate.command
  ])
)

Command.run(fibercast, { version: manifest.version }).pipe(
  Ending.report,
  Effect.provide(Layer.merge(NodeServices.layer, Ending.layer)),
  NodeRuntime.runMain({ disableErrorReporting: true, teardown: Ending.teardown })
)
