/**
 * The SenderChannel over core NATS: reports on `<prefix>.report.<owner>`, stop orders on `<prefix>.stop`, and
 * asks and answers on `<prefix>.turn.<owner>`.
 *
 * Reports to one owner that come together travel together. At most 4096 reports wait to be sent, the oldest are dropped
 * first; while the connection is down, all are. Stop orders go out at once, in messages of at most 2000 stops.
 */
import { answerWithin, Asked, type Report, SenderChannel, StopOrder } from "@fibercast/ports/SenderChannel"
import { Effect, FiberSet, Layer, Queue, Schema } from "effect"
import { listen, tell } from "./internal/Listen.ts"
import * as ReportText from "./internal/ReportText.ts"
import { Nats } from "./Nats.ts"
import { defaultPrefix } from "./Topology.ts"

export interface Options {
  /** Default `fibercast`. */
  readonly prefix?: string | undefined
}

const unsent = 4096
/** Keeps messages of usual reports well below the 1 MiB that servers take. */
const together = 32
const stopsTogether = 2000

const Request = Schema.fromJsonString(Schema.toCodecJson(Asked))
const Answer = Schema.fromJsonString(Schema.NullOr(Schema.Finite))
const Order = Schema.fromJsonString(Schema.toCodecJson(StopOrder))

/** Any name as one part of a subject, no two alike. */
export const subjectPart = (name: string): string =>
  encodeURIComponent(name.toWellFormed()).replaceAll(".", "%2E").replaceAll("*", "%2A")

const inSlices = <A>(all: ReadonlyArray<A>, size: number): ReadonlyArray<ReadonlyArray<A>> =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, index) => all.slice(index * size, (index + 1) * size))

export const layer = ({ prefix = defaultPrefix }: Options = {}): Layer.Layer<SenderChannel, never, Nats> =>
  Layer.effect(
    SenderChannel,
    Effect.gen(function* () {
      const nats = yield* Nats
      const outbox = yield* Queue.sliding<{ readonly owner: string; readonly report: Report }>(unsent)
      const reportSubject = (owner: string) => `${prefix}.report.${subjectPart(owner)}`
      const turnSubject = (owner: string) => `${prefix}.turn.${subjectPart(owner)}`
      const stopSubject = `${prefix}.stop`

      /** Halves what the server would not take. */
      const send = Effect.fnUntraced(function* (
        owner: string,
        reports: ReadonlyArray<Report>
      ): Effect.fn.Return<void, Schema.SchemaError> {
        const [first, ...rest] = reports
        if (first === undefined) return
        const text = yield* ReportText.encode([first, ...rest])
        const most = nats.connection.info?.max_payload ?? 1_048_576
        if (Buffer.byteLength(text) <= most) {
          yield* tell(nats, reportSubject(owner), text)
        } else if (rest.length === 0) {
          yield* Effect.logWarning(`a report about ${first.chunkId} is too large to be sent`)
        } else {
          const half = Math.ceil(reports.length / 2)
          yield* send(owner, reports.slice(0, half))
          yield* send(owner, reports.slice(half))
        }
      })

      yield* Queue.takeAll(outbox).pipe(
        Effect.flatMap((told) =>
          Effect.forEach(
            Map.groupBy(told, ({ owner }) => owner),
            ([owner, group]) =>
              Effect.forEach(
                inSlices(
                  group.map(({ report }) => report),
                  together
                ),
                (slice) => send(owner, slice),
                { discard: true }
              ),
            { discard: true }
          )
        ),
        Effect.catch((error) => Effect.logError(`a report cannot be sent: ${error.message}`)),
        Effect.forever,
        Effect.forkScoped
      )

      return SenderChannel.of({
        report: (owner, reports) =>
          Effect.asVoid(
            Queue.offerAll(
              outbox,
              reports.map((report) => ({ owner, report }))
            )
          ),
        reports: (owner) => listen(nats, reportSubject(owner), (message) => ReportText.decode(message.string())),
        stop: (order) =>
          Effect.forEach(
            inSlices(order.stops, stopsTogether),
            (stops) =>
              Effect.flatMap(Schema.encodeEffect(Order)({ ...order, stops }), (text) => tell(nats, stopSubject, text)),
            { discard: true }
          ).pipe(Effect.catch((error) => Effect.logError(`a stop order cannot be sent: ${error.message}`))),
        stops: listen(nats, stopSubject, (message) =>
          Effect.map(Schema.decodeEffect(Order)(message.string()), (order) => [order])
        ),
        ask: (owner, request) =>
          Effect.gen(function* () {
            if (!(yield* nats.isUp)) return null
            const text = yield* Schema.encodeEffect(Request)(request)
            const answered = yield* Effect.tryPromise(() =>
              nats.connection.request(turnSubject(owner), text, { timeout: answerWithin })
            )
            return yield* Schema.decodeEffect(Answer)(answered.string())
            // Whatever the reason, there is no answer.
          }).pipe(Effect.orElseSucceed(() => null)),
        answer: Effect.fnUntraced(function* (owner, handler) {
          const answering = yield* FiberSet.make()
          const fork = yield* FiberSet.runtime(answering)()
          yield* Effect.acquireRelease(
            Effect.sync(() =>
              nats.connection.subscribe(turnSubject(owner), {
                callback: (error, message) => {
                  if (error !== null) return
                  const answer = Schema.decodeEffect(Request)(message.string()).pipe(
                    Effect.flatMap(handler),
                    Effect.flatMap(Schema.encodeEffect(Answer)),
                    Effect.map((text) => message.respond(text)),
                    Effect.catch((odd) => Effect.logError(`an ask cannot be answered: ${odd.message}`))
                  )
                  fork(answer)
                }
              })
            ),
            (subscription) => Effect.sync(() => subscription.unsubscribe())
          )
        }),
        upSince: nats.upSince
      })
    })
  )
