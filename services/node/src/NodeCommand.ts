/**
 * `fibercast-node`: the command line of one node. Flags count before the environment.
 */
import { Console, Effect, Layer, Option, References } from "effect"
import { Command, Flag } from "effect/cli"
import * as AppFile from "./AppFile.ts"
import { type App } from "./App.ts"
import * as Node from "./Node.ts"
import * as NodeConfig from "./NodeConfig.ts"
import * as NodeSettings from "./NodeSettings.ts"
import * as NodeLog from "./NodeLog.ts"
import * as NodePlatform from "./NodePlatform.ts"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import * as SecondInterrupt from "./SecondInterrupt.ts"
import * as Setting from "./Setting.ts"

const flag = (name: NodeSettings.Name, metavar: string) => {
  const { about, expected, fallback, flag, variable } = NodeSettings.settings[name]
  const usual = typeof fallback === "string" || typeof fallback === "number" ? `, or ${fallback}` : ""
  const kind = expected === Setting.anyText ? "" : `: ${expected}`
  return Flag.String(flag ?? variable).pipe(
    Flag.optional,
    Flag.withMetavar(metavar),
    Flag.withDescription(`${about}${kind} (default ${variable}${usual})`)
  )
}

export const flags = {
  roles: flag("roles", "ROLES"),
  lanes: flag("lanes", "LANES"),
  app: flag("app", "FILE"),
  name: flag("name", "NAME"),
  release: flag("release", "TEXT"),
  environment: flag("environment", "NAME"),
  healthHost: flag("healthHost", "HOST"),
  healthPort: flag("healthPort", "PORT"),
  clusterHost: flag("clusterHost", "HOST"),
  clusterPort: flag("clusterPort", "PORT"),
  concurrency: flag("concurrency", "N"),
  window: flag("window", "N"),
  senderCapacity: flag("senderCapacity", "N"),
  drainSeconds: flag("drainSeconds", "N"),
  log: flag("log", "FORMAT"),
  check: Flag.Boolean("check").pipe(
    Flag.withDefault(false),
    Flag.withDescription("Only say what the settings are, and what is wrong with them; exit code 0 or 1")
  )
}

/** What the flags and the environment come to, with the app; fails with everything that is wrong. */
const prepare = Effect.fnUntraced(function* (given: NodeConfig.Given) {
  const { problems, settings } = yield* NodeConfig.read(given)
  const loaded = settings.app === null ? null : yield* Effect.result(AppFile.load(settings.app))
  const wrong: ReadonlyArray<Setting.Problem> =
    loaded?._tag === "Failure"
      ? [
          ...problems,
          {
            name: given.app === undefined ? NodeSettings.settings.app.variable : "--app",
            wrong: `is no app: ${loaded.failure.message.replace(/\.$/u, "")}`,
            expected: "a module whose default export is made by App.make"
          }
        ]
      : problems
  const app: App | null = loaded?._tag === "Success" ? loaded.success : null
  return { settings, app, problems: wrong }
})

const ending =
  "Ended at once. What was under way is taken over by other nodes, or by the next run of this one, once its lease has ended."

const work = Effect.fnUntraced(function* (app: App, settings: NodeSettings.NodeSettings) {
  yield* SecondInterrupt.watching({ signals: ["SIGINT", "SIGTERM"], words: ending })
  const { app: _file, ...rest } = settings
  const machine = SqlNodeRegistry.layer.pipe(Layer.provideMerge(NodePlatform.layer))
  yield* Effect.provide(Node.run({ ...rest, app }), machine)
}, Effect.scoped)

export const command = Command.make(
  "fibercast-node",
  flags,
  Effect.fnUntraced(function* ({ check, ...typed }) {
    const given: Record<string, string> = {}
    for (const [name, text] of Object.entries(typed)) if (Option.isSome(text)) given[name] = text.value
    const { app, problems, settings } = yield* prepare(given)
    if (check) yield* Console.log(NodeConfig.lines(settings).join("\n"))
    if (problems.length > 0 || app === null) return yield* new NodeConfig.BadSettings({ problems })
    if (check) return yield* Console.log("\nThe settings are right.")
    const level = yield* References.MinimumLogLevel
    // A level that was asked for on the command line counts before that of the environment.
    const logLevel = level === "Info" ? settings.logLevel : null
    yield* Effect.provide(work(app, settings), NodeLog.layer({ log: settings.log, logLevel }))
  })
).pipe(
  Command.withDescription(
    "One node of Fibercast: it runs an app on DATABASE_URL in its roles, until it is told to stop. SIGTERM and SIGINT " +
      "drain it: nothing new is begun, what is under way may end, the rest is given back; a second signal ends it at once."
  ),
  Command.withExamples([
    { command: "fibercast-node --roles engine,sender --app ./app.ts" },
    { command: "FIBERCAST_LOG=json fibercast-node --app ./app.ts --check" }
  ])
)
