/**
 * `send --dry-run`: judges every row, and looks at what the real command would find: an earlier campaign of its own or
 * for the same file, no token, a rate too slow for its deadline. Creates no database and writes nothing.
 */
import { type Campaign, isOver } from "@fibercast/domain/Campaign"
import { type CampaignRefused } from "@fibercast/engine/CampaignLaunch"
import * as Broadcasters from "@fibercast/node/Broadcasters"
import * as Audiences from "@fibercast/node/Audiences"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Console, Duration, Effect, Option, Stream } from "effect"
import * as Continuation from "./Continuation.ts"
import * as Figures from "./Figures.ts"
import * as Lookup from "./Lookup.ts"
import * as Preview from "./Preview.ts"
import { Screen } from "./Screen.ts"
import * as SendRequest from "./SendRequest.ts"

export interface Options {
  readonly workspace: string
  readonly folder: string
  readonly again: boolean
  readonly json: boolean
}

interface Earlier {
  readonly campaign: Campaign | null
  readonly warnings: ReadonlyArray<string>
}
const none: Earlier = { campaign: null, warnings: [] }

/** The campaign that the command would find, or why it would be refused. */
export const find = Effect.fn("DryRun.find")(function* (
  asked: SendRequest.SendRequest,
  workspaceId: WorkspaceId,
  again: boolean
) {
  const launch = yield* SendRequest.launchOf(asked, { workspaceId, key: yield* SendRequest.keyOf(asked) })
  return yield* Continuation.find(launch, { again })
})

const earlier = (asked: SendRequest.SendRequest, { again, folder, workspace }: Options) =>
  Effect.gen(function* () {
    const known = yield* (yield* WorkspaceStore).find(workspace)
    if (known === null) return none
    const found = yield* find(asked, known.id, again)
    return "campaign" in found ? { ...none, campaign: found.campaign } : none
  }).pipe(
    Effect.provide(Audiences.layer()),
    Effect.provide(Lookup.layer(folder)),
    Effect.catchTag("NoDatabase", () => Effect.succeed(none)),
    Effect.catchTag(["Changed", "Unfinished"], ({ message }) =>
      Effect.succeed({ ...none, warnings: [`It would be refused: ${message}`] })
    ),
    Effect.catch(({ message }) =>
      Effect.succeed({ ...none, warnings: [`Earlier campaigns could not be looked up: ${message}`] })
    )
  )

const foundAs = (campaign: Campaign): string =>
  isOver(campaign.status)
    ? `campaign ${campaign.id} did this before (${Continuation.standing(campaign)}): nothing would be sent without --again`
    : `goes on with campaign ${campaign.id} (${Continuation.standing(campaign)})`

const late = ({ deadline, rate }: SendRequest.SendRequest, { sendable, takes }: Preview.Preview) => {
  if (deadline === undefined || rate === undefined || takes === null) return []
  const millis = Duration.toMillis(deadline)
  if (takes <= millis) return []
  const inTime = Math.floor(millis / rate.per) * rate.permits
  return [
    `At this rate about ${Figures.amount(sendable - inTime)} of ${Figures.counted(sendable, "message")} would expire: ` +
      `they take ${Figures.span(takes)}, the deadline is ${Figures.span(millis)} after the start.`
  ]
}

/** `startOf` refuses a time that has passed, unless the campaign was launched before it had. */
export const run = Effect.fn("DryRun.run")(function* (
  asked: SendRequest.SendRequest,
  { csv, template }: SendRequest.Checked,
  startOf: Effect.Effect<number, CampaignRefused>,
  options: Options
) {
  const screen = yield* Screen
  const { campaign, warnings } = yield* earlier(asked, options)
  const startsAt = campaign === null ? yield* startOf : campaign.spec.dueAt
  const judge = Preview.make({ column: asked.to, region: asked.region, template })
  yield* Stream.runForEach(csv.rows, (row) => Effect.sync(() => judge.add(row)))
  const { at, rate } = asked
  const preview = judge.preview({ startsAt, zone: at?.zone ?? "UTC", asked: at?.wallTime ?? null, rate })
  const token = asked.provider === "fonnte" && Option.isNone(yield* Broadcasters.fonnteToken)
  const all = [
    ...warnings,
    ...(token ? ["FONNTE_TOKEN is not set: without it nothing can be sent."] : []),
    ...late(asked, preview)
  ]
  if (options.json) {
    const known = campaign === null ? null : { id: campaign.id, status: campaign.status }
    return yield* Console.log(JSON.stringify({ ...preview, campaign: known, warnings: all }))
  }
  const told = { found: campaign === null ? null : foundAs(campaign), warnings: all }
  yield* screen.say(...Preview.lines(asked.audience, preview, rate, told, screen.ink))
})
