/**
 * The engine on one node: give it pipelines and the ports, and it works every workspace in the ledger.
 */
import { Layer } from "effect"
import { Digest } from "effect/crypto"
import { AccountGates } from "./AccountGates.ts"
import { Campaigns } from "./Campaigns.ts"
import * as LocalRuntime from "./LocalRuntime.ts"
import { type Runnable } from "./Pipeline.ts"
import { Pipelines } from "./Pipelines.ts"

export interface Options<R> extends LocalRuntime.Options {
  readonly pipelines: ReadonlyArray<Runnable<R>>
}

/** Runs while the layer is in scope; closing it drains. What the pipelines require, the layer requires. */
export const layer = <R>(options: Options<R>) =>
  Campaigns.layer.pipe(
    Layer.provideMerge(LocalRuntime.layer(options)),
    Layer.provideMerge(Pipelines.layer(options.pipelines)),
    Layer.provideMerge(AccountGates.layer),
    Layer.provide(Digest.layerWebCrypto)
  )
