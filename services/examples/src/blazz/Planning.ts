/**
 * Planning turns requests into campaigns, every minute. A campaign is launched ahead of its time and begins at that
 * instant by itself, so what a late or a long planning delays is only what was asked for at the last moment.
 *
 * A request becomes one campaign, however often it is planned: its id is the campaign's key. None is left waiting: it is
 * planned, or refused for a reason.
 */
import { Launcher } from "@fibercast/engine/Launcher"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as WallTime from "@fibercast/domain/WallTime"
import { Clock, DateTime, Effect, Result } from "effect"
import { Campaign } from "./Campaign.ts"
import { type Answer, type Request, Requests } from "./Requests.ts"

/** A request whose time has passed is sent at once, unless that is longer ago. In milliseconds. */
export const latest = 12 * 3_600_000

/** Requests planned in one go. */
const page = 100

const planned: Answer = { status: "planned" }
const refused = (reason: string): Answer => ({ status: "refused", reason })

/** Launches the campaign of a request, at its time or, if that has passed, now. */
const launch = Effect.fnUntraced(function* ({ at, contacts, id: key, name, text, workspace, zone }: Request) {
  const due = WallTime.instant(at, zone)
  if (Result.isFailure(due)) return refused(due.failure.message)
  const lateness = Effect.map(Clock.currentTimeMillis, (now) => now - DateTime.toEpochMillis(due.success))
  const late = yield* lateness
  if (late > latest) return refused(`${at} in ${zone} was too long ago when it was asked for`)
  const { id: workspaceId } = yield* (yield* WorkspaceStore).ensure({ name: workspace, zone, limits: {} })
  const campaign = {
    workspaceId,
    key,
    name,
    pipeline: Campaign.name,
    template: text,
    audience: { _tag: "Inline", rows: contacts },
    addressColumn: "phone",
    region: "ID"
  } as const
  const { launch } = yield* Launcher
  // Its time may come while it is being launched.
  const ahead = launch({ ...campaign, at: { wallTime: at, zone } }).pipe(
    Effect.catchTag("CampaignRefused", (error) =>
      Effect.flatMap(lateness, (now) => (now > 0 ? launch(campaign) : Effect.fail(error)))
    )
  )
  return yield* (late > 0 ? launch(campaign) : ahead).pipe(
    Effect.as(planned),
    // It was launched before, by a planning that did not live to say so.
    Effect.catchTag("CampaignConflict", () => Effect.succeed(planned)),
    Effect.catchTags({
      CampaignRefused: ({ message }) => Effect.succeed(refused(message)),
      AudienceUnreadable: ({ message }) => Effect.succeed(refused(message))
    })
  )
})

/** Plans all that waits. Answers how many of each. */
export const plan = Effect.fn("Planning.plan")(function* () {
  const { answer, waiting } = yield* Requests
  const counts = { planned: 0, refused: 0 }
  for (;;) {
    const requests = yield* waiting(page)
    for (const request of requests) {
      const given = yield* launch(request)
      yield* answer(request.id, given, yield* Clock.currentTimeMillis)
      counts[given.status] += 1
    }
    if (requests.length < page) return `${counts.planned} planned, ${counts.refused} refused`
  }
})
