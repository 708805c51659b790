/**
 * `fibercast explain`: why one delivery or trigger has not run, or why it ran when it did.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import * as Checkup from "@fibercast/engine/Checkup"
import * as Explanation from "@fibercast/engine/Explanation"
import { Records } from "@fibercast/ports/Records"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Clock, Console, Effect, Result } from "effect"
import { Argument, Command, TerminalCapabilities } from "effect/cli"
import * as ExplanationText from "../ExplanationText.ts"
import { Hint } from "../Hint.ts"
import * as Ink from "../Ink.ts"
import * as Lookup from "../Lookup.ts"
import * as QueueLookup from "../QueueLookup.ts"
import * as ScheduleFlags from "../ScheduleFlags.ts"
import * as SchedulerStanding from "../SchedulerStanding.ts"
import { folder, json } from "../SendFlags.ts"
import * as TerminalWidth from "../TerminalWidth.ts"
import * as TriggerExplanation from "../TriggerExplanation.ts"
import * as TriggerLookup from "../TriggerLookup.ts"

const delivery = Effect.fnUntraced(function* (id: DeliveryId) {
  const { command } = yield* Hint
  const records = yield* Records
  const { attempts, record } = yield* QueueLookup.find(id)
  const now = yield* Clock.currentTimeMillis
  const all = yield* (yield* WorkspaceStore).list
  const workspace = all.find((one) => one.id === record.workspaceId)
  if (workspace === undefined) return yield* new QueueLookup.NoDelivery({ id: String(id) })
  const campaigns = record.campaignId === null ? [] : yield* Checkup.campaigns(record.workspaceId)
  const explanation = Explanation.of({
    now,
    record,
    attempts,
    workspace: Checkup.workspaceFact(workspace, []),
    campaign: campaigns.find((one) => one.id === record.campaignId) ?? null,
    run: yield* (yield* TriggerStore).runOf(id),
    nodes: yield* Checkup.nodes(now),
    before: record.settledAt === null ? yield* records.before({ id, now }) : 0
  })
  return {
    record,
    explanation,
    workspace: workspace.name,
    zone: workspace.zone,
    now,
    command
  } satisfies ExplanationText.Told
})

const trigger = Effect.fnUntraced(function* (input: Parameters<typeof TriggerLookup.find>[0], name: string) {
  const { trigger, workspaceId } = yield* TriggerLookup.find(input, name)
  const store = yield* TriggerStore
  const newest = yield* store.history({ triggerId: trigger.id, before: null, limit: 5 })
  const { name: workspace } = yield* (yield* WorkspaceStore).get(workspaceId)
  const standing = yield* SchedulerStanding.look()
  return { trigger, newest, workspace, standing }
})

export const command = Command.make(
  "explain",
  {
    what: Argument.String("what").pipe(Argument.withDescription("The number of a delivery, or the name of a trigger")),
    workspace: ScheduleFlags.workspace,
    environment: ScheduleFlags.environment,
    folder,
    json: json("Print one JSON object; instants in UTC")
  },
  Effect.fnUntraced(
    function* (input) {
      const { command } = yield* Hint
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const ink = canColor ? Ink.coloured : Ink.plain
      const id = QueueLookup.read(input.what)
      if (Result.isSuccess(id)) {
        const told = yield* Effect.provide(delivery(id.success), Lookup.layerWithNodes(input.folder))
        return yield* Console.log(
          input.json ? JSON.stringify(ExplanationText.json(told)) : ExplanationText.lines(told, ink).join("\n")
        )
      }
      const told = yield* Effect.provide(trigger(input.workspace, input.what), TriggerLookup.layer(input.folder))
      const explained = { ...told, environment: input.environment, command, columns: yield* TerminalWidth.ofStdout }
      yield* Console.log(
        input.json
          ? JSON.stringify(TriggerExplanation.json(explained))
          : TriggerExplanation.lines(explained, ink).join("\n")
      )
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "Why one delivery or trigger has not run, or why it ran when it did: its course so far, and what stands in its way " +
      "now in the order in which the engine decides, each with what helps."
  ),
  Command.withShortDescription("Why one delivery or trigger did not run, or did"),
  Command.withExamples([{ command: "fibercast explain 4711" }, { command: "fibercast explain sessions.expire" }])
)
