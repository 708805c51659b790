/**
 * `fibercast workspace …`: the tenants, and bringing one back that was set aside.
 */
import { type OwnedWorkspace, WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Limits from "@fibercast/domain/Limits"
import { Clock, Console, Effect, Schema } from "effect"
import { Argument, Command, TerminalCapabilities } from "effect/cli"
import { Hint } from "../Hint.ts"
import * as Ink from "../Ink.ts"
import * as Instant from "../Instant.ts"
import * as Lookup from "../Lookup.ts"
import { folder, json } from "../SendFlags.ts"
import * as Table from "../Table.ts"
import * as WorkspaceLookup from "../WorkspaceLookup.ts"

const columns = ["name", "zone", "rate", "at once", "owner", "state"].map(
  (title) => ({ title, align: "left" }) satisfies Table.Column
)

const isOwned = ({ ownedUntil }: OwnedWorkspace, now: number): boolean => (ownedUntil ?? 0) > now

const cells = (workspace: OwnedWorkspace, now: number): ReadonlyArray<string> => {
  const { limits, name, owner, quarantine, zone } = workspace
  return [
    name,
    zone,
    limits.rate === undefined ? "–" : Limits.formatRate(limits.rate),
    limits.inFlight === undefined ? "–" : String(limits.inFlight),
    isOwned(workspace, now) ? (owner ?? "–") : "–",
    quarantine === null ? "well" : `set aside: ${quarantine}`
  ]
}

const list = Command.make(
  "list",
  { folder, json: json("Print one JSON array; instants in UTC") },
  Effect.fnUntraced(function* (input) {
    const now = yield* Clock.currentTimeMillis
    const all = yield* Effect.flatMap(WorkspaceStore, (store) => store.list).pipe(
      Effect.provide(Lookup.layer(input.folder))
    )
    if (input.json) {
      const rows = all.map(({ ownedUntil, ...one }) => ({
        ...one,
        ownedUntil: ownedUntil === null ? null : Instant.format(ownedUntil)
      }))
      return yield* Console.log(JSON.stringify(rows))
    }
    if (all.length === 0)
      return yield* Console.log("There is no workspace yet. Whatever is sent or dispatched makes one.")
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const ink = canColor ? Ink.coloured : Ink.plain
    const [titles = "", ...rows] = Table.format(
      columns,
      all.map((one) => cells(one, now))
    )
    const coloured = rows.map((row, at) => (all[at]?.quarantine === null ? row : ink.red(row)))
    yield* Console.log([ink.dim(titles), ...coloured].join("\n"))
  })
).pipe(Command.withDescription("The workspaces: their zone, their limits, who works them, and which are set aside"))

/** Nothing is to be done. */
class NotSetAside extends Schema.TaggedError<NotSetAside>()("NotSetAside", { name: Schema.String }) {
  override get message(): string {
    return `The workspace ${this.name} is not set aside.`
  }
}

const release = Command.make(
  "release",
  { name: Argument.String("workspace").pipe(Argument.withDescription("Its name")), folder },
  Effect.fnUntraced(
    function* (input) {
      const { command } = yield* Hint
      const workspaces = yield* WorkspaceStore
      const id = (yield* WorkspaceLookup.find(input.name)).id
      const { quarantine } = yield* workspaces.get(id)
      if (quarantine === null) return yield* new NotSetAside({ name: input.name })
      yield* workspaces.setQuarantine(id, null)
      yield* Console.log(
        `${input.name} is worked again within seconds, if a node is there. It had been set aside: ${quarantine}\n` +
          `If it crashes again as it did it is set aside again; see \`${command("doctor")}\`.`
      )
    },
    (run, { folder }) =>
      run.pipe(Effect.provide(Lookup.layer(folder)), Effect.provide(Hint.layer({ folder, workspace: "default" })))
  )
).pipe(Command.withDescription("Bring a workspace back that was set aside because it crashed again and again"))

export const command = Command.make("workspace").pipe(
  Command.withDescription("Look at the workspaces, and bring back those that were set aside"),
  Command.withShortDescription("Workspaces and how they stand"),
  Command.withSubcommands([list, release])
)
