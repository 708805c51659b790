/**
 * The outbox of an alert sink: what was offered waits here for one worker, which delivers it in order, and tries again a few
 * times what may be taken then.
 *
 * It holds at most 100 messages besides the one under way; beyond that the oldest is dropped. Alerts of what was dropped or
 * not taken are counted, and the next message that is taken says how many. When the scope closes, what waits has five seconds;
 * then the log says how many alerts were lost.
 */
import { type AlertMessage, type AlertNotTaken, type AlertSink } from "@fibercast/ports/AlertSink"
import { Effect, Latch, Schedule, type Scope } from "effect"

const room = 100
const drain = "5 seconds"

/** After about 2, 6, 18 and 54 seconds. */
const again = Schedule.exponential("2 seconds", 3).pipe(Schedule.jittered, Schedule.upTo({ times: 4 }))

/** `missed`: how many alerts before this message were not told. */
export type Deliver = (message: AlertMessage, missed: number) => Effect.Effect<void, AlertNotTaken>

/** How a message says what was missed before it; null: nothing was. */
export const missedText = (missed: number): string | null =>
  missed === 0 ? null : `${missed.toLocaleString("en-US")} earlier alert${missed === 1 ? "" : "s"} could not be told`

export const make = Effect.fnUntraced(function* (
  { name, place }: Pick<AlertSink, "name" | "place">,
  deliver: Deliver
): Effect.fn.Return<AlertSink, never, Scope.Scope> {
  const waiting: Array<AlertMessage> = []
  /** Alerts, not messages. */
  let missed = 0
  let underWay = 0
  const filled = Latch.makeUnsafe(false)
  const idle = Latch.makeUnsafe(true)

  const deliverNext = Effect.gen(function* () {
    const message = waiting.shift()
    if (message === undefined) return
    underWay = message.count
    const before = missed
    yield* deliver(message, before).pipe(
      Effect.retry({ schedule: again, while: ({ worthAgain }) => worthAgain }),
      Effect.match({
        onSuccess: () => {
          missed -= before
        },
        onFailure: (failed) => {
          missed += message.count
          return failed
        }
      }),
      Effect.flatMap((failed) => (failed === undefined ? Effect.void : Effect.logWarning(failed.message))),
      Effect.catchDefect((defect) => {
        missed += message.count
        return Effect.logError(`telling an alert by ${name} crashed`, defect)
      })
    )
    underWay = 0
  })

  const work = Effect.gen(function* () {
    for (;;) {
      yield* filled.await
      yield* deliverNext
      if (waiting.length > 0) continue
      filled.closeUnsafe()
      idle.openUnsafe()
    }
  })
  yield* Effect.forkScoped(work)
  yield* Effect.addFinalizer(() =>
    Effect.gen(function* () {
      yield* Effect.timeoutOption(Effect.interruptible(idle.await), drain)
      const lost = waiting.reduce((sum, { count }) => sum + count, missed + underWay)
      if (lost > 0) yield* Effect.logWarning(`${lost} alerts could not be told by ${name}`)
    })
  )

  return {
    name,
    place,
    offer: (message) =>
      Effect.sync(() => {
        if (waiting.length >= room) missed += waiting.shift()?.count ?? 0
        waiting.push(message)
        idle.closeUnsafe()
        filled.openUnsafe()
      }),
    deliver: (message) => deliver(message, 0)
  }
})
