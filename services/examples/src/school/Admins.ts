/**
 * The admins of the school: they are told of each parent who could not be reached, in lane high, so that a long campaign
 * does not keep them waiting. A notice is at-least-once: one that comes twice after a crash costs less than one that is missed.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Context, Effect, Layer, Schema } from "effect"

export const Notice = Schema.Struct({
  /** Which report of whom. */
  child: Schema.String,
  className: Schema.String,
  month: Schema.String,
  /** As it is in the register. */
  phone: Schema.String,
  /** `doubt`: nobody can say whether the parent has the message. */
  what: Schema.Literals(["bad number", "not sent", "doubt"]),
  reason: Schema.String
})
export type Notice = typeof Notice.Type

/** Notices kept for `told`. */
const kept = 1000

export class Admins extends Context.Service<
  Admins,
  {
    readonly tell: (notice: Notice) => Effect.Effect<void>
    /** What they were told by this process, oldest first; the last 1000. */
    readonly told: Effect.Effect<ReadonlyArray<Notice>>
  }
>()("fibercast/examples/school/Admins") {
  /** Tells them in the log. */
  static readonly layerLog: Layer.Layer<Admins> = Layer.sync(Admins, () => {
    const notices: Array<Notice> = []
    return Admins.of({
      tell: (notice) => {
        notices.push(notice)
        if (notices.length > kept) notices.shift()
        const { child, className, month, phone, reason, what } = notice
        return Effect.logWarning(`report ${month} of ${child} (${className}), ${phone}: ${what}: ${reason}`)
      },
      told: Effect.sync(() => [...notices])
    })
  })
}

export const TellAdmins = Pipeline.make("school.tell-admins", { payload: Notice, lane: "high" }).pipe(
  Pipeline.tap((notice) => Effect.flatMap(Admins, ({ tell }) => tell(notice)))
)
