/**
 * The Signal over core NATS, on `<prefix>.wake.<workspace>`: it reaches every listener of every node that is connected. The
 * text is the lanes of which jobs are due, as `urgent,normal`; an empty one does not say what is new.
 *
 * Notifications of one workspace are merged while they wait. After a silence workspaces are named at once; then comes a
 * pause of a millisecond for each that was named, of 2 to 20. While there is something to name at the end of each pause, they
 * double up to 20. At most 4096 workspaces wait to be named; those that waited longest are dropped first. While the
 * connection is down, nothing is named.
 */
import * as Lane from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { both, type Due, Signal } from "@fibercast/ports/Signal"
import { Effect, Latch, Layer, Result, Schema } from "effect"
import { listen, tell } from "./internal/Listen.ts"
import { Nats } from "./Nats.ts"
import { defaultPrefix } from "./Topology.ts"

export interface Options {
  /** Default `fibercast`. */
  readonly prefix?: string | undefined
}

/** Between two namings, in milliseconds. */
const pauses = { least: 2, most: 20 } as const
const waiting = 4096

const writeDue = (due: Due): string => (due === null ? "" : due.join(","))

/** Words that are no lanes say nothing. */
const readDue = (text: string): Due => (text === "" ? null : Result.getOrElse(Lane.parse(text), () => null))

/** The last part of the subject. */
const readWorkspace = Schema.decodeUnknownEffect(Schema.NumberFromString.pipe(Schema.decodeTo(WorkspaceId)))

export const layer = ({ prefix = defaultPrefix }: Options = {}): Layer.Layer<Signal, never, Nats> =>
  Layer.effect(
    Signal,
    Effect.gen(function* () {
      const nats = yield* Nats
      const pending = new Map<WorkspaceId, Due>()
      const isAny = yield* Latch.make(false)

      const naming = Effect.gen(function* () {
        let pause = 0
        for (;;) {
          if (!isAny.isOpen()) pause = 0
          yield* isAny.await
          isAny.closeUnsafe()
          const named = Array.from(pending)
          pending.clear()
          for (const [id, due] of named) yield* tell(nats, `${prefix}.wake.${id}`, writeDue(due))
          pause = Math.min(Math.max(2 * pause, named.length, pauses.least), pauses.most)
          yield* Effect.sleep(pause)
        }
      })
      yield* Effect.forkScoped(naming)

      return Signal.of({
        notify: (workspaceId, lane) =>
          Effect.suspend(() => {
            const [oldest] = pending.keys()
            if (oldest !== undefined && pending.size >= waiting && !pending.has(workspaceId)) pending.delete(oldest)
            const due = lane === undefined ? null : [lane]
            const earlier = pending.get(workspaceId)
            pending.set(workspaceId, earlier === undefined ? due : both(earlier, due))
            return Effect.asVoid(isAny.open)
          }),
        signals: listen(nats, `${prefix}.wake.*`, (message) =>
          Effect.map(readWorkspace(message.subject.slice(message.subject.lastIndexOf(".") + 1)), (workspaceId) => [
            { workspaceId, due: readDue(message.string()) }
          ])
        )
      })
    })
  )
