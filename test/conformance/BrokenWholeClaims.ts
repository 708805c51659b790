/**
 * Ledgers that begin claims as a whole that are not, or not those that are.
 */
import { type DeliveryId } from "@fibercast/domain/Delivery"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Ledger } from "@fibercast/ports/Ledger"
import { type Settle } from "@fibercast/ports/Settlement"
import { type Context, Effect } from "effect"
import { answering, remembering } from "./BrokenBeginClaims.ts"
import { type BrokenTwin } from "./BrokenTwin.ts"
import { idsOf } from "./Given.ts"

type LedgerShape = Context.Service.Shape<typeof Ledger>

const hasLeftBy = (state: string) =>
  `a claim that something left by ${state} is not answered, not even once that is claimed again; the others are`
const isGivenBack = "a claim that gave something back is not answered; what claims that again is, and so are the others"
const isRescued =
  "a claim that something was rescued of is not answered; what claims that again is, and so are the others"
const hasEnded = (state: string) =>
  `a claim is answered still of which something, or all, has ${state}, as long as it stands`
const isOver = "a claim that was finished, has completed, or was given back as a whole is not answered"
const isGone = "a claim of an owner that is gone is not answered to the next"
const isAsked =
  "once its owner is asked to stop something, no claim is answered that was made before, whatever it holds"
const isForced = "once something is recalled by force, no claim is answered that was made before, whatever it holds"
const isUnheld = "once something is recalled that no claim holds, no claim is answered that was made before"
const isMadeAfter = "a claim that is made after a recall is answered, before its owner looks at it and after"
const isRecalledElsewhere =
  "claims are answered whatever is recalled in another workspace, and after a recall of nothing"
const isMarked =
  "a claim of which something is marked as started is not answered, though that has ended; the others are"
const isBegun = "a claim of which something was begun with the mark is not answered"
const isUnmarked = "a claim that was begun without the mark is answered again"

/** Answers about some claims what it will: those in `wrongly` always, those in `never` never. */
const mistaking = (
  does: string,
  breaks: string,
  change: (ledger: LedgerShape, mistakes: Mistakes) => Partial<LedgerShape>
): BrokenTwin =>
  remembering(does, breaks, (ledger, made) => {
    const wrongly = new Set<bigint>()
    const never = new Set<bigint>()
    const holding = (ids: ReadonlyArray<DeliveryId>) =>
      [...made].flatMap(([claimId, { batch }]) =>
        batch.deliveries.some(({ id }) => ids.includes(id)) ? [claimId] : []
      )
    const of = (workspaceId: WorkspaceId) =>
      [...made].flatMap(([claimId, claim]) => (claim.workspaceId === workspaceId ? [claimId] : []))
    return {
      beginClaims: (options) =>
        Effect.map(ledger.beginClaims(options), (answer) =>
          options.claims.filter((claimId) => (answer.includes(claimId) || wrongly.has(claimId)) && !never.has(claimId))
        ),
      ...change(ledger, { wrongly, never, holding, of })
    }
  })

interface Mistakes {
  readonly wrongly: Set<bigint>
  readonly never: Set<bigint>
  /** Claims that were made of any of these. */
  readonly holding: (ids: ReadonlyArray<DeliveryId>) => ReadonlyArray<bigint>
  /** Claims that were made of the workspace. */
  readonly of: (workspaceId: WorkspaceId) => ReadonlyArray<bigint>
}

const add = (set: Set<bigint>, claims: ReadonlyArray<bigint>): void => claims.forEach((claimId) => set.add(claimId))

/** Does not see how a settle changes claims: `seen` are those that it does. */
const unsettled = (
  does: string,
  breaks: string,
  seen: (options: Settle, mistakes: Mistakes) => ReadonlyArray<bigint>
) =>
  mistaking(does, breaks, (ledger, mistakes) => ({
    settle: (options) => {
      add(mistakes.wrongly, seen(options, mistakes))
      return ledger.settle(options)
    }
  }))

const inState = ({ settlements }: Settle, states: ReadonlyArray<string>) =>
  idsOf(settlements.filter(({ state }) => states.includes(state)))

