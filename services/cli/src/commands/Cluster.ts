/**
 * `fibercast cluster`: several nodes on this machine, with their Postgres and their NATS, to see how they work together.
 */
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as AppFile from "@fibercast/node/AppFile"
import * as Cluster from "@fibercast/node/Cluster"
import * as Database from "@fibercast/node/Database"
import * as SecondInterrupt from "@fibercast/node/SecondInterrupt"
import { NodeRegistry } from "@fibercast/ports/NodeRegistry"
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import * as SqlNodeRegistry from "@fibercast/postgres/SqlNodeRegistry"
import { Clock, Config, Effect, Layer, Option, Path, Redacted, Schedule, Schema, Scope } from "effect"
import { Command, Flag } from "effect/cli"
import { fileURLToPath } from "node:url"
import * as ClusterScreen from "../ClusterScreen.ts"
import { Hint } from "../Hint.ts"
import * as NodeLogLine from "../NodeLogLine.ts"
import * as NodeProcess from "../NodeProcess.ts"
import * as ScheduleFlags from "../ScheduleFlags.ts"
import { Screen } from "../Screen.ts"

/** What runs when no app is given. */
const example = fileURLToPath(new URL("../../../examples/src/Letters.ts", import.meta.url))

/** The embedded Postgres takes 50 sessions, and each node needs up to eight. */
const most = 5

const ending = "Ended at once, and everything with it. Started again in the same folder, it goes on with what is left."

/** It ended before it worked. */
class NodeNotStarted extends Schema.TaggedError<NodeNotStarted>()("NodeNotStarted", {
  node: Schema.String,
  said: Schema.String
}) {
  override get message(): string {
    return `The node ${this.node} did not start. It said:\n${this.said || "(nothing)"}`
  }
}

/** How long the others may take to have what a lost node had, before nothing is said of it, in milliseconds. */
const patience = 30_000

interface Options {
  readonly app: string
  readonly environment: string
  readonly databaseUrl: Redacted.Redacted
  readonly natsUrl: string
}

/** Its settings, whatever the environment says of other nodes. */
const started = Effect.fnUntraced(function* (name: string, at: number, options: Options) {
  const screen = yield* Screen
  const shown = NodeLogLine.make(screen.ink)
  const { FIBERCAST_HEALTH_HOST: _host, FIBERCAST_LOG_LEVEL: level, ...inherited } = process.env
  const others = Object.entries(inherited).filter(([variable]) => !variable.startsWith("NATS_"))
  const flags = {
    roles: "engine,sender",
    app: options.app,
    environment: options.environment,
    "health-port": "0",
    "cluster-host": "127.0.0.1",
    "cluster-port": "0",
    log: "json"
  }
  return yield* NodeProcess.start({
    name,
    args: Object.entries(flags).flatMap(([flag, value]) => [`--${flag}`, value]),
    env: {
      ...Object.fromEntries(others),
      ...(level === undefined ? {} : { FIBERCAST_LOG_LEVEL: level }),
      DATABASE_URL: Redacted.value(options.databaseUrl),
      DATABASE_CONNECTIONS: String(Database.defaultConnections),
      NATS_URL: options.natsUrl
    },
    told: (line) => {
      const words = line.trim() === "" ? null : shown(line)
      return words === null ? Effect.void : screen.say(`${ClusterScreen.nameOf(at, name, screen.ink)}  ${words}`)
    }
  })
})

/** The nodes as they are, and as they become. */
const joined = Effect.fnUntraced(function* (count: number, options: Options) {
  const screen = yield* Screen
  const registry = yield* NodeRegistry
  const began = yield* Clock.currentTimeMillis
  // All of them are drained at once.
  const scope = yield* Scope.fork(yield* Effect.scope, "parallel")
  const names = Array.from({ length: count }, (_, at) => `n${at + 1}`)
  const nodes = yield* Effect.forEach(names, (name, at) => started(name, at, options)).pipe(
    Effect.provideService(Scope.Scope, scope)
  )
  const members: Array<ClusterScreen.Member> = nodes.map(({ name, pid }) => ({ name, pid, known: null, ended: null }))

  /** Asks how they stand. */
  const look = Effect.gen(function* () {
    const all = yield* registry.list(began)
    for (const [at, member] of members.entries()) {
      const known = all.findLast(({ name, startedAt }) => name === member.name && startedAt >= began)
      members[at] = { ...member, known: known ?? member.known }
    }
  })
  /** One was lost, and what it had is not with the others yet. */
  let lost: { readonly at: number; readonly workspaces: number } | null = null
  const workspaces = () =>
    members.reduce((sum, { ended, known }) => sum + (ended === null ? (known?.workspaces ?? 0) : 0), 0)
  const show = Effect.gen(function* () {
    yield* Effect.ignore(look)
    const now = yield* Clock.currentTimeMillis
    if (lost !== null && workspaces() >= lost.workspaces) {
      yield* screen.say(ClusterScreen.taken(workspaces(), now - lost.at, screen.ink))
      lost = null
    }
    if (lost !== null && now - lost.at > patience) lost = null
    yield* screen.draw(["", ...ClusterScreen.board(members, now, screen.ink)])
  })
  /** Returns once it has ended and that is said. */
  const followed = Effect.fnUntraced(function* ({ ended: end }: NodeProcess.NodeProcess, at: number) {
    const ended = yield* end
    const member = members[at]
    if (member === undefined) return
    const before = workspaces()
    if (ended.code !== 0 && (member.known?.workspaces ?? 0) > 0) lost = { at: ended.at, workspaces: before }
    members[at] = { ...member, ended }
    const left = members.filter((one) => one.ended === null).length
    yield* screen.say(ClusterScreen.ending(at, member, ended, left, screen.ink))
  })
  const failing = Effect.raceAllFirst(
    nodes.map(({ ended, name }) =>
      Effect.flatMap(ended, ({ said }) => Effect.fail(new NodeNotStarted({ node: name, said })))
    )
  )
  const working = Effect.repeat(look, {
    schedule: Schedule.spaced("100 millis"),
    until: () => members.every(({ known }) => known?.state === "working")
  })
  yield* Effect.raceFirst(Effect.retry(working, Schedule.spaced("100 millis")), failing)
  return { members, nodes, show, followed }
})

