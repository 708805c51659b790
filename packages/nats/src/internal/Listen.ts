/**
 * What is told on a subject of core NATS: lossy, from the moment of subscription on, across reconnects. At most `unread`
 * messages wait for the reader, the oldest are dropped first. A message that cannot be read is logged and passed over.
 */
import { type Msg } from "@nats-io/transport-node"
import { Effect, Predicate, Queue, Result, Stream } from "effect"
import { type Nats } from "../Nats.ts"

const unread = 1024

export const listen = <A>(
  nats: Nats["Service"],
  subject: string,
  read: (message: Msg) => Effect.Effect<ReadonlyArray<A>, { readonly message: string }>
): Stream.Stream<A> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const messages = yield* Queue.sliding<Msg | Error>(unread)
      yield* Effect.acquireRelease(
        Effect.sync(() =>
          nats.connection.subscribe(subject, {
            callback: (error, message) => {
              Queue.offerUnsafe(messages, error ?? message)
            }
          })
        ),
        (subscription) => Effect.sync(() => subscription.unsubscribe())
      )
      const next = Effect.flatMap(
        Queue.take(messages),
        Effect.fnUntraced(function* (message) {
          if (Predicate.isError(message)) {
            yield* Effect.logError(`cannot listen on ${subject}: ${message.message}`)
            return []
          }
          const heard = yield* Effect.result(read(message))
          if (Result.isSuccess(heard)) return heard.success
          yield* Effect.logError(`a message on ${message.subject} cannot be read: ${heard.failure.message}`)
          return []
        })
      )
      return Stream.fromIterableEffectRepeat(next)
    })
  )

/** Tells it, if the connection stands; returns whether it was worth a try. */
export const tell = (nats: Nats["Service"], subject: string, text: string): Effect.Effect<boolean> =>
  Effect.map(nats.isUp, (isUp) => {
    if (!isUp || nats.connection.isClosed() || nats.connection.isDraining()) return false
    nats.connection.publish(subject, text)
    return true
  })
