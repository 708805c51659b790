/**
 * Health of scheduling: red when triggers stand that no scheduler has looked after for too long.
 *
 * The watch runs beside a scheduler, or on a node that does not schedule, and raises an alarm once for each time that
 * health turns red. While the ledger cannot be reached for that long, health is red as well: then nothing fires.
 */
import { Alerts } from "@fibercast/ports/Alerts"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { type Attendance } from "@fibercast/ports/Attendance"
import { Clock, Effect, Layer } from "effect"
import { SchedulerConfig } from "./SchedulerConfig.ts"

export interface Unattended extends Attendance {
  /** Milliseconds since a scheduler of theirs passed, or since they were defined if none ever did. */
  readonly silentMillis: number
}

export interface SchedulerHealth {
  readonly status: "green" | "red"
  /** Empty when green. */
  readonly unattended: ReadonlyArray<Unattended>
  /** The latest pass of any scheduler; null: none within a day. */
  readonly passedAt: number | null
}

/** As things stand now. */
export const look = Effect.fn("SchedulerHealth.look")(function* (): Effect.fn.Return<
  SchedulerHealth,
  LedgerUnavailable,
  TriggerStore
> {
  const { deadAfter } = yield* SchedulerConfig
  const attendance = yield* (yield* TriggerStore).attendance
  const now = yield* Clock.currentTimeMillis
  const unattended = attendance
    .map((one): Unattended => ({ ...one, silentMillis: now - (one.passedAt ?? one.since) }))
    .filter(({ silentMillis }) => silentMillis > deadAfter)
  const passes = attendance.flatMap(({ passedAt }) => (passedAt === null ? [] : [passedAt]))
  return {
    status: unattended.length === 0 ? "green" : "red",
    unattended,
    passedAt: passes.length === 0 ? null : Math.max(...passes)
  }
})

/** Watches while the layer is in scope. */
export const layerWatch: Layer.Layer<never, never, TriggerStore | Alerts> = Layer.effectDiscard(
  Effect.gen(function* () {
    const { deadAfter } = yield* SchedulerConfig
    const alerts = yield* Alerts
    const store = yield* TriggerStore
    const alarmed = new Set<string | null>()
    let reachedAt = yield* Clock.currentTimeMillis
    let isCut = false

    const check = Effect.gen(function* () {
      const { unattended } = yield* look()
      reachedAt = yield* Clock.currentTimeMillis
      isCut = false
      const red = new Set(unattended.map(({ app }) => app))
      for (const app of alarmed) if (!red.has(app)) alarmed.delete(app)
      for (const { app, passedAt, silentMillis, triggers } of unattended) {
        if (alarmed.has(app)) continue
        alarmed.add(app)
        yield* alerts.raise({
          _tag: "SchedulerDead",
          app,
          triggers,
          silentMillis: passedAt === null ? null : silentMillis
        })
      }
    }).pipe(Effect.provideService(TriggerStore, store))

    const unreachable = Effect.gen(function* () {
      const silentMillis = (yield* Clock.currentTimeMillis) - reachedAt
      if (isCut || silentMillis <= deadAfter) return
      isCut = true
      yield* alerts.raise({ _tag: "SchedulerDead", app: null, triggers: 0, silentMillis })
    })

    const watching = Effect.gen(function* () {
      for (;;) {
        yield* Effect.sleep(deadAfter / 2)
        yield* check.pipe(
          Effect.catchTag("LedgerUnavailable", () => unreachable),
          Effect.catchDefect((defect) => Effect.logError("the watch over schedulers crashed", defect))
        )
      }
    })
    yield* Effect.forkScoped(watching)
  })
)
