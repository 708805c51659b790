/**
 * The Signal over core NATS, on `<prefix>.wake.<workspace>`: it reaches every listener of every node that is connected.
 *
 * Notifications of one workspace are merged: each 20 milliseconds it is named at most once, the first time at once. At
 * most 4096 workspaces wait to be named; those that waited longest are dropped first. While the connection is down,
 * nothing is named.
 */
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Signal } from "@fibercast/ports/Signal"
import { Effect, Latch, Layer, Schema } from "effect"
import { listen, tell } from "./internal/Listen.ts"
import { Nats } from "./Nats.ts"
import { defaultPrefix } from "./Topology.ts"

export interface Options {
  /** Default `fibercast`. */
  readonly prefix?: string | undefined
}

const mergedWithin = "20 millis"
const waiting = 4096

/** The last part of the subject. */
const readWorkspace = Schema.decodeUnknownEffect(Schema.NumberFromString.pipe(Schema.decodeTo(WorkspaceId)))

export const layer = ({ prefix = defaultPrefix }: Options = {}): Layer.Layer<Signal, never, Nats> =>
  Layer.effect(
    Signal,
    Effect.gen(function* () {
      const nats = yield* Nats
      const pending = new Set<WorkspaceId>()
      const isAny = yield* Latch.make(false)

      const flush = Effect.suspend(() => {
        const named = Array.from(pending)
        pending.clear()
        return Effect.forEach(named, (id) => tell(nats, `${prefix}.wake.${id}`, ""), { discard: true })
      })
      yield* isAny.await.pipe(
        Effect.andThen(isAny.close),
        Effect.andThen(flush),
        Effect.andThen(Effect.sleep(mergedWithin)),
        Effect.forever,
        Effect.forkScoped
      )

      return Signal.of({
        notify: (workspaceId) =>
          Effect.suspend(() => {
            const [oldest] = pending
            if (oldest !== undefined && pending.size >= waiting && !pending.has(workspaceId)) pending.delete(oldest)
            pending.add(workspaceId)
            return Effect.asVoid(isAny.open)
          }),
        signals: listen(nats, `${prefix}.wake.*`, ({ subject }) =>
          Effect.map(readWorkspace(subject.slice(subject.lastIndexOf(".") + 1)), (id) => [id])
        )
      })
    })
  )
