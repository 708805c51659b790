/**
 * `fibercast schedule add` and `remove`: triggers that are defined at run time.
 */
import * as Cron from "@fibercast/domain/Cron"
import * as TriggerText from "@fibercast/domain/TriggerText"
import { Triggers } from "@fibercast/engine/Triggers"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, Option, Result, Schema } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import * as ClockText from "../../ClockText.ts"
import * as Figures from "../../Figures.ts"
import { Hint } from "../../Hint.ts"
import * as Broadcasters from "@fibercast/node/Broadcasters"
import * as ScheduleFlags from "../../ScheduleFlags.ts"
import * as ScheduleList from "../../ScheduleList.ts"
import * as SchedulerNotice from "../../SchedulerNotice.ts"
import * as SchedulerStanding from "../../SchedulerStanding.ts"
import * as SendFlags from "../../SendFlags.ts"
import * as TriggerLookup from "../../TriggerLookup.ts"
import * as TriggerRequest from "../../TriggerRequest.ts"

const Payload = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Json))

const flags = {
  name: ScheduleFlags.name,
  cron: Flag.String("cron").pipe(
    Flag.mapEffect((text) =>
      Result.match(Cron.parse(text), {
        onFailure: ({ position, reason }) =>
          Effect.fail(
            new CliError.InvalidValue({
              option: "cron",
              value: text,
              expected: `a cron expression, but at character ${position}: ${reason}`,
              kind: "flag"
            })
          ),
        onSuccess: () => Effect.succeed(text)
      })
    ),
    Flag.optional,
    Flag.withMetavar("EXPR"),
    Flag.withDescription('Fire by a cron expression of five fields or six: "0 9 * * MON-FRI"')
  ),
  every: SendFlags.period("every").pipe(Flag.optional, Flag.withDescription("Fire every so often: 10s, 5min, 2h, 1d")),
  at: Flag.String("at").pipe(
    Flag.optional,
    Flag.withMetavar("TIME"),
    Flag.withDescription('Fire once, at a wall time: "2026-12-01 09:00"')
  ),
  zone: ScheduleFlags.zone.pipe(
    Flag.withDescription(
      "The time zone whose wall clock it goes by (default: that of the workspace; UTC for a new one)"
    )
  ),
  pipeline: Flag.String("pipeline").pipe(
    Flag.optional,
    Flag.withMetavar("NAME"),
    Flag.withDescription("Dispatch a delivery of this pipeline, which an app at work must have")
  ),
  payload: Flag.String("payload").pipe(
    SendFlags.parsed("payload", 'JSON, like {"month": "January"}', Payload),
    Flag.optional,
    Flag.withMetavar("JSON"),
    Flag.withDescription("What the pipeline is given (default null)")
  ),
  audience: SendFlags.flags.audience.pipe(
    Flag.optional,
    Flag.withDescription("Launch a campaign to this CSV file, which is read anew each time")
  ),
  to: SendFlags.flags.to.pipe(Flag.optional),
  template: SendFlags.flags.template.pipe(Flag.optional),
  provider: SendFlags.flags.provider.pipe(Flag.optional),
  rate: SendFlags.flags.rate,
  region: SendFlags.flags.region,
  guarantee: Flag.Literals("guarantee", ["at-least-once", "at-most-once"]).pipe(
    Flag.optional,
    Flag.withDescription("What happens after a lost answer: sent again, or left in doubt (default at-least-once)")
  ),
  overlap: Flag.Literals("overlap", TriggerRequest.overlaps).pipe(
    Flag.optional,
    Flag.withDescription("What becomes of it while an earlier run is not over (default allow)")
  ),
  deadline: SendFlags.period("deadline").pipe(
    Flag.optional,
    Flag.withDescription("Not begun later than this after its time, but missed: 2h")
  ),
  description: Flag.String("description").pipe(
    Flag.optional,
    Flag.withMetavar("TEXT"),
    Flag.withDescription("What it is for")
  ),
  workspace: Flag.String("workspace").pipe(
    Flag.withDefault("global"),
    Flag.withMetavar("NAME"),
    Flag.withDescription("The workspace that the trigger belongs to (default global)")
  ),
  folder: SendFlags.folder
}

