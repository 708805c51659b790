/**
 * Ledgers that begin claims under the wrong campaign or for the wrong caller, or answer too many or too few. Those that
 * mistake what is whole are `BrokenWholeClaims`.
 */
import { type Epoch, type WorkspaceId } from "@fibercast/domain/Workspace"
import { type BeginClaims } from "@fibercast/ports/HandOver"
import { type Batch, type Ledger, type Source } from "@fibercast/ports/Ledger"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenLedger } from "./BrokenTwin.ts"
import { idsOf } from "./Given.ts"

type LedgerShape = Context.Service.Shape<typeof Ledger>

const areAnswered = "claims that stand whole are answered, several in one call, and none that was not asked about"
const isNotRunning = "claims of a campaign that is not running yet are not answered; once it runs they are"
const isResumed = "claims of a paused campaign are not answered; resumed, they are under its new epoch only"
const isCancelled = "claims of a campaign that was cancelled are not answered"
const isOfAnother = "claims go under their own campaign, not under another that is running"
const isOfNone = "claims of background jobs do not go under a campaign's name, nor a campaign's under the name of none"
const areJobs =
  "claims of background jobs, of whatever lane, are answered under the name of none, whatever becomes of campaigns"
const isOldEpoch = "an old epoch is told of no claims, not even that there are none, nor is who gave the workspace up"
const isAnothers = "the owner of one workspace is not told of another's claims"
const isNothing = "of no claims, and of a claim that nobody made, nothing is answered"
const isNotWritten = "nothing is written: what is answered may be asked about again, and begun, and is not in doubt"
type Answer = ReadonlyArray<bigint>

/** What is answered about claims, otherwise. */
export const answering = (
  does: string,
  breaks: string,
  change: (answer: Answer, options: BeginClaims) => Answer
): BrokenTwin =>
  brokenLedger(does, breaks, (ledger) => ({
    beginClaims: (options) => Effect.map(ledger.beginClaims(options), (answer) => change(answer, options))
  }))

/** Every claim as it was made, by its number. */
type Made = ReadonlyMap<bigint, { readonly batch: Batch; readonly source: Source; readonly workspaceId: WorkspaceId }>

/** Remembers each claim, and answers about them as `change` has it. */
export const remembering = (
  does: string,
  breaks: string,
  change: (ledger: LedgerShape, made: Made) => Partial<LedgerShape>
): BrokenTwin =>
  brokenLedger(does, breaks, (ledger) => {
    const made = new Map<bigint, { batch: Batch; source: Source; workspaceId: WorkspaceId }>()
    const claim: LedgerShape["claim"] = (options) =>
      Effect.tap(ledger.claim(options), (batch) =>
        Effect.sync(() => {
          const { source, workspaceId } = options
          if (batch !== null) made.set(batch.claimId, { batch, source, workspaceId })
        })
      )
    return { claim, ...change({ ...ledger, claim }, made) }
  })

/** The campaign's epochs, whichever it is under now. */
const underAny = (ledger: LedgerShape, options: BeginClaims, id: NonNullable<BeginClaims["campaign"]>["id"]) =>
  Effect.map(
    Effect.forEach([0, 1, 2, 3, 4], (epoch) => ledger.beginClaims({ ...options, campaign: { id, epoch } })),
    (answers) => options.claims.filter((claimId) => answers.some((answer) => answer.includes(claimId)))
  )

