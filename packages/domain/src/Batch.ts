/**
 * A batch is a group of background jobs that is followed as one: in stages, one after the other, with what is
 * dispatched when all is done, when something fails, and in any case.
 *
 * A chain is a batch with one job in each stage.
 */
import { Schema } from "effect"
import { type Counts } from "./Counts.ts"

/** Given by the BatchStore, increasing. */
export const BatchId = Schema.Int.check(Schema.isGreaterThan(0)).pipe(Schema.brand("BatchId"))
export type BatchId = typeof BatchId.Type

/**
 * What it comes to, as soon as that is certain: `failed` when more failed than it allows, `cancelled` when a person asked
 * for it, `completed` when everything has ended before either. It is over only when nothing of it is open any more.
 */
export const BatchStatus = Schema.Literals(["running", "completed", "failed", "cancelled"])
export type BatchStatus = typeof BatchStatus.Type

/**
 * Jobs that were not done, and nobody decided so: failed for good, in doubt, or expired. A skipped one is as its handler
 * wanted it, a cancelled one as a person did.
 */
export const failures = ({ expired, failed, unknown }: Counts): number => failed + unknown + expired

/** How a batch stands that is not over. */
export interface Standing {
  readonly status: BatchStatus
  /** How many failures it allows; null: any number. */
  readonly allowFailures: number | null
  /** Of the stages that have begun. */
  readonly counts: Counts
  /** Stages that have not begun. */
  readonly stagesLeft: number
  /** Something is to be dispatched at the first failure, and was not yet. */
  readonly catches: boolean
}

/**
 * - `catch`: dispatch what follows the first failure;
 * - `stop`: too much failed: what is open is not to be done;
 * - `begin`: the next stage;
 * - `end`: it is over.
 */
export type Step = "catch" | "stop" | "begin" | "end"

/** What is to be done next; null: nothing, until one of its jobs ends. To be asked again after each step, until null or `end`. */
export const nextStep = ({ allowFailures, catches, counts, stagesLeft, status }: Standing): Step | null => {
  const failed = failures(counts)
  if (catches && failed > 0) return "catch"
  if (status === "running" && failed > (allowFailures ?? Infinity)) return "stop"
  if (counts.open > 0) return null
  return status === "running" && stagesLeft > 0 ? "begin" : "end"
}

/** What it has come to when it ends. */
export const outcome = (status: BatchStatus): Exclude<BatchStatus, "running"> =>
  status === "running" ? "completed" : status