const requestOf = (input: Command.Command.Config.Infer<typeof flags>): TriggerRequest.TriggerRequest => ({
  name: input.name,
  cron: Option.getOrUndefined(input.cron),
  every: Option.getOrUndefined(input.every),
  at: Option.getOrUndefined(input.at),
  zone: Option.getOrUndefined(input.zone),
  pipeline: Option.getOrUndefined(input.pipeline),
  payload: Option.getOrUndefined(input.payload),
  audience: Option.getOrUndefined(input.audience),
  to: Option.getOrUndefined(input.to),
  template: Option.getOrUndefined(input.template),
  provider: Option.getOrUndefined(input.provider),
  rate: Option.getOrUndefined(input.rate),
  region: Option.getOrUndefined(input.region),
  guarantee: Option.getOrUndefined(input.guarantee),
  overlap: Option.getOrUndefined(input.overlap),
  deadline: Option.getOrUndefined(input.deadline),
  description: Option.getOrUndefined(input.description)
})

export const add = Command.make(
  "add",
  flags,
  Effect.fnUntraced(
    function* (input) {
      const hint = yield* Hint
      const asked = requestOf(input)
      const now = yield* Clock.currentTimeMillis
      // What is wrong with the command is said before a database is made for it.
      yield* TriggerRequest.definitionOf(asked, now, asked.zone ?? "UTC")
      yield* Effect.gen(function* () {
        const workspace = yield* (yield* WorkspaceStore).ensure({ name: input.workspace, zone: "UTC", limits: {} })
        const definition = yield* TriggerRequest.definitionOf(asked, now, workspace.zone)
        const { change, trigger } = yield* (yield* Triggers).define(workspace.id, definition)
        const next = ScheduleList.nextOf(trigger, now)
        const when = TriggerText.describe(definition.trigger)
        const first = next === null ? "never" : `${ClockText.full(next, trigger.zone)}, in ${Figures.span(next - now)}`
        yield* Console.log(
          `${input.name} is ${change === "unchanged" ? "as it was" : change}: it fires ${when}, and sets off ${ScheduleList.targetOf(trigger)}.`
        )
        yield* Console.log(`Its next time is ${first}.`)
        if (asked.provider === "fonnte" && Option.isNone(yield* Broadcasters.fonnteToken)) {
          yield* Console.error("FONNTE_TOKEN must be set for the scheduler that fires it.")
        }
        const notice = SchedulerNotice.lines(yield* SchedulerStanding.look(), hint.command)
        if (notice.length > 0) yield* Console.error(notice.join("\n"))
      }).pipe(Effect.provide(TriggerLookup.layerMaking(input.folder)))
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "Add a trigger, or change the one of that name: a cron expression, a period or a wall time, and what it sets off: a " +
      "delivery of a pipeline, or a campaign of its own each time. Any running scheduler fires it."
  ),
  Command.withShortDescription("Add or change a trigger"),
  Command.withExamples([
    { command: `fibercast schedule add sync --every 5min --pipeline crm.sync --payload '{"full": false}'` },
    {
      command:
        'fibercast schedule add fees --cron "0 9 1 * *" --zone Asia/Jakarta --audience parents.csv --to phone --region ID --template "Halo {{ name }}" --provider fonnte'
    }
  ])
)

export const remove = Command.make(
  "remove",
  { name: ScheduleFlags.name, workspace: ScheduleFlags.workspace, folder: SendFlags.folder },
  Effect.fnUntraced(function* ({ folder, name, workspace }) {
    yield* Effect.gen(function* () {
      const { workspaceId } = yield* TriggerLookup.find(workspace, name)
      yield* (yield* Triggers).remove(workspaceId, name)
      yield* Console.log(`${name} is removed: it fires no more. What runs goes on, and its history stays.`)
    }).pipe(Effect.provide(TriggerLookup.layer(folder)))
  })
).pipe(Command.withDescription("Remove a trigger that was added at run time; those of code are removed there"))
