/**
 * What the tests of the school share: its engine in memory, children, and what their parents got.
 */
import { type AccountGates } from "@fibercast/engine/AccountGates"
import { Launcher } from "@fibercast/engine/Launcher"
import { Admins } from "@fibercast/examples/school/Admins"
import { alarm, pace, pipelines, scheduled } from "@fibercast/examples/school/App"
import { Register, type Student } from "@fibercast/examples/school/Register"
import * as Reports from "@fibercast/examples/school/Reports"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Signal } from "@fibercast/ports/Signal"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Effect, Layer, Logger } from "effect"

type Needs = Fonnte | AccountGates | Admins | Register | Launcher | Ledger | Signal | WorkspaceStore

/** The school on one node; what it shares with others is beneath. */
export const node = (options: Partial<TestEngine.SchedulingOptions<Needs, Needs>> = {}) =>
  TestEngine.layerSchedulingEngine<Needs, Needs>({
    ...options,
    pipelines,
    scheduled,
    settings: { ...alarm, ...options.settings }
  }).pipe(Layer.provide(FakeMessenger.FakeMessenger.standIn(Fonnte)))

/** The stores, the phone, the register and the admins. */
export const world = (script?: FakeMessenger.Script, phone: FakeMessenger.Options = {}, more: TestEngine.World = {}) =>
  Layer.mergeAll(Register.layerMemory, Admins.layerLog, Launcher.layer(pipelines)).pipe(
    Layer.provideMerge(TestEngine.layerStores({ startAt: "2026-02-02T01:00:00Z", ...more })),
    Layer.provideMerge(FakeMessenger.FakeMessenger.layer(script, { limits: pace, ...phone })),
    Layer.provideMerge(Logger.layer([]))
  )

export const school = (script?: FakeMessenger.Script, phone?: FakeMessenger.Options) =>
  Layer.provideMerge(node(), world(script, phone))

/** The n-th child of a class, with a number of its own. */
export const child = (n: number, className = "A", phone = numberOf(n)): Student => ({
  nis: `${1000 + n}`,
  name: `Anak ${n}`,
  phone,
  className
})

/** As it is typed in; no subscriber has it. */
export const numberOf = (n: number) => `0860-1000-${1000 + n}`

/** The same as the provider gets it. */
export const e164Of = (n: number) => `+628601000${1000 + n}`

export const enrol = (...children: ReadonlyArray<Student>) =>
  Effect.flatMap(Register, ({ put }) => Effect.forEach(children, put, { discard: true }))

export const classOf = (count: number, className = "A", from = 0) =>
  enrol(...Array.from({ length: count }, (_, n) => child(from + n, className)))

export const month = "2026-01"

export const send = (className = "A") => Reports.send({ month, className })

/** The counts of all campaigns, added up. */
export const counts = Effect.gen(function* () {
  const { id: workspaceId } = yield* Reports.workspace
  const campaigns = yield* (yield* CampaignStore).list({ workspaceId, limit: 100 })
  const sum = { planned: 0, completed: 0, failed: 0, skipped: 0, unknown: 0, open: 0 }
  for (const campaign of campaigns) {
    sum.planned += campaign.counts.planned
    sum.completed += campaign.counts.completed
    sum.failed += campaign.counts.failed
    sum.skipped += campaign.counts.skipped
    sum.unknown += campaign.counts.unknown
    sum.open += campaign.counts.open
  }
  return sum
})

/** What the admins were told, as `Anak 1: not sent`. */
export const told = Effect.map(
  Effect.flatMap(Admins, (admins) => admins.told),
  (notices) => notices.map(({ child: of, what }) => `${of}: ${what}`)
)

export const sent = Effect.flatMap(FakeMessenger.FakeMessenger, (messenger) => messenger.sent)

/** How many messages each number has got. */
export const received = Effect.map(sent, (calls) => {
  const numbers = new Map<string, number>()
  for (const { result, to } of calls) if (result === "accepted") numbers.set(to, (numbers.get(to) ?? 0) + 1)
  return Object.fromEntries(numbers)
})
