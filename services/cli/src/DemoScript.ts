/**
 * What happens to the demo's campaign on its way: a provider that answers late, wrongly or not at all, a phone that
 * goes offline and comes back, and a pause and a resume by hand. What it measures goes into the report.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Silence } from "@fibercast/ports/WorkspaceRuntime"
import { type Faults } from "@fibercast/simulator/Faults"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Effect } from "effect"
import * as Figures from "./Figures.ts"
import * as Paused from "./Paused.ts"
import { Screen } from "./Screen.ts"

/** What the provider does wrong, by request and by number. Every one of them is Fonnte's, or seen in the wild. */
export const faults: Faults = [
  { kind: "slow", millis: 20 },
  { kind: "slow", millis: 600, every: 25 },
  { kind: "invalidTarget", everyTarget: 400 },
  { kind: "lostAnswer", every: 331 },
  { kind: "status", status: 503, every: 587 },
  { kind: "tooMany", retryAfter: "1", every: 1501 },
  { kind: "reason", reason: "server is busy", every: 409 }
]

/** Shares of the campaign at which the phone goes offline, and at which a person pauses. */
const offlineAt = 0.3
const pauseAt = 0.65
const offlineFor = 3000
const pauseFor = 2000

export interface Played {
  readonly outage: {
    /** Milliseconds. */
    readonly offline: number
    /** Requests that were spent on finding out; probes are none of them. */
    readonly requests: number
    /** Milliseconds from the phone's return to the next accepted message. */
    readonly recovery: number
  }
  readonly pause: Silence & {
    readonly paused: number
    /** Requests that reached the provider between silence and resume. */
    readonly requestsWhilePaused: number
  }
}

export const play = Effect.fn("DemoScript.play")(function* ({ id, workspaceId }: Campaign) {
  const campaigns = yield* Campaigns
  const store = yield* CampaignStore
  const simulator = yield* FonnteSimulator
  const screen = yield* Screen
  const tell = (text: string) => screen.say(`${screen.ink.dim("*")} ${text}`)

  const reach = Effect.fnUntraced(function* (share: number) {
    for (;;) {
      const { counts, expanded } = yield* store.get(workspaceId, id)
      const total = counts.planned - counts.skipped
      if (expanded && total - counts.open >= total * share) return
      yield* Effect.sleep("50 millis")
    }
  })

  yield* reach(offlineAt)
  yield* simulator.setDevice("disconnect")
  const before = yield* simulator.requests
  yield* tell("The phone behind the provider goes offline.")
  yield* Effect.sleep(offlineFor)
  const spent = (yield* simulator.requests) - before
  const accepted = yield* simulator.acceptedTotal
  yield* simulator.setDevice("connect")
  const back = yield* Clock.currentTimeMillis
  yield* tell(`The phone is back. Finding out had cost ${Figures.counted(spent, "request")}.`)
  while ((yield* simulator.acceptedTotal) === accepted) yield* Effect.sleep("20 millis")
  const recovery = (yield* Clock.currentTimeMillis) - back

  yield* reach(pauseAt)
  const silence = yield* campaigns.pause(workspaceId, id, Paused.byHand("the demo shows a pause"))
  const silent = yield* simulator.requests
  yield* tell(
    `Paused: silent after ${silence.millis} ms; ${Figures.counted(silence.escaped, "send")} under way went out.`
  )
  yield* Effect.sleep(pauseFor)
  const requestsWhilePaused = (yield* simulator.requests) - silent
  yield* campaigns.resume(workspaceId, id)
  yield* tell(`Resumed: ${Figures.counted(requestsWhilePaused, "request")} reached the provider meanwhile.`)

  return {
    outage: { offline: offlineFor, requests: spent, recovery },
    pause: { ...silence, paused: pauseFor, requestsWhilePaused }
  } satisfies Played
})