const leavings: ReadonlyArray<BrokenTwin> = [
  answering("begins every claim that it is asked about", hasLeftBy("retry"), (_, { claims }) => claims),
  ...["retry", "snooze"].map((state) =>
    unsettled(`begins a claim that something left by ${state}`, hasLeftBy(state), (options, { holding }) =>
      holding(inState(options, [state]))
    )
  ),
  unsettled("begins a claim that gave something back", isGivenBack, ({ givenBack = [] }) =>
    givenBack.map(({ claimId }) => claimId)
  ),
  mistaking("begins a claim that something was rescued of", isRescued, (ledger, { wrongly }) => ({
    rescue: (options) => {
      add(
        wrongly,
        options.held.map(({ claimId }) => claimId)
      )
      return ledger.rescue(options)
    }
  })),
  ...["completed", "failed"].map((state) =>
    mistaking(`takes what has ${state} for what has left`, hasEnded(state), (ledger, { holding, never }) => ({
      settle: (options) => {
        add(never, holding(inState(options, [state])))
        return ledger.settle(options)
      }
    }))
  ),
  unsettled("begins a claim that was finished", isOver, ({ finishedClaims }) => finishedClaims),
  unsettled("begins a claim that has completed", isOver, ({ completedClaims = [] }) => completedClaims),
  mistaking("begins a claim that was given back as a whole", isOver, (ledger, { of, wrongly }) => ({
    giveBack: (options) => {
      add(
        wrongly,
        of(options.workspaceId).filter((claimId) => !options.except.includes(claimId))
      )
      return ledger.giveBack(options)
    }
  })),
  mistaking("begins claims of an owner that is gone", isGone, (ledger, { of, wrongly }) => ({
    takeOver: (options) => {
      add(wrongly, of(options.workspaceId))
      return ledger.takeOver(options)
    }
  }))
]

/** Begins claims after a recall as `change` has it. */
const recalling = (
  does: string,
  breaks: string,
  change: (options: Parameters<LedgerShape["recall"]>[0], mistakes: Mistakes) => void
): BrokenTwin =>
  mistaking(does, breaks, (ledger, mistakes) => ({
    recall: (options) => {
      change(options, mistakes)
      return ledger.recall(options)
    }
  }))

const recalls: ReadonlyArray<BrokenTwin> = [
  recalling("begins claims although something was recalled", isAsked, ({ workspaceId }, { of, wrongly }) =>
    add(wrongly, of(workspaceId))
  ),
  recalling(
    "sees of a recall only the claims that hold it",
    isAsked,
    ({ ids, workspaceId }, { holding, of, wrongly }) =>
      add(
        wrongly,
        of(workspaceId).filter((claimId) => !holding(ids).includes(claimId))
      )
  ),
  recalling("does not see what is recalled by force", isForced, ({ force, workspaceId }, { of, wrongly }) => {
    if (force) add(wrongly, of(workspaceId))
  }),
  recalling("does not see that something is recalled which no claim holds", isUnheld, (options, mistakes) => {
    if (mistakes.holding(options.ids).length === 0) add(mistakes.wrongly, mistakes.of(options.workspaceId))
  }),
  recalling("begins no claim any more after a recall of nothing", isRecalledElsewhere, (options, { never, of }) => {
    if (options.ids.length === 0) add(never, of(options.workspaceId))
  }),
  mistaking("begins no claim after a recall anywhere", isRecalledElsewhere, (ledger) => {
    let isRecalled = false
    return {
      recall: (options) => {
        isRecalled = true
        return ledger.recall(options)
      },
      beginClaims: (options) => (isRecalled ? Effect.succeed([]) : ledger.beginClaims(options))
    }
  }),
  mistaking("begins no claim that is made after a recall", isMadeAfter, (ledger) => {
    const recalled = new Set<WorkspaceId>()
    return {
      recall: (options) => {
        recalled.add(options.workspaceId)
        return ledger.recall(options)
      },
      beginClaims: (options) =>
        Effect.map(ledger.beginClaims(options), (answer) => (recalled.has(options.workspaceId) ? [] : answer))
    }
  }),
  mistaking(
    "begins claims again once their owner has looked at what is recalled",
    isAsked,
    (ledger, { of, wrongly }) => ({
      recalled: (options) => {
        add(wrongly, of(options.workspaceId))
        return ledger.recalled(options)
      }
    })
  ),
  mistaking("takes an owner's look at what is recalled for a recall", isMadeAfter, (ledger, { never, of }) => ({
    recalled: (options) => {
      add(never, of(options.workspaceId))
      return ledger.recalled(options)
    }
  }))
]

const marks: ReadonlyArray<BrokenTwin> = [
  mistaking("begins a claim of which something is started", isMarked, (ledger, { wrongly }) => ({
    start: (options) => {
      wrongly.add(options.claimId)
      return ledger.start(options)
    }
  })),
  mistaking("forgets a started mark with what has ended", isMarked, (ledger, { holding, wrongly }) => ({
    settle: (options) => {
      add(wrongly, holding(inState(options, ["completed"])))
      return ledger.settle(options)
    }
  })),
  ...[true, false].map((mark) =>
    mistaking(
      mark ? "begins a claim of which something was begun with the mark" : "begins no claim that was begun before",
      mark ? isBegun : isUnmarked,
      (ledger, { never, wrongly }) => ({
        begin: (options) => {
          if (options.mark === mark)
            add(
              mark ? wrongly : never,
              options.held.map(({ claimId }) => claimId)
            )
          return ledger.begin(options)
        }
      })
    )
  )
]

export const brokenWholeClaims: ReadonlyArray<BrokenTwin> = [...leavings, ...recalls, ...marks]
