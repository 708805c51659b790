/**
 * One job for many dispatches: unique, once per request, throttled, debounced.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Schema } from "effect"
import { work } from "./Work.ts"

const Product = Schema.Struct({ product: Schema.String, price: Schema.Int })
type Product = typeof Product.Type

const keyOf = ({ product }: Product) => product

/** Unique until it has ended. */
export const Reindex = Pipeline.make("search.reindex", { payload: Product, unique: keyOf }).pipe(
  Pipeline.tap(({ price, product }) => work(`index ${product} at ${price}`))
)

/** Unique until it begins: what changes while it runs is indexed again. */
export const untilStarted = (workspaceId: WorkspaceId, payload: Product) =>
  Pipeline.dispatch(Reindex, { workspaceId, payload, unique: { key: keyOf, until: "started" } })

/** Unique for an hour, whatever becomes of it. */
export const forAnHour = (workspaceId: WorkspaceId, payload: Product) =>
  Pipeline.dispatch(Reindex, { workspaceId, payload, unique: { key: keyOf, for: "1 hour" } })

/** The last price counts, in the place of the first. */
export const replacing = (workspaceId: WorkspaceId, payload: Product) =>
  Pipeline.dispatch(Reindex, { workspaceId, payload, unique: { key: keyOf, onConflict: "replace" }, delay: "1 minute" })

/** The same request, made again within seven days, is the same job. */
export const onceARequest = (workspaceId: WorkspaceId, payload: Product, request: string) =>
  Pipeline.dispatch(Reindex, { workspaceId, payload, unique: false, idempotencyKey: request })

/** The first, and then none for a minute. */
export const throttled = (workspaceId: WorkspaceId, payload: Product) =>
  Pipeline.dispatch(Reindex, { workspaceId, payload, throttle: { key: keyOf, every: "1 minute" } })

/** The last, once nobody has asked for 5 seconds; after a minute at the latest. */
export const debounced = (workspaceId: WorkspaceId, payload: Product) =>
  Pipeline.dispatch(Reindex, {
    workspaceId,
    payload,
    debounce: { key: keyOf, wait: "5 seconds", atMost: "1 minute" }
  })
