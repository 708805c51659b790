/**
 * Fetches from a durable pull consumer no more than `ahead` messages beyond what was taken, and goes on by itself after
 * whatever happens to the connection, the server or the consumer.
 *
 * A session is one subscription and the requests made for it. It ends with the connection, when the server keeps silent
 * for two heartbeats, or when it says that the consumer is gone, or when that stands still; a new one begins at once. Messages that were fetched and
 * not taken outlast sessions, but not `ackWait`: then the server hands them out again, and they are dropped here. When the
 * scope closes they are turned back. It holds `ahead` messages at most, up to twice as many just after a session broke.
 */
import { createInbox, type Msg, nanos } from "@nats-io/transport-node"
import { Clock, Deferred, Effect, Option, type Scope, Stream } from "effect"
import { type Nats } from "../Nats.ts"
import * as Fetched from "./Fetched.ts"

export interface Options {
  readonly nats: Nats["Service"]
  readonly stream: string
  readonly consumer: string
  readonly ahead: number
  /** Milliseconds. */
  readonly ackWait: number
  /** Makes the consumer again, if it is not there. It logs why it cannot. */
  readonly restore: Effect.Effect<void>
  /** How the consumer stands; undefined: the server does not say. */
  readonly standing: Effect.Effect<Standing | undefined>
  /** Takes the consumer away and makes it again, if it still stands like that. */
  readonly replace: (standing: Standing) => Effect.Effect<void>
}

/** In milliseconds. A server that died without closing the connection is missed after two heartbeats. */
const requestFor = 10_000
const heartbeat = 1000

/** Between two looks at a consumer that hands out nothing. */
const lookEvery = 3000

/** What a consumer did so far, and whether it has everything it takes to do more. */
export interface Standing {
  readonly created: string
  readonly handedOut: number
  /** Chunks wait, requests wait, and there is room in flight. */
  readonly isDue: boolean
}

const isSame = (one: Standing, other: Standing): boolean =>
  one.isDue && other.isDue && one.created === other.created && one.handedOut === other.handedOut

interface Kept {
  readonly message: Msg
  readonly at: number
}

/** Why a session ended. */
type End = "connection" | "silence" | "lost"

