/**
 * What tests of the whole engine start from: a pipeline of campaigns through the FakeMessenger, people to
 * write to, and campaigns with little to say about themselves.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Rate } from "@fibercast/domain/Limits"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Broadcast from "@fibercast/engine/Broadcast"
import { type Launch } from "@fibercast/engine/CampaignLaunch"
import { Campaigns } from "@fibercast/engine/Campaigns"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { FakeMessenger, type Options, type Script } from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Effect, Layer } from "effect"

/** Three tries, a minute apart. */
export const Announce = Broadcast.make("fake", FakeMessenger, {
  retry: RetryPolicy.after("60 seconds", { tries: 3 })
})

/** The n-th person's number, from 0. */
export const phone = (n: number): string => `+62812${10_000_000 + n}`

export const people = (count: number, from = 0): TestEngine.Rows =>
  Array.from({ length: count }, (_, n) => ({ phone: phone(from + n), name: `P${from + n}` }))

/** An engine of its own, with the FakeMessenger. */
export const engine = (
  options: {
    readonly script?: Script | undefined
    readonly account?: Options | undefined
    readonly settings?: TestEngine.Options<never>["settings"]
  } & TestEngine.World = {}
) =>
  TestEngine.layer({ pipelines: [Announce], ...options }).pipe(
    Layer.provideMerge(FakeMessenger.layer(options.script, options.account))
  )

/** The stores and the messenger alone: for nodes that come and go. */
export const world = (script?: Script, audiences?: TestEngine.Audiences) =>
  Layer.mergeAll(TestEngine.layerStores({ audiences }), FakeMessenger.layer(script))

export const asked = (workspaceId: WorkspaceId, options: Partial<Launch> = {}): Launch => ({
  workspaceId,
  name: "announcement",
  pipeline: Announce.name,
  template: "Hello {{ name }}",
  audience: { _tag: "Inline", rows: people(10) },
  addressColumn: "phone",
  ...options
})

/** Launches to so many people, or as told, and lets it begin. */
export const launch = Effect.fnUntraced(function* (workspaceId: WorkspaceId, options: Partial<Launch> = {}) {
  const { campaign } = yield* (yield* Campaigns).launch(asked(workspaceId, options))
  yield* TestEngine.catchUp
  return campaign
})

export const launchTo = (workspaceId: WorkspaceId, count: number, options: Partial<Launch> = {}) =>
  launch(workspaceId, { audience: { _tag: "Inline", rows: people(count) }, ...options })

/** The campaign as it stands. */
export const now = Effect.fnUntraced(function* ({ id, workspaceId }: Pick<Campaign, "id" | "workspaceId">) {
  return yield* (yield* CampaignStore).get(workspaceId, id)
})

/** Instants at which the messenger was called. */
export const sendTimes = Effect.gen(function* () {
  return (yield* (yield* FakeMessenger).sent).map(({ at }) => at)
})

/** Addresses the messenger was called for, in order. */
export const sentTo = Effect.gen(function* () {
  return (yield* (yield* FakeMessenger).sent).map(({ to }) => to)
})

/** The most calls in any sliding window of the rate's period; instants are exact to a microsecond. */
export const densest = (times: ReadonlyArray<number>, { per }: Rate): number =>
  times.reduce((most, start) => {
    const within = times.filter((at) => at >= start && at - start < per - 0.001)
    return Math.max(most, within.length)
  }, 0)
