/**
 * The weekend on which Europe puts its clocks back, in Blazz, in a few seconds: the whole engine in memory, on a clock that
 * is moved by hand. Each message takes the provider 20 seconds, and planning goes on every minute.
 * `node services/examples/src/blazz/Demo.ts`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Launcher } from "@fibercast/engine/Launcher"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as Expect from "@fibercast/testkit/Expect"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Console, DateTime, Effect, Layer, Logger } from "effect"
import { TestClock } from "effect/testing"
import { type Needs, pipelines, scheduled } from "./App.ts"
import { Requests } from "./Requests.ts"
import * as Weekend from "./Weekend.ts"

const day = "2026-10-25"
const contacts = 40
const hours = 26

type All = Needs | Requests | Launcher | CampaignStore | WorkspaceStore

const { FakeMessenger: Provider } = FakeMessenger

const blazz = TestEngine.layerSchedulingEngine<All, All>({
  pipelines,
  scheduled,
  ...TestEngine.sparse,
  settings: { ...TestEngine.sparse.settings, concurrency: 4, poll: 300_000 }
}).pipe(
  Layer.provide(Provider.standIn(Fonnte)),
  Layer.provideMerge(Layer.merge(Requests.layerMemory, Launcher.layer(pipelines))),
  Layer.provideMerge(TestEngine.layerStores({ startAt: "2026-10-24T12:00:00.500Z" })),
  Layer.provideMerge(Provider.layer(() => FakeMessenger.delay("20 seconds")))
)

/** `09:00:00 +01:00` */
const clockOf = (millis: number, timeZone: string): string => {
  const text = DateTime.formatIsoZoned(DateTime.makeZonedUnsafe(millis, { timeZone }))
  return `${text.slice(11, 19)} ${text.slice(23, 29)}`
}

const report = Effect.gen(function* () {
  const campaigns = yield* CampaignStore
  const workspaces = yield* WorkspaceStore
  const sent = yield* (yield* Provider).sent
  const sentAt = new Map(sent.map(({ at, to }) => [to, at]))
  yield* Console.log("workspace         zone               asked for   first            last             sent")
  for (const [place, [name, zone]] of Weekend.workspaces.entries()) {
    const { id } = yield* workspaces.ensure({ name, zone, limits: {} })
    const launched = yield* campaigns.list({ workspaceId: id, limit: 10 })
    for (const [slot, time] of Weekend.times.entries()) {
      const counts = launched.find(({ spec }) => spec.wallTime === `${day} ${time}`)?.counts
      const at = Weekend.numbers(place, slot, contacts).map((number) => sentAt.get(number) ?? Number.NaN)
      const [first, last] = [Math.min(...at), Math.max(...at)].map((millis) => clockOf(millis, zone))
      const line = [name.padEnd(17), zone.padEnd(18), time.padEnd(11), first, "", last, ""]
      yield* Console.log(`${line.join(" ")} ${counts?.completed} of ${counts?.planned}`)
    }
  }
  const twice = sent.length - sentAt.size
  const plannings = yield* Expect.occurrences("campaigns.plan")
  const fired = plannings.filter(({ outcome }) => outcome === "fired").length
  yield* Console.log(`\n${sent.length} messages sent, ${twice} of them twice`)
  yield* Console.log(`${hours * 60} minutes, ${plannings.length} plannings recorded, ${fired} fired on time`)
})

const weekend = Effect.gen(function* () {
  const { put } = yield* Requests
  for (const request of Weekend.requests(day, contacts)) yield* put(request)
  yield* TestClock.adjust(`${hours} hours`)
  yield* report
})

weekend.pipe(Effect.provide(blazz), Effect.provide([TestClock.layer(), Logger.layer([])]), NodeRuntime.runMain)
