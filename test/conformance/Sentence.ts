/**
 * A sentence states one thing that callers of a contract may rely on, and can be run against any
 * implementation. A suite is a list of sentences: implementations must pass all, broken twins must not.
 */
import { it } from "@effect/vitest"
import { type CampaignStore } from "@fibercast/ports/CampaignStore"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { type Effect, type Layer } from "effect"

/** What a suite is run against: three contracts over one store. */
export type Stores = Ledger | CampaignStore | WorkspaceStore

export interface Sentence {
  readonly says: string
  readonly holds: Effect.Effect<void, unknown, Stores>
}

export const sentence = (says: string, holds: Effect.Effect<void, unknown, Stores>): Sentence => ({ says, holds })

/** Register the sentences as tests of one implementation, which is built once for all of them. */
export const register = (
  title: string,
  layer: Layer.Layer<Stores, unknown>,
  sentences: ReadonlyArray<Sentence>
): void =>
  it.layer(layer, { timeout: "60 seconds" })(title, (it) => {
    for (const { holds, says } of sentences) it.effect(says, () => holds)
  })
