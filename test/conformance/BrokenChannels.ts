/**
 * Signals and SenderChannels that keep every guarantee but one. They may lose things, but not as a habit.
 */
import { DeliveryId } from "@fibercast/domain/Delivery"
import { type Lane } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import { Signal } from "@fibercast/ports/Signal"
import { Clock, Effect, Layer, Stream } from "effect"

export interface BrokenChannel<Service> {
  /** What it does wrong: "it …". */
  readonly does: string
  /** The sentence that finds it out. */
  readonly breaks: string
  readonly layer: Layer.Layer<Service>
}

const brokenSignal = (
  does: string,
  breaks: string,
  change: (signal: Signal["Service"]) => Partial<Signal["Service"]>
): BrokenChannel<Signal> => ({
  does,
  breaks,
  layer: Layer.effect(
    Signal,
    Effect.map(Signal, (signal) => Signal.of({ ...signal, ...change(signal) }))
  ).pipe(Layer.provide(Signal.layerMemory))
})

const brokenSenderChannel = (
  does: string,
  breaks: string,
  change: (channel: SenderChannel["Service"]) => Partial<SenderChannel["Service"]>
): BrokenChannel<SenderChannel> => ({
  does,
  breaks,
  layer: Layer.effect(
    SenderChannel,
    Effect.map(SenderChannel, (channel) => SenderChannel.of({ ...channel, ...change(channel) }))
  ).pipe(Layer.provide(SenderChannel.layerMemory))
})

/** The listener that came first gets all. */
const onlyFirst = <A>(stream: Stream.Stream<A>): Stream.Stream<A> => {
  let listeners = 0
  return Stream.suspend(() => (listeners++ === 0 ? stream : Stream.take(stream, 1).pipe(Stream.concat(Stream.never))))
}

export const brokenSignals: ReadonlyArray<BrokenChannel<Signal>> = [
  brokenSignal("tells one listener", "every listener hears of a workspace that may have new work", ({ signals }) => ({
    signals: onlyFirst(signals)
  })),
  brokenSignal("names workspaces in short", "no workspace is named that was not notified", ({ notify }) => ({
    notify: (id, due) => notify(WorkspaceId.make(id > 1_000_000 ? id - 1_000_000 : id), due)
  })),
  brokenSignal(
    "names the wrong lane",
    "a lane of which jobs are due is heard of as that, and no other",
    ({ notify }) => ({ notify: (id, due) => notify(id, due === "bulk" ? "normal" : due) })
  ),
  brokenSignal(
    "takes what is due for all that is new",
    "whatever is new besides what is due is heard of, and all lanes that are due, however signals are merged",
    ({ notify, signals }) => {
      let latest: Lane | undefined
      return {
        notify: (id, due) =>
          Effect.suspend(() => {
            if (id === 1) latest = due ?? latest
            return notify(id, due)
          }),
        signals: Stream.map(signals, (news) =>
          news.workspaceId === 1 && latest !== undefined ? { ...news, due: [latest] } : news
        )
      }
    }
  ),
  brokenSignal("tells of a workspace once", "a workspace is heard of again after it was notified again", (signal) => {
    const told = new Set<number>()
    return {
      notify: (id) =>
        Effect.suspend(() => {
          if (id === 1 && told.has(id)) return Effect.void
          told.add(id)
          return signal.notify(id)
        })
    }
  }),
  brokenSignal("makes callers wait", "a storm for one workspace waits for nobody and is heard of", ({ notify }) => {
    let times = 0
    return { notify: (id) => Effect.suspend(() => (times++ < 100 ? notify(id) : Effect.delay(notify(id), 10))) }
  })
]

export const brokenSenderChannels: ReadonlyArray<BrokenChannel<SenderChannel>> = [
  brokenSenderChannel(
    "tells the last report first",
    "reports reach the node they are for, in the order they were told",
    ({ report }) => ({ report: (owner, reports) => report(owner, reports.toReversed()) })
  ),
  brokenSenderChannel(
    "tells one report of many",
    "reports reach the node they are for, in the order they were told",
    ({ report }) => ({ report: (owner, reports) => report(owner, reports.slice(0, 1)) })
  ),
  brokenSenderChannel(
    "takes node names for patterns",
    "reports reach no other node, however alike the names",
    ({ report, reports }) => ({
      report: (owner, told) => report(owner.replace(/\W.*/u, ""), told),
      reports: (owner) => reports(owner.replace(/\W.*/u, ""))
    })
  ),
  brokenSenderChannel("stops one sender", "a stop order reaches every sender", ({ stops }) => ({
    stops: onlyFirst(stops)
  })),
  brokenSenderChannel("cuts long orders", "all of a long stop order arrives", ({ stop }) => ({
    stop: (order) => stop({ ...order, stops: order.stops.slice(0, 2000) })
  })),
  brokenSenderChannel(
    "tells identifiers as numbers",
    "whatever is in a report or an order, it arrives as it was told",
    ({ stop }) => ({
      stop: (order) =>
        stop({
          ...order,
          stops: order.stops.map((one) => ({ ...one, id: DeliveryId.make(BigInt(Number(one.id)) + 1n) }))
        })
    })
  ),
  brokenSenderChannel(
    "grants what nobody answers",
    "who asks a node that is not there, that has gone, that does not know or that says nothing gets null",
    ({ ask }) => ({ ask: (owner, request) => Effect.map(ask(owner, request), (turn) => turn ?? 0) })
  ),
  brokenSenderChannel(
    "lets any node answer",
    "who asks is answered by the node it asks, and hears what that says",
    ({ answer, ask }) => ({
      ask: (owner, request) => ask(owner.replace(/\W.*/u, ""), request),
      answer: (owner, handler) => answer(owner.replace(/\W.*/u, ""), handler)
    })
  ),
  brokenSenderChannel("asks for another limit", "whatever is asked arrives as it was asked", ({ ask }) => ({
    ask: (owner, request) => ask(owner, { ...request, key: request.key.toLowerCase().trim() })
  })),
  brokenSenderChannel(
    "takes a request to hold a key for one of a rate",
    "a request to hold a key arrives as one, whatever else is asked",
    ({ ask }) => ({
      ask: (owner, { epoch, key, workspaceId }) =>
        ask(owner, { workspaceId, epoch, key, rate: { permits: 20, per: 1000 } })
    })
  ),
  brokenSenderChannel("is never up", "it says since when it is up", () => ({ upSince: Effect.succeed(null) })),
  brokenSenderChannel("is up since just now", "it says since when it is up", () => ({
    upSince: Clock.currentTimeMillis
  }))
]