const handle = Effect.fnUntraced(function* (input: {
  readonly app: Option.Option<string>
  readonly nodes: number
  readonly environment: string
  readonly folder: string
}) {
  const screen = yield* Screen
  const paths = yield* Path.Path
  const { command } = yield* Hint
  yield* SecondInterrupt.watching({ signals: ["SIGINT", "SIGTERM"], words: ending })
  const file = Option.getOrElse(input.app, () => paths.relative(paths.resolve("."), example))
  const app = yield* AppFile.load(file)
  const isAddressSet = Option.isSome(yield* Config.option(Config.Redacted("DATABASE_URL")))
  yield* screen.say(screen.ink.dim("Starting …"))
  const run = Effect.gen(function* () {
    const { folder, url: databaseUrl } = yield* EmbeddedPostgres.attach(input.folder)
    yield* Cluster.migrate
    const nats = yield* NatsServer.make({ folder: paths.join(folder, "nats") })
    const options = { app: paths.resolve(file), environment: input.environment, databaseUrl, natsUrl: nats.url }
    const { followed, members, nodes, show } = yield* joined(input.nodes, options)
    const now = yield* Clock.currentTimeMillis
    const server = `${nats.url} (nats-server ${nats.version})`
    yield* screen.say(
      ...ClusterScreen.lines(
        { app: app.name, file, folder, nats: server, members, isAddressSet, command },
        now,
        screen.ink
      )
    )
    yield* Effect.forkScoped(Effect.repeat(show, Schedule.spaced("1 second")))
    yield* Effect.forEach(nodes, followed, { concurrency: "unbounded", discard: true })
    yield* screen.draw([])
  }).pipe(
    Effect.onInterrupt(() =>
      Effect.andThen(screen.draw([]), screen.say("", "Stopping: what is under way may end, the rest is given back."))
    ),
    Effect.scoped
  )
  const machine = SqlNodeRegistry.layer.pipe(Layer.provideMerge(Database.layerEmbedded(input.folder)))
  yield* Effect.provide(run, machine).pipe(
    Effect.onInterrupt(() => screen.say("Stopped: nodes, NATS and Postgres have ended."))
  )
  yield* screen.say("All nodes have ended; NATS and Postgres as well.")
}, Effect.scoped)

export const command = Command.make(
  "cluster",
  {
    app: ScheduleFlags.app,
    nodes: Flag.Int("nodes").pipe(
      Flag.filter(
        (count) => count > 0 && count <= most,
        () => `Expected 1 to ${most}`
      ),
      Flag.withDefault(3),
      Flag.withMetavar("N"),
      Flag.withDescription(`How many, up to ${most} (default 3)`)
    ),
    environment: ScheduleFlags.development,
    folder: Flag.String("folder").pipe(
      Flag.withDefault(".fibercast/cluster"),
      Flag.withMetavar("FOLDER"),
      Flag.withDescription("Where the Postgres and the NATS of the cluster keep their data")
    )
  },
  (input) =>
    handle(input).pipe(
      Effect.provide(Hint.layer({ folder: input.folder, workspace: "default" })),
      Effect.provide(Screen.layerLogger.pipe(Layer.provideMerge(Screen.layer({ quiet: false }))))
    )
).pipe(
  Command.withDescription(
    "Try several nodes on this machine: an embedded Postgres, a nats-server, and processes of fibercast-node, each an " +
      "engine and a sender, with what they log. A node that dies is told, and not started again. Ctrl-C drains all nodes, " +
      "then ends the rest. DATABASE_URL and NATS_URL are not looked at."
  ),
  Command.withShortDescription("Try several nodes on this machine"),
  Command.withExamples([
    { command: "fibercast cluster" },
    { command: "fibercast cluster --nodes 2 --app services/examples/src/Cleaning.ts" }
  ])
)
