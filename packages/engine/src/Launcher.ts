/**
 * A launcher launches campaigns and runs none. It asks for no engine, so code that an engine runs may launch with it (a
 * trigger's, a pipeline's), and so may a program that leaves the sending to others.
 *
 * `launch` checks everything that can be known beforehand (see `CampaignLaunch`) and writes nothing unless all of it
 * holds. It joins the caller's transaction where the store has one: then the campaign exists if and only if that commits.
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { AudienceSource, type AudienceUnreadable } from "@fibercast/ports/AudienceSource"
import { type CampaignConflict, CampaignStore } from "@fibercast/ports/CampaignStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { Clock, Context, Effect, Layer } from "effect"
import { type CampaignRefused, dueAt, type KnownPipelines, type Launch, prepare } from "./CampaignLaunch.ts"
import { type Runnable } from "./Runnable.ts"

export interface Launched {
  readonly campaign: Campaign
  /** False when a launch of the same key had created it before. */
  readonly created: boolean
}

export class Launcher extends Context.Service<
  Launcher,
  {
    readonly launch: (
      launch: Launch
    ) => Effect.Effect<Launched, CampaignRefused | AudienceUnreadable | CampaignConflict | LedgerUnavailable>
  }
>()("fibercast/engine/Launcher") {
  static readonly make = Effect.fnUntraced(function* (
    pipelines: KnownPipelines
  ): Effect.fn.Return<Launcher["Service"], never, AudienceSource | CampaignStore | Signal> {
    const audiences = yield* AudienceSource
    const store = yield* CampaignStore
    const signal = yield* Signal
    return Launcher.of({
      launch: Effect.fn("Launcher.launch")(function* (asked: Launch) {
        const due = yield* Effect.fromResult(dueAt(asked.at, yield* Clock.currentTimeMillis))
        const campaign = yield* Effect.provideService(prepare(asked, due, pipelines), AudienceSource, audiences)
        const launched = yield* store.create(campaign)
        yield* signal.notify(asked.workspaceId)
        return launched
      })
    })
  })

  /** `pipelines`: all that a campaign may name. */
  static readonly layer = (
    pipelines: ReadonlyArray<Pick<Runnable<never>, "name" | "options">>
  ): Layer.Layer<Launcher, never, AudienceSource | CampaignStore | Signal> => {
    const byName = new Map(pipelines.map((pipeline) => [pipeline.name, pipeline.options]))
    return Layer.effect(Launcher, Launcher.make({ names: [...byName.keys()], options: (name) => byName.get(name) }))
  }
}
