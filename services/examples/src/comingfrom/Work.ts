/**
 * What the jobs of "Coming from another queue" do: each says so here. The app logs it, the tests listen.
 */
import { Context, Effect, Layer, Schema } from "effect"

/** It did not go well this time. */
export class WorkFailed extends Schema.TaggedError<WorkFailed>()("WorkFailed", {
  reason: Schema.Literals(["busy", "card declined"])
}) {
  override get message(): string {
    return this.reason
  }
}

export class Work extends Context.Service<
  Work,
  {
    readonly run: (what: string) => Effect.Effect<void, WorkFailed>
    readonly exists: (what: string) => Effect.Effect<boolean>
  }
>()("examples/comingfrom/Work") {
  static readonly layerLog = Layer.succeed(Work, {
    run: (what) => Effect.logInfo(what),
    exists: () => Effect.succeed(true)
  })
}

export const work = (what: string) => Work.use(({ run }) => run(what))
