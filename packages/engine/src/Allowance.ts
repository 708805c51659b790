/**
 * An allowance says how many deliveries may yet be begun by an engine, all its workspaces together, and how far apart.
 *
 * Callers may rely on this: never one more is begun than it allows. What is claimed beyond is given back. A delivery that
 * is tried again is begun again.
 */
import { Context, Effect, Latch } from "effect"
import * as Limiter from "./Limiter.ts"

export interface Allowance {
  /** How many may yet be begun; infinity: any number. */
  readonly left: () => number
  /** One is begun, if it may be. */
  readonly take: () => boolean
  /** Nothing more may be begun. */
  readonly end: () => void
  /** What each start must pass besides. */
  readonly limiters: ReadonlyArray<Limiter.Limiter>
  /** Returns once nothing more may be begun. */
  readonly spent: Effect.Effect<void>
}

const counted = (deliveries: number, limiters: Allowance["limiters"]): Allowance => {
  const spent = Latch.makeUnsafe(deliveries <= 0)
  let left = deliveries
  return {
    left: () => left,
    take: () => {
      if (left <= 0) return false
      left -= 1
      if (left <= 0) spent.openUnsafe()
      return true
    },
    end: () => {
      left = 0
      spent.openUnsafe()
    },
    limiters,
    spent: spent.await
  }
}

export const make = Effect.fnUntraced(function* (options: {
  /** Infinity: any number. */
  readonly deliveries: number
  /** Between two starts, in milliseconds, at least; 0: none. */
  readonly rest: number
}): Effect.fn.Return<Allowance> {
  const { deliveries, rest } = options
  return counted(deliveries, rest > 0 ? [yield* Limiter.make({ rate: { permits: 1, per: rest } })] : [])
})

/** Unless given, any number may be begun. */
export const Allowance = Context.Reference<Allowance>("fibercast/engine/Allowance", {
  defaultValue: () => counted(Infinity, [])
})
