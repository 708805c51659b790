/**
 * `fibercast dev`: a whole node in one process, for whoever writes an app.
 */
import { type News, SchedulerListener } from "@fibercast/engine/SchedulerListener"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Alerting from "@fibercast/node/Alerting"
import * as App from "@fibercast/node/App"
import * as AppFile from "@fibercast/node/AppFile"
import * as Database from "@fibercast/node/Database"
import * as HttpPing from "@fibercast/node/HttpPing"
import * as LocalNode from "@fibercast/node/LocalNode"
import * as Node from "@fibercast/node/Node"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import * as NodeSettings from "@fibercast/node/NodeSettings"
import * as NodeLog from "@fibercast/node/NodeLog"
import * as NodeRoles from "@fibercast/node/NodeRoles"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { type Role } from "@fibercast/node/Role"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Clock, Effect, Layer, Option, Path } from "effect"
import { Command, Flag } from "effect/cli"
import { fileURLToPath } from "node:url"
import * as DevScreen from "../DevScreen.ts"
import { Hint } from "../Hint.ts"
import * as ScheduleFlags from "../ScheduleFlags.ts"
import * as SchedulerNews from "../SchedulerNews.ts"
import { Screen } from "../Screen.ts"
import * as ScreenAlerts from "../ScreenAlerts.ts"
import { folder } from "../SendFlags.ts"

/** An app of ten lines, to begin with. */
const example = fileURLToPath(new URL("../../../examples/src/Cleaning.ts", import.meta.url))

/** What runs when no app is given: only what was defined at run time. */
const none = App.make({ name: "dev", layer: Layer.empty })

const ending =
  "Ended at once. What was under way is looked after when this database is worked on again, once its lease has ended."

/** The engine, which says what its scheduler does. */
const engine = Effect.fnUntraced(function* (app: App.App, settings: NodeSettings.NodeSettings) {
  const screen = yield* Screen
  const lines = SchedulerNews.make(screen.ink)
  const told = (news: News) => Effect.flatMap(Clock.currentTimeMillis, (now) => screen.say(...lines(news, now)))
  const role = NodeRoles.engine(app, settings)
  const telling: Role<App.Platform> = {
    ...role,
    layer: Layer.provide(role.layer, Layer.succeed(SchedulerListener, told))
  }
  return telling
})

/** The usual port, or another when that is taken and none was asked for. */
const nodeOn = (options: Node.Options<App.Platform>, port: Option.Option<number>) => {
  const at = (healthPort: number) => Node.layer({ ...options, healthPort })
  if (Option.isSome(port)) return at(port.value)
  return Layer.catchTag(at(NodeSettings.defaults.healthPort), "HealthUnheard", () => at(0))
}

const greet = Effect.fnUntraced(function* (app: App.App, file: string | null, settings: NodeSettings.NodeSettings) {
  const screen = yield* Screen
  const paths = yield* Path.Path
  const { command } = yield* Hint
  const { place } = yield* Database.Database
  const { address } = yield* Node.Node
  const triggers = yield* Effect.flatMap(TriggerStore, (store) => store.list({ workspaceId: null })).pipe(
    // Those of other apps are left to them.
    Effect.map((all) => all.filter((trigger) => trigger.app === null || trigger.app === app.name)),
    Effect.orElseSucceed(() => [])
  )
  yield* screen.say(
    ...DevScreen.lines(
      {
        app: app.name,
        file,
        example: paths.relative(paths.resolve("."), example),
        roles: settings.roles,
        environment: settings.environment,
        triggers: triggers.map(({ definition }) => definition.trigger.name),
        place,
        address,
        command
      },
      screen.ink
    )
  )
})

const handle = Effect.fnUntraced(function* (input: {
  readonly app: Option.Option<string>
  readonly environment: string
  readonly healthPort: Option.Option<number>
  readonly folder: string
}) {
  const screen = yield* Screen
  yield* SecondInterrupt.watching({ signals: ["SIGINT", "SIGTERM"], words: ending })
  const file = Option.getOrNull(input.app)
  const app = file === null ? none : yield* AppFile.load(file)
  const { problems, settings: read } = yield* NodeConfig.read({ environment: input.environment, app: file ?? example })
  // Its own database will do.
  const wrong = problems.filter(({ name }) => name !== NodeSettings.settings.databaseUrl.variable)
  if (wrong.length > 0) return yield* new NodeConfig.BadSettings({ problems: wrong })
  const settings: NodeSettings.NodeSettings = {
    ...read,
    roles: NodeSettings.defaults.roles,
    app: null,
    databaseUrl: null,
    natsUrl: null
  }
  yield* screen.say(screen.ink.dim("Starting …"))
  const { app: _file, ...rest } = settings
  const role = yield* engine(app, settings)
  const runs = [role, ...NodeRoles.of(app, settings).filter(({ name }) => name !== "engine")]
  const node = nodeOn({ ...rest, app, runs }, input.healthPort).pipe(
    Layer.provideMerge(LocalNode.layerStores),
    Layer.provide([Layer.provide(Alerting.layer, ScreenAlerts.layer), HttpPing.layer, SqlNodeRegistry.layer]),
    Layer.provide(UndiciClient.layer),
    Layer.provideMerge(Database.layerShared({ folder: input.folder }))
  )
  yield* Effect.gen(function* () {
    const { drained } = yield* Node.Node
    yield* greet(app, file, settings)
    yield* drained
  }).pipe(
    Effect.onInterrupt(() => screen.say("", "Stopping: what is under way may end, the rest is given back.")),
    Effect.provide(node),
    Effect.provide(NodeLog.layer({ log: "pretty", logLevel: settings.logLevel }))
  )
  yield* screen.say("It was drained by an operator.")
}, Effect.scoped)

export const command = Command.make(
  "dev",
  {
    app: ScheduleFlags.app,
    environment: ScheduleFlags.development,
    healthPort: Flag.Int("health-port").pipe(
      Flag.filter(
        (port) => port >= 0 && port <= 65_535,
        () => "Expected 0 to 65535"
      ),
      Flag.optional,
      Flag.withMetavar("PORT"),
      Flag.withDescription(
        `Where its health is told (default ${NodeSettings.defaults.healthPort}, or any that is free)`
      )
    ),
    folder
  },
  (input) =>
    handle(input).pipe(
      Effect.provide(Hint.layer({ folder: input.folder, workspace: "default" })),
      Effect.provide(Screen.layer({ quiet: false }))
    )
).pipe(
  Command.withDescription(
    "Run everything in one process: an embedded Postgres (or DATABASE_URL), the engine with its scheduler, the sender, and " +
      "health over HTTP; with a line for all that happens. Ctrl-C drains it."
  ),
  Command.withShortDescription("Run an app with everything it needs, in one process"),
  Command.withExamples([{ command: "fibercast dev --app services/examples/src/Cleaning.ts" }])
)
