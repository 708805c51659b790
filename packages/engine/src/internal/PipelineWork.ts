/**
 * Work for a pipeline: deliveries that are asked for, and jobs that batches ask for later.
 */
import { type Job } from "@fibercast/domain/Job"
import { type Dispatched } from "@fibercast/ports/Dispatch"
import { type Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Signal } from "@fibercast/ports/Signal"
import { traced } from "@fibercast/ports/Traced"
import { Effect, type Schema } from "effect"
import { type BadDispatch } from "../BadDispatch.ts"
import * as Dispatch from "./Dispatch.ts"
import { describe, type JobOptions } from "./Job.ts"

/**
 * Asks for one delivery of the payload, and says what became of that: `Inserted`, `Deduplicated` with the delivery that
 * stands for it, or `Refused` with the reason. It is never silent.
 *
 * Joins the caller's transaction where the store has one: then the work exists if and only if that commits, and
 * its workspace is told once it has. Others that dispatch to the same key wait until then.
 */
export const dispatch = <P>(
  self: Dispatch.Target<P>,
  options: Dispatch.DispatchOptions<NoInfer<P>> & { readonly payload: NoInfer<P> }
): Effect.Effect<Dispatched, LedgerUnavailable | BadDispatch | Schema.SchemaError, Ledger | Signal> =>
  asDispatch(Dispatch.dispatch(self, options.payload, options))

const asDispatch = traced("Pipeline.dispatch")

/**
 * As `dispatch`, for many payloads, in writes of 1000: one answer each, in their order. A payload that does not encode,
 * or a bad option, stops all of them before the first write. When the ledger fails in between, the writes before it
 * stand, unless the caller has a transaction.
 */
export const dispatchMany = <P>(
  self: Dispatch.Target<P>,
  options: Dispatch.DispatchOptions<NoInfer<P>> & { readonly payloads: ReadonlyArray<NoInfer<P>> }
): Effect.Effect<ReadonlyArray<Dispatched>, LedgerUnavailable | BadDispatch | Schema.SchemaError, Ledger | Signal> =>
  asDispatchMany(Dispatch.dispatchMany(self, options.payloads, options))

const asDispatchMany = traced("Pipeline.dispatchMany")

/** One job of this pipeline for a batch or a chain, dispatched when its turn comes. Fails when the payload does not encode. */
export const job = <P>(
  self: Pick<Dispatch.Target<P>, "name" | "options" | "encode">,
  payload: NoInfer<P>,
  options: JobOptions = {}
): Effect.Effect<Job, Schema.SchemaError> =>
  Effect.flatMap(
    Effect.suspend(() => self.encode(payload)),
    (encoded) => describe(self, encoded, options)
  )
