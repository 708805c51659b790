/**
 * A sentence states one thing that callers of a contract may rely on, and can be run against any
 * implementation. A suite is a list of sentences: implementations must pass all, broken twins must not.
 */
import { it } from "@effect/vitest"
import { type BatchStore } from "@fibercast/ports/BatchStore"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { type Records } from "@fibercast/ports/Records"
import { type TriggerStore } from "@fibercast/ports/TriggerStore"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Effect, type Layer } from "effect"

/** What a suite may be run against: five contracts over one store, and the registry of nodes. */
export type Stores = Ledger | CampaignStore | BatchStore | WorkspaceStore | TriggerStore | Records | NodeRegistry

/** `Used`: the contracts it takes to say it. */
export interface Sentence<Used = Stores> {
  readonly says: string
  readonly holds: Effect.Effect<void, unknown, Used>
}

export const sentence = <Used>(says: string, holds: Effect.Effect<void, unknown, Used>): Sentence<Used> => ({
  says,
  holds
})

/** Register the sentences as tests of one implementation, which is built once for all of them. */
export const register = <Used>(
  title: string,
  layer: Layer.Layer<Used, unknown>,
  sentences: ReadonlyArray<Sentence<Used>>
): void =>
  it.layer(layer, { timeout: "60 seconds" })(title, (it) => {
    for (const { holds, says } of sentences) it.effect(says, () => holds)
  })