const campaigns: ReadonlyArray<BrokenTwin> = [
  ...[isNotRunning, isCancelled].map((breaks, index) =>
    answering(`does not ask whether a campaign is running (${index + 1})`, breaks, (answer, { campaign, claims }) =>
      campaign === null ? answer : claims
    )
  ),
  brokenLedger("begins claims under any epoch of their campaign", isResumed, (ledger) => ({
    beginClaims: (options) =>
      options.campaign === null ? ledger.beginClaims(options) : underAny(ledger, options, options.campaign.id)
  })),
  ...[isOfAnother, isOfNone].map((breaks, index) =>
    remembering(
      index === 0 ? "begins claims of one campaign under another" : "begins claims of a campaign under none",
      breaks,
      (ledger, made) => ({
        beginClaims: Effect.fnUntraced(function* (options) {
          const answer = yield* ledger.beginClaims(options)
          if ((options.campaign === null) !== (index === 1)) return answer
          const owns = options.claims.flatMap((claimId) => made.get(claimId)?.source.campaignId ?? [])
          const more = yield* Effect.forEach([...new Set(owns)], (id) => underAny(ledger, options, id))
          return [...new Set([...answer, ...more.flat()])]
        })
      })
    )
  ),
  brokenLedger("begins claims of background jobs under a campaign", isOfNone, (ledger) => ({
    beginClaims: (options) =>
      Effect.zipWith(
        ledger.beginClaims(options),
        ledger.beginClaims({ ...options, campaign: null }),
        (answer, jobs) => [...new Set([...answer, ...jobs])]
      )
  })),
  remembering("begins background jobs of one lane a call", areJobs, (ledger, made) => ({
    beginClaims: (options) =>
      Effect.map(ledger.beginClaims(options), (answer) => {
        const lanes = answer.map((claimId) => made.get(claimId)?.source.lane)
        return answer.filter((_, index) => lanes[index] === lanes[0])
      })
  }))
]

/** The newest epoch, and the workspace that each claim is of, whatever a caller says. */
const whoeverAsks = (does: string, breaks: string, isAnyEpoch: boolean): BrokenTwin =>
  remembering(does, breaks, (ledger, made) => {
    const epochs = new Map<WorkspaceId, Epoch>()
    return {
      takeOver: (options) =>
        Effect.tap(ledger.takeOver(options), ({ epoch }) => Effect.sync(() => epochs.set(options.workspaceId, epoch))),
      beginClaims: Effect.fnUntraced(function* (options) {
        const epoch = isAnyEpoch ? (epochs.get(options.workspaceId) ?? options.epoch) : options.epoch
        const answer = yield* ledger.beginClaims({ ...options, epoch })
        if (isAnyEpoch) return answer
        const homes = new Set(options.claims.flatMap((claimId) => made.get(claimId)?.workspaceId ?? []))
        const more = yield* Effect.forEach([...homes], (workspaceId) =>
          ledger.beginClaims({ ...options, workspaceId, epoch: epochs.get(workspaceId) ?? epoch })
        )
        return [...new Set([...answer, ...more.flat()])]
      })
    }
  })

export const brokenBeginClaims: ReadonlyArray<BrokenTwin> = [
  answering("begins no claims", areAnswered, () => []),
  answering("begins one claim a call", areAnswered, (answer) => answer.slice(0, 1)),
  remembering("begins claims that it was not asked about", areAnswered, (ledger, made) => ({
    beginClaims: (options) => ledger.beginClaims({ ...options, claims: [...made.keys()] })
  })),
  brokenLedger("begins claims only all together", isNothing, (ledger) => ({
    beginClaims: (options) =>
      Effect.map(ledger.beginClaims(options), (answer) => (answer.length < options.claims.length ? [] : answer))
  })),
  remembering("begins all claims where it is asked about none", isNothing, (ledger, made) => ({
    beginClaims: (options) =>
      ledger.beginClaims(options.claims.length === 0 ? { ...options, claims: [...made.keys()] } : options)
  })),
  brokenLedger("asks for no epoch where it is asked about no claims", isOldEpoch, (ledger) => ({
    beginClaims: (options) => (options.claims.length === 0 ? Effect.succeed([]) : ledger.beginClaims(options))
  })),
  whoeverAsks("begins claims under an old epoch", isOldEpoch, true),
  whoeverAsks("begins claims of another workspace", isAnothers, false),
  remembering("marks the claims that it begins", isNotWritten, (ledger, made) => ({
    beginClaims: (options) =>
      Effect.tap(
        ledger.beginClaims(options),
        Effect.forEach((claimId) => {
          const ids = idsOf(made.get(claimId)?.batch.deliveries ?? [])
          return ledger.start({ ...options, claimId, ids })
        })
      )
  })),
  brokenLedger("begins a claim once", isNotWritten, (ledger) => {
    const begun = new Set<bigint>()
    return {
      beginClaims: (options) =>
        Effect.map(ledger.beginClaims(options), (answer) => {
          const fresh = answer.filter((claimId) => !begun.has(claimId))
          for (const claimId of fresh) begun.add(claimId)
          return fresh
        })
    }
  }),
  ...campaigns
]