/** The effect takes the next message, however long it takes to come. */
export const make = Effect.fnUntraced(function* (
  options: Options
): Effect.fn.Return<Effect.Effect<Msg>, never, Scope.Scope> {
  const { ackWait, consumer, nats, replace, restore, standing, stream } = options
  const { connection } = nats
  const clock = yield* Clock.Clock
  const ahead = Math.max(1, options.ahead)
  const kept: Array<Kept> = []
  let outstanding = 0
  let inbox: string | undefined
  let came = Deferred.makeUnsafe<void>()

  const wake = () => {
    Deferred.doneUnsafe(came, Effect.void)
    came = Deferred.makeUnsafe<void>()
  }

  const request = () => {
    const batch = ahead - kept.length - outstanding
    // Half of what may be fetched at once, so that not every message costs a request.
    if (inbox === undefined || batch < Math.ceil(ahead / 2) || connection.isClosed()) return
    outstanding += batch
    const wish = { batch, expires: nanos(requestFor), idle_heartbeat: nanos(heartbeat) }
    connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, JSON.stringify(wish), { reply: inbox })
  }

  /**
   * Returns once a consumer that stood still was replaced. Servers have been seen (2.9.10, started again after `kill -9`)
   * whose consumer hands out nothing to requests that wait, though chunks wait too, until it is made anew.
   */
  const watchStall = Effect.fnUntraced(function* (isIdle: Effect.Effect<boolean>) {
    let before: Standing | undefined
    for (;;) {
      yield* Effect.sleep(lookEvery)
      const now = (yield* isIdle) ? yield* standing : undefined
      if (now !== undefined && before !== undefined && isSame(before, now)) {
        yield* Effect.logWarning(`the consumer of ${stream} stands still with work to hand out; it is made anew`)
        return yield* replace(now)
      }
      before = now
    }
  })

  const session: Effect.Effect<End> = Effect.scoped(
    Effect.gen(function* () {
      const over = Deferred.makeUnsafe<End>()
      const finish = (why: End): void => {
        Deferred.doneUnsafe(over, Effect.succeed(why))
      }
      const own = createInbox()
      let heard = clock.currentTimeMillisUnsafe()
      let received = heard
      const subscribed = nats.connection.subscribe(own, {
        callback: (error, message) => {
          heard = clock.currentTimeMillisUnsafe()
          if (error !== null) return finish("lost")
          if (message.subject !== own) {
            received = heard
            if (inbox === own) outstanding = Math.max(0, outstanding - 1)
            kept.push({ message, at: heard })
            return wake()
          }
          const said = readStatus(message)
          if (said.isLost) finish("lost")
          if (inbox === own && said.unserved > 0) {
            outstanding = Math.max(0, outstanding - said.unserved)
            request()
          }
        }
      })
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          inbox = own
          outstanding = 0
          request()
        }),
        () =>
          // What is on its way still arrives.
          Effect.suspend(() => {
            inbox = undefined
            return Effect.promise(() => subscribed.drain().catch(() => subscribed.unsubscribe()))
          }).pipe(Effect.timeoutOption("500 millis"))
      )
      const isSilent = Effect.sync(() => outstanding > 0 && clock.currentTimeMillisUnsafe() - heard > 2.5 * heartbeat)
      yield* isSilent.pipe(
        Effect.delay(heartbeat),
        Effect.repeat({ until: (silent) => silent }),
        Effect.andThen(Effect.sync(() => finish("silence"))),
        Effect.forkScoped
      )
      yield* watchStall(
        Effect.sync(() => outstanding > 0 && clock.currentTimeMillisUnsafe() - received > lookEvery)
      ).pipe(Effect.andThen(Effect.sync(() => finish("lost"))), Effect.forkScoped)
      const since = yield* nats.upSince
      yield* nats.changes.pipe(
        Stream.filter((now) => now !== since),
        Stream.runHead,
        Effect.andThen(Effect.sync(() => finish("connection"))),
        Effect.forkScoped
      )
      return yield* Deferred.await(over)
    })
  )

  const connected = nats.changes.pipe(
    Stream.filter((since) => since !== null),
    Stream.runHead
  )

  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      for (const { message } of kept.splice(0)) Fetched.say(message, Fetched.nak(0))
    })
  )
  yield* connected.pipe(
    Effect.andThen(session),
    Effect.tap((why) => (why === "connection" ? Effect.void : Effect.andThen(restore, Effect.sleep("100 millis")))),
    Effect.forever,
    Effect.forkScoped
  )

  const take = (): Option.Option<Msg> => {
    const now = clock.currentTimeMillisUnsafe()
    for (;;) {
      const next = kept.shift()
      if (next === undefined) return Option.none()
      request()
      if (now - next.at >= ackWait) continue
      // Its receiver is to have the whole of it.
      if (now - next.at > ackWait / 4) Fetched.say(next.message, Fetched.working)
      return Option.some(next.message)
    }
  }
  return Effect.suspend(function next(): Effect.Effect<Msg> {
    const taken = take()
    return Option.isSome(taken)
      ? Effect.succeed(taken.value)
      : Effect.flatMap(Deferred.await(came), () => Effect.suspend(next))
  })
})

interface Status {
  /** Of a request, the messages that will not come any more. */
  readonly unserved: number
  /** The consumer may not be there. */
  readonly isLost: boolean
}

/** 100: heartbeat; 404, 408: the request's time is over; 409: it will not be served, for many reasons; 503: nobody listens. */
const readStatus = ({ headers }: Msg): Status => {
  const unserved = Number(headers?.get("Nats-Pending-Messages") ?? 0)
  const code = headers?.code ?? 0
  return { unserved: Number.isInteger(unserved) ? unserved : 0, isLost: code >= 400 && code !== 404 && code !== 408 }
}
