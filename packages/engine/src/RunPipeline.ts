/**
 * The pipeline that runs the code of one trigger: its `before` hooks, then the code, at every try; its output is
 * kept with the occurrence.
 *
 * It is a pipeline like any other: the workspace's actor runs it, retries it, cuts it off when its time is up, and hands
 * it to another node when this one dies.
 */
import { TriggerId } from "@fibercast/domain/TriggerId"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect, Schema } from "effect"
import * as Pipeline from "./Pipeline.ts"
import type * as Runnable from "./Runnable.ts"
import * as RunOutput from "./RunOutput.ts"
import { type Scheduled } from "./Scheduled.ts"
import { TriggerRun } from "./TriggerRun.ts"

/** The delivery speaks for a run of another workspace. */
class ForeignRun extends Schema.TaggedError<ForeignRun>()("ForeignRun", { name: Schema.String }) {
  readonly errorClass = "messagePermanent"
  override get message(): string {
    return `the run of ${this.name} is not of this workspace`
  }
}

const keep = (run: TriggerRun) => (text: string) =>
  Effect.flatMap(TriggerStore, (store) =>
    store.output({ triggerId: TriggerId.make(run.triggerId), nominal: run.nominal, text })
  ).pipe(Effect.catch((error) => Effect.logWarning(`the output of ${run.name} was not kept`, error)))

/** Null: the trigger runs no code of its own. */
export const of = <R>(scheduled: Scheduled<R>): Runnable.Runnable<R | TriggerStore> | null => {
  const { code, definition, hooks } = scheduled
  if (code === null || definition.target._tag !== "Deliver") return null

  const before = (run: TriggerRun) =>
    Effect.forEach(hooks, (hook) => (hook.at === "before" ? hook.run(run) : Effect.void), { discard: true })

  return Pipeline.make(definition.target.pipeline, {
    payload: TriggerRun,
    lane: definition.target.lane,
    retry: code.retry ?? RetryPolicy.never,
    timeout: code.timeout,
    guarantee: code.guarantee
  }).pipe(
    Pipeline.mapEffect((run, { workspaceId }) => {
      // What names a run of another workspace was not dispatched by its trigger, and could write over its output.
      if (run.workspaceId !== workspaceId) return Effect.fail(new ForeignRun({ name: run.name }))
      const work = Effect.suspend(() => code.effect(run))
      return Effect.asVoid(RunOutput.capture(Effect.andThen(before(run), work), keep(run)))
    })
  )
}
