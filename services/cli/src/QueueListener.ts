/**
 * Takes down what a worker's deliveries come to, and hands it on in order to whoever writes it.
 *
 * It has room for 1000 pieces of news; while there is none the engine writes nothing more, so it holds no more than a
 * window beyond that.
 */
import { DeliveryListener, type Listener, type News } from "@fibercast/engine/DeliveryListener"
import { Effect, Latch, Layer, type Scope, Semaphore } from "effect"
import * as QueueReport from "./QueueReport.ts"

const most = 1000

export interface QueueListener {
  readonly listener: Listener
  readonly counts: QueueReport.Counts
  /** Whether nothing was told so far. */
  readonly isSilent: () => boolean
  /** Returns once all that was told is written. */
  readonly flush: Effect.Effect<void>
}

/** Writes until the scope closes. */
export const make = Effect.fnUntraced(function* (
  write: (news: ReadonlyArray<News>) => Effect.Effect<void>
): Effect.fn.Return<QueueListener, never, Scope.Scope> {
  const counts = QueueReport.none()
  const room = Latch.makeUnsafe(true)
  const some = Latch.makeUnsafe(false)
  const turn = yield* Semaphore.make(1)
  let told: Array<News> = []
  let isSilent = true

  const flush = turn.withPermit(
    Effect.gen(function* () {
      while (told.length > 0) {
        const news = told
        told = []
        some.closeUnsafe()
        yield* write(news)
        if (told.length < most) room.openUnsafe()
      }
    })
  )
  yield* Effect.forkScoped(Effect.forever(Effect.andThen(some.await, flush)))
  return {
    counts,
    isSilent: () => isSilent,
    flush,
    listener: {
      told: (news) => {
        if (news._tag === "Ended") counts[news.settlement.state] += 1
        isSilent = false
        told.push(news)
        if (told.length >= most) room.closeUnsafe()
        some.openUnsafe()
      },
      room: room.await
    }
  }
})

export const layer = ({ listener }: QueueListener): Layer.Layer<never> => Layer.succeed(DeliveryListener, listener)
