/**
 * The pace of a workspace's flows: the limiters that each start must pass.
 *
 * Every flow passes the workspace's. A campaign passes its own as well, and that of the account if its
 * pipeline pushes to one account only: then no more is fed and started than the account takes. (Other
 * workspaces may use the account too; the account's gate has the last word.)
 */
import { type Campaign } from "@fibercast/domain/Campaign"
import { type Limits, type Rate } from "@fibercast/domain/Limits"
import { Effect } from "effect"
import * as Limiter from "./Limiter.ts"
import { type Prepared } from "./Pipelines.ts"

export interface Pace<E> {
  /** Of flows without a campaign. */
  readonly workspace: ReadonlyArray<Limiter.Limiter>
  readonly of: (campaign: Campaign) => Effect.Effect<ReadonlyArray<Limiter.Limiter>, E>
}

/** The period is longer than asked, by the share that whoever starts them may be late. */
const widened = ({ per, permits }: Rate, stretch: number): Rate => ({ permits, per: per * (1 + stretch) })

export const make = Effect.fnUntraced(function* <E>(options: {
  readonly limits: Limits
  /** What all flows pass besides. */
  readonly shared?: ReadonlyArray<Limiter.Limiter> | undefined
  /** Of each rate's period; see `HandOff`. */
  readonly stretch: number
  readonly pipelines: Pick<Prepared, "messengers">
  /** Attempts of the last `per` milliseconds that a limiter must still count, none older than `since`. */
  readonly primed: (per: number, since: number) => Effect.Effect<number, E>
}): Effect.fn.Return<Pace<E>, E> {
  const accounts = new Map<string, Limiter.Limiter>()

  const limiter = Effect.fnUntraced(function* (limits: Limits, since = -Infinity) {
    if (limits.rate === undefined) return yield* Limiter.make(limits)
    const primed = since === Infinity ? 0 : yield* options.primed(limits.rate.per, since)
    return yield* Limiter.make({ rate: widened(limits.rate, options.stretch) }, { primed })
  })
  const ofAccount = Effect.fnUntraced(function* (account: string, limits: Limits) {
    const known = accounts.get(account) ?? (yield* limiter(limits))
    accounts.set(account, known)
    return known
  })

  const { shared = [] } = options
  const workspace = options.limits.rate === undefined ? shared : [...shared, yield* limiter(options.limits)]
  return {
    workspace,
    of: Effect.fnUntraced(function* (campaign) {
      const { pipeline, rate } = campaign.spec
      /** Of a campaign that never started nothing was sent. */
      const since = campaign.startedAt ?? Infinity
      const [messenger, ...others] = options.pipelines.messengers(pipeline)
      const isSole = messenger !== undefined && others.length === 0 && messenger.limits.rate !== undefined
      return [
        ...workspace,
        ...(rate === null ? [] : [yield* limiter({ rate }, since)]),
        ...(isSole ? [yield* ofAccount(messenger.account, messenger.limits)] : [])
      ]
    })
  }
})
