import { assert, describe, it } from "@effect/vitest"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Console, Effect, Logger } from "effect"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"
import * as NodeFaults from "../support/NodeFaults.ts"
import * as NodeFleet from "../support/NodeFleet.ts"
import * as NodeRecovery from "../support/NodeRecovery.ts"
import * as NodeWorkload from "../support/NodeWorkload.ts"
import * as NatsTestServer from "../support/NatsTestServer.ts"

const deliveries = 100_000
/** The work of one fault is due over so many milliseconds. */
const span = 14_000
/** Sends under way at once, for each workspace, as shipped. */
const concurrency = 100
/** What the provider takes for an answer, in milliseconds. */
const answer = 30

/** Nothing was lost and nothing was made up, whatever the moment. */
const conserved = Effect.fnUntraced(function* ({ counts, planned }: NodeWorkload.NodeWorkload) {
  const { done, open } = yield* counts
  assert.strictEqual(open + done, planned())
})

const table = (rows: ReadonlyArray<ReadonlyArray<string>>): string => {
  const width = Math.max(...rows.map(([name = ""]) => name.length))
  return rows
    .map(([name = "", ...rest]) => name.padEnd(width) + rest.map((cell) => cell.padStart(12)).join(""))
    .join("\n")
}

const survived = Effect.gen(function* () {
  const provider = yield* FonnteSimulator
  yield* provider.script([{ kind: "slow", millis: answer }])
  const fleet = yield* NodeFleet.make
  const workload = yield* NodeWorkload.make(fleet.sql)
  const faults = yield* NodeFaults.all(fleet)
  const each = deliveries / faults.length / NodeWorkload.workspaces

  yield* Effect.gen(function* () {
    const began = yield* Clock.currentTimeMillis
    const recoveries = yield* Effect.forEach(faults, (fault) =>
      Effect.gen(function* () {
        yield* workload.dispatch(each, span)
        const recovery = yield* NodeRecovery.from(fault, workload, began)
        yield* Console.log(
          `${recovery.fault}: goes on after ${recovery.goesOn} ms, ${recovery.moved} moved; caught up after ${recovery.caughtUp} ms, last ${recovery.last.join(" ")}`
        )
        yield* conserved(workload)
        return recovery
      })
    )
    const settled = Effect.repeat(Effect.delay(workload.counts, "250 millis"), {
      until: ({ claims, open }) => open === 0 && claims === 0
    })
    yield* Effect.timeoutOrElse(settled, {
      duration: "120 seconds",
      orElse: () => Effect.flatMap(workload.counts, (left) => Effect.die(new Error(`left: ${JSON.stringify(left)}`)))
    })
    const took = (yield* Clock.currentTimeMillis) - began
    const rows = recoveries.map(({ at, caughtUp, fault, goesOn, last, moved }) => [
      fault,
      ...[at, goesOn, moved, caughtUp, last.join(" ")].map(String)
    ])
    yield* Console.log(table([["fault", "at ms", "goes on ms", "moved", "caught up ms", "last"], ...rows]))
    const { contradicted, extra, planned, settled: finals, states, strangers, twice } = yield* workload.truth
    yield* Console.log(`${planned} in ${took} ms: ${JSON.stringify(states)}; accepted twice, at least once: ${twice}`)

    assert.deepStrictEqual(contradicted.slice(0, 20), [])
    assert.deepStrictEqual({ planned, finals, strangers }, { planned: deliveries, finals: deliveries, strangers: 0 })
    const cutting = faults.filter(({ cutsOff }) => cutsOff).length
    assert.isAtMost(extra, cutting * concurrency * NodeWorkload.repeating)
    const inDoubt = states["at-most-once, state 6"] ?? 0
    assert.isAtMost(inDoubt, cutting * concurrency * (NodeWorkload.workspaces - NodeWorkload.repeating))
    const perGuarantee = deliveries / NodeWorkload.workspaces
    assert.deepStrictEqual(states["at-least-once, state 1"], perGuarantee * NodeWorkload.repeating)
    assert.deepStrictEqual(
      (states["at-most-once, state 1"] ?? 0) + inDoubt,
      perGuarantee * (NodeWorkload.workspaces - NodeWorkload.repeating)
    )
    for (const { fault, goesOn } of recoveries) assert.isBelow(goesOn, 30_000, fault)
  }).pipe(Effect.onError(() => Console.log(fleet.warnings().join("\n\n"))))
}).pipe(Effect.provide([FonnteSimulator.layer(), Logger.layer([])]))

describe.runIf(NatsTestServer.isThere)(
  `two engines and two senders with ${deliveries} deliveries of five workspaces`,
  () => {
    it.live(
      "whatever of them, NATS and Postgres is killed, frozen, cut off or deployed, every delivery has one final state that is true",
      () => ChaosCampaign.seeded(survived),
      900_000
    )
  }
)
