/**
 * `fibercast nodes …`: the processes that work on this database, and what is wished of them.
 */
import { Database } from "@fibercast/node/Database"
import { isSilent, type KnownNode, NodeRegistry, type NodeWish } from "@fibercast/ports/NodeRegistry"
import { Clock, Console, Effect, Schedule, Schema } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import * as Figures from "../Figures.ts"
import { Hint } from "../Hint.ts"
import * as Ink from "../Ink.ts"
import * as NodeList from "../NodeList.ts"
import * as NodeLookup from "../NodeLookup.ts"
import { folder, json } from "../SendFlags.ts"
import * as TerminalWidth from "../TerminalWidth.ts"

const list = Command.make(
  "list",
  {
    all: Flag.Boolean("all").pipe(
      Flag.withDefault(false),
      Flag.withDescription("Also those that have not been seen for a day")
    ),
    folder,
    json: json("Print one JSON array; instants in UTC")
  },
  Effect.fnUntraced(
    function* (input) {
      const now = yield* Clock.currentTimeMillis
      const nodes = yield* Effect.provide(
        Effect.flatMap(NodeRegistry, (registry) => registry.list(input.all ? 0 : now - NodeList.shownFor)),
        NodeLookup.layer(input.folder)
      )
      if (input.json) return yield* Console.log(JSON.stringify(nodes.map((node) => NodeList.json(node, now))))
      if (nodes.length === 0) {
        const { command } = yield* Hint
        return yield* Console.log(
          `No node was seen here ${input.all ? "so far" : "for a day"}. Start one:\n  ${command("dev --app FILE")}`
        )
      }
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const ink = canColor ? Ink.coloured : Ink.plain
      yield* Console.log(NodeList.lines(nodes, now, yield* TerminalWidth.ofStdout, ink).join("\n"))
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "The nodes on this database: what each does, how it stands, and when it was last seen. One that has not been seen " +
      "for ten seconds and did not say that it ends is silent: its work is taken over by others."
  ),
  Command.withShortDescription("Nodes and how they stand")
)

const named = Argument.String("node").pipe(Argument.withDescription("The name of the node, or the beginning of its id"))

const called = (node: KnownNode): string => `${node.name} (${NodeList.short(node)})`

/** What ends cannot be kept from ending. */
class BeingDrained extends Schema.TaggedError<BeingDrained>()("BeingDrained", { node: Schema.String }) {
  override get message(): string {
    return `${this.node} is being drained, and ends: it takes no other wish. Start another node instead.`
  }
}

/** Tells the node, and what there is to know about when it hears of it. */
const tell = Effect.fnUntraced(function* (name: string, wish: NodeWish) {
  const node = yield* NodeLookup.find(name)
  if (node.wish === "drained" && wish !== "drained") return yield* new BeingDrained({ node: called(node) })
  yield* (yield* NodeRegistry).wish(node.id, wish)
  const now = yield* Clock.currentTimeMillis
  const silent = isSilent(node, now)
    ? `\nIt has not been seen for ${Figures.span(now - node.seenAt)}, and hears of it if it is back.`
    : ""
  return { node, silent }
})

const cordon = Command.make(
  "cordon",
  { node: named, folder },
  Effect.fnUntraced(function* (input) {
    const { node, silent } = yield* Effect.provide(tell(input.node, "cordoned"), NodeLookup.layer(input.folder))
    yield* Console.log(
      `${called(node)} gives back what it holds and takes no more, from its next beat on, within two seconds.${silent}`
    )
  })
).pipe(Command.withDescription("Have a node give back its work and take no more; the process stays"))

const uncordon = Command.make(
  "uncordon",
  { node: named, folder },
  Effect.fnUntraced(function* (input) {
    const { node, silent } = yield* Effect.provide(tell(input.node, "working"), NodeLookup.layer(input.folder))
    yield* Console.log(`${called(node)} takes work again, from its next beat on, within two seconds.${silent}`)
  })
).pipe(Command.withDescription("Have a cordoned node take work again"))

/** It has not said that it is gone, and is not seen any more. */
class NotSeenToEnd extends Schema.TaggedError<NotSeenToEnd>()("NotSeenToEnd", {
  node: Schema.String,
  silentMillis: Schema.Finite
}) {
  override get message(): string {
    return `${this.node} has not been seen for ${Figures.span(this.silentMillis)}, and has not said that it has ended. Look at its process; its work is taken over by others.`
  }
}

/** A node that is waited for and silent for so long is given up, in milliseconds. */
const patience = 30_000

/** Returns once it is gone. An embedded database goes with the node that runs it. */
const ended = Effect.fnUntraced(function* (node: KnownNode) {
  const registry = yield* NodeRegistry
  const { embedded } = yield* Database
  let seenAt = yield* Clock.currentTimeMillis
  const look = Effect.gen(function* () {
    const known = (yield* registry.list(0)).find(({ id }) => id === node.id)
    if (known === undefined || known.state === "gone") return true
    seenAt = Math.max(seenAt, known.seenAt)
    return false
  }).pipe(
    Effect.catchTag("LedgerUnavailable", () => Effect.succeed(embedded)),
    Effect.tap((isGone) =>
      Effect.gen(function* () {
        const silentMillis = (yield* Clock.currentTimeMillis) - seenAt
        if (!isGone && silentMillis > patience) return yield* new NotSeenToEnd({ node: called(node), silentMillis })
      })
    )
  )
  yield* Effect.repeat(look, { schedule: Schedule.spaced("250 millis"), until: (isGone) => isGone })
})

const drain = Command.make(
  "drain",
  {
    node: named,
    wait: Flag.Boolean("wait").pipe(Flag.withDefault(false), Flag.withDescription("Return once it has ended")),
    folder
  },
  Effect.fnUntraced(function* (input) {
    const run = Effect.gen(function* () {
      const began = yield* Clock.currentTimeMillis
      const { node, silent } = yield* tell(input.node, "drained")
      yield* Console.log(`${called(node)} finishes what is under way, gives back the rest, and ends.${silent}`)
      if (!input.wait) return
      yield* ended(node)
      const spent = (yield* Clock.currentTimeMillis) - began
      yield* Console.log(`It is gone after ${Figures.brief(spent)}.`)
    })
    yield* Effect.provide(run, NodeLookup.layer(input.folder))
  })
).pipe(
  Command.withDescription(
    "End a node in good order, as SIGTERM does: it begins nothing new, finishes what is under way within its time to " +
      "drain, and gives back the rest. Something that restarts it, a service manager say, will do so."
  ),
  Command.withShortDescription("End a node in good order")
)

export const command = Command.make("nodes").pipe(
  Command.withDescription("Look at the nodes on this database, and tell them what to do"),
  Command.withSubcommands([list, cordon, uncordon, drain])
)
