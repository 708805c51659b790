/**
 * `fibercast campaign …`: looking at campaigns and steering them, also while another process runs them.
 */
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { Console, Effect, Option, Schema, Stream } from "effect"
import { Argument, Command, Flag, TerminalCapabilities } from "effect/cli"
import * as CampaignControl from "../CampaignControl.ts"
import * as CampaignTable from "../CampaignTable.ts"
import * as Figures from "../Figures.ts"
import * as Ink from "../Ink.ts"
import * as Lookup from "../Lookup.ts"
import * as NotSent from "../NotSent.ts"
import { folder, json, workspace } from "../SendFlags.ts"
import * as StandardOutput from "../StandardOutput.ts"
import * as Table from "../Table.ts"
import * as WorkspaceLookup from "../WorkspaceLookup.ts"

/** The campaign stands where this cannot be done to it. */
export class NotMoved extends Schema.TaggedError<NotMoved>()("NotMoved", { message: Schema.String }) {}

const place = { workspace, folder }
const one = {
  id: Argument.Int("id").pipe(
    Argument.filter(
      (id) => id > 0,
      () => "Expected the number of a campaign, from 1"
    ),
    Argument.withDescription("The campaign's number")
  ),
  ...place
}

const ink = Effect.map(TerminalCapabilities.TerminalCapabilities, ({ canColor }) =>
  canColor ? Ink.coloured : Ink.plain
)

const print = (lines: ReadonlyArray<string>) => Console.log(lines.join("\n"))

const list = Command.make(
  "list",
  {
    ...place,
    limit: Flag.Int("limit").pipe(
      Flag.filter(
        (limit) => limit > 0,
        () => "Expected 1 or more"
      ),
      Flag.withDefault(20),
      Flag.withDescription("How many, the newest first (default 20)")
    ),
    json: json("Print one JSON array")
  },
  Effect.fnUntraced(function* (input) {
    const campaigns = yield* Effect.gen(function* () {
      const workspaceId = (yield* WorkspaceLookup.find(input.workspace)).id
      return yield* (yield* CampaignStore).list({ workspaceId, limit: input.limit })
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
    if (input.json) return yield* Console.log(JSON.stringify(campaigns.map(CampaignTable.json)))
    yield* print(campaigns.length === 0 ? ["No campaigns yet."] : CampaignTable.lines(campaigns))
  })
).pipe(Command.withDescription("Campaigns and how they stand, the newest first"))

const show = Command.make(
  "show",
  { ...one, json: json("Print one JSON object") },
  Effect.fnUntraced(function* (input) {
    const campaign = yield* Lookup.campaign(input.workspace, input.id).pipe(Effect.provide(Lookup.layer(input.folder)))
    if (input.json) return yield* Console.log(JSON.stringify(CampaignTable.json(campaign)))
    yield* print(CampaignTable.full(campaign, yield* ink))
  })
).pipe(Command.withDescription("Everything about one campaign"))

const told: Readonly<Record<CampaignControl.Verb, string>> = {
  pause: "Nothing more is sent once what is under way has ended, within about a second",
  resume: "It goes on where it was, in the process that runs it, or when its command is started again",
  cancel: "Whoever has not been written to will not be"
}

const moving = (verb: CampaignControl.Verb, description: string) =>
  Command.make(
    verb,
    {
      ...one,
      note: Flag.String("note").pipe(Flag.optional, Flag.withDescription("Why; shown wherever the campaign is")),
      json: json("Print one JSON object")
    },
    Effect.fnUntraced(function* (input) {
      const { campaign, moved } = yield* Lookup.campaign(input.workspace, input.id).pipe(
        Effect.flatMap((before) => CampaignControl.carryOut(verb, before, Option.getOrUndefined(input.note))),
        Effect.provide(Lookup.layer(input.folder))
      )
      const { counts, id, status } = campaign
      if (input.json) yield* Console.log(JSON.stringify(CampaignTable.json(campaign)))
      if (!moved) {
        return yield* new NotMoved({ message: `Campaign ${id} is ${status}; there is nothing to ${verb}.` })
      }
      if (input.json) return
      const standing = `${Figures.amount(counts.completed)} sent, ${Figures.amount(counts.open)} open`
      yield* Console.log(`Campaign ${id} is ${status === "running" ? "resumed" : status}: ${standing}. ${told[verb]}.`)
    })
  ).pipe(Command.withDescription(description))

const failures = Command.make(
  "failures",
  {
    ...one,
    csv: Flag.Boolean("csv").pipe(Flag.withDefault(false), Flag.withDescription("Print them all as CSV")),
    json: json("Print them all, one JSON object a line")
  },
  Effect.fnUntraced(function* (input) {
    yield* Effect.gen(function* () {
      const { id } = yield* Lookup.campaign(input.workspace, input.id)
      if (input.csv) {
        const text = NotSent.rows(id).pipe(Stream.map(NotSent.csvLine))
        return yield* StandardOutput.print(Stream.concat(Stream.succeed(NotSent.header), text))
      }
      if (input.json) {
        return yield* StandardOutput.print(Stream.map(NotSent.rows(id), (row) => `${JSON.stringify(row)}\n`))
      }
      const rows = yield* Stream.runCollect(Stream.take(NotSent.rows(id), shown + 1))
      if (rows.length === 0) return yield* Console.log("Nobody was left out.")
      yield* print([
        ...Table.format(columns, rows.slice(0, shown).map(cells)),
        ...(rows.length > shown ? [`The first ${shown}; \`--csv\` prints them all.`] : [])
      ])
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
  })
).pipe(Command.withDescription("Who did not get the message, and why: row, input, state, reason"))

const shown = 50

const columns: ReadonlyArray<Table.Column> = [
  { title: "row", align: "right" },
  { title: "input", align: "left" },
  { title: "state", align: "left" },
  { title: "reason", align: "left" },
  { title: "class", align: "left" }
]

const cells = ({ errorClass, input, reason, row, state }: NotSent.NotSent): ReadonlyArray<string> => [
  String(row),
  input,
  state,
  reason,
  errorClass ?? ""
]

export const command = Command.make("campaign").pipe(
  Command.withDescription("Look at campaigns and steer them"),
  Command.withSubcommands([
    list,
    show,
    moving("pause", "Send nothing more of a campaign until it is resumed"),
    moving("resume", "Go on with a paused campaign"),
    moving("cancel", "End a campaign: what is not sent yet never is"),
    failures
  ])
)
