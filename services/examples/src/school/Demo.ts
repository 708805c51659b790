/**
 * Half a minute in a small school, against a simulated Fonnte: two classes are told of their reports, twice asked for; a
 * number is bad, one is refused, and the phone goes offline in the middle. It ends by itself, with what parents and admins
 * got. `node services/examples/src/school/Demo.ts`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Launcher } from "@fibercast/engine/Launcher"
import * as UndiciClient from "@fibercast/messengers/UndiciClient"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Alerts } from "@fibercast/ports/Alerts"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { ConfigProvider, Console, Effect, FileSystem, Layer, Logger } from "effect"
import { Admins } from "./Admins.ts"
import { device, type Needs, pipelines } from "./App.ts"
import { Register } from "./Register.ts"
import * as Reports from "./Reports.ts"

const month = "2026-01"

/** Invented; no subscriber has numbers that begin so. Ayu and Adi have one mother. */
const children = [
  ["1001", "Ayu", "0860-1000-1001", "A"],
  ["1002", "Adi", "+62 860 1000 1001", "A"],
  ["1003", "Bima", "860 1000 1003", "A"],
  ["1004", "Citra", "tanya ayahnya", "A"],
  ["1005", "Dewi", "0860-1000-1005", "A"],
  ["1006", "Eka", "0860-1000-1006", "B"],
  ["1007", "Fajar", "0860-1000-1007", "B"],
  ["1008", "Gita", "0860-1000-1008", "B"]
] as const

/** The provider says that nobody has this number. */
const refused = "6286010001007"

/** Returns when so many messages are accepted. */
const accepted = Effect.fnUntraced(function* (count: number) {
  const { acceptedTotal } = yield* FonnteSimulator
  yield* Effect.repeat(Effect.delay(acceptedTotal, "50 millis"), { until: (total) => total >= count })
})

/** Returns when no campaign is left to send. */
const over = Effect.gen(function* () {
  const { id } = yield* Reports.workspace
  const active = Effect.flatMap(CampaignStore, (store) => store.active(id))
  yield* Effect.repeat(Effect.delay(active, "100 millis"), { until: (campaigns) => campaigns.length === 0 })
})

const play = Effect.gen(function* () {
  const { requests, script, setDevice } = yield* FonnteSimulator
  const { put } = yield* Register
  for (const [nis, name, phone, className] of children) yield* put({ nis, name, phone, className })
  yield* script([{ kind: "invalidTarget", targets: [refused] }])

  for (const className of ["A", "B", "A"]) {
    const campaign = yield* Reports.send({ month, className })
    yield* Console.log(
      `report of ${month} to class ${className}: ${campaign === null ? "nobody is left to tell" : "launched"}`
    )
  }
  yield* accepted(3)
  yield* setDevice("disconnect")
  const before = yield* requests
  yield* Console.log("the phone of the school goes offline …")
  yield* Effect.sleep("9 seconds")
  yield* Console.log(`… and is back: ${(yield* requests) - before} requests in nine seconds`)
  yield* setDevice("connect")
  yield* over
  yield* Effect.repeat(
    Effect.delay(
      Effect.flatMap(Admins, ({ told }) => told),
      "50 millis"
    ),
    {
      until: (told) => told.length >= 2
    }
  )
})

const report = Effect.gen(function* () {
  const simulator = yield* FonnteSimulator
  const store = yield* CampaignStore
  const { id } = yield* Reports.workspace
  yield* Console.log("\nWhat parents got")
  for (const [number, times] of yield* simulator.accepted) yield* Console.log(`  ${number}  ${times}`)
  const [message] = yield* simulator.messages("6286010001001")
  yield* Console.log(`\n${message?.replaceAll(/^/gmu, "  | ")}\n`)
  yield* Console.log("What admins were told")
  for (const { child, className, phone, reason, what } of yield* (yield* Admins).told) {
    yield* Console.log(`  ${child} (${className}), ${phone}: ${what}: ${reason}`)
  }
  yield* Console.log("\nWhat became of each class")
  for (const { counts, spec } of (yield* store.list({ workspaceId: id, limit: 10 })).toReversed()) {
    const { completed, failed, planned, skipped, unknown } = counts
    yield* Console.log(
      `  ${spec.name}: ${planned} planned = ${completed} sent + ${failed} failed + ${skipped} skipped + ${unknown} unknown`
    )
  }
})

/** The parts of the app, on a database that is gone afterwards. */
const school = Layer.unwrap(
  Effect.gen(function* () {
    const folder = yield* (yield* FileSystem.FileSystem).makeTempDirectoryScoped({ prefix: "fibercast-school-" })
    const { token, url } = yield* FonnteSimulator
    return Launcher.layer(pipelines).pipe(
      Layer.provideMerge(LocalNode.layer<Needs>({ pipelines })),
      Layer.provideMerge(Layer.merge(Register.layerSql, Admins.layerLog)),
      Layer.provide([Database.layerEmbedded(folder), device, alarms]),
      Layer.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ FONNTE_TOKEN: token, FONNTE_URL: url })))
    )
  })
)

const alarms = Layer.succeed(Alerts, { raise: ({ _tag }) => Console.log(`alarm: ${_tag}`) })

Effect.andThen(play, report).pipe(
  Effect.provide(school),
  Effect.provide(FonnteSimulator.layer({ keepTexts: 10 })),
  Effect.provide([NodeServices.layer, UndiciClient.layer, Logger.layer([])]),
  NodeRuntime.runMain
)
