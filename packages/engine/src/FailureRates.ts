/**
 * Failure rates watch the background jobs of each pipeline: of the latest ones that ended, how many failed or are in doubt.
 *
 * An episode begins when that share reaches the rate, and ends when it falls under half of it. Held in memory: one byte for
 * each job of a sample, of at most `most` pipelines of workspaces; beyond that the one that has not ended a job for longest is forgotten.
 */
import { type Alert } from "@fibercast/ports/Alert"

export interface Options {
  /** Jobs that are looked at, and how many of them must have ended before anything is said. */
  readonly sample: number
  /** From 0 to 1. */
  readonly rate: number
  readonly most: number
}

interface Sample {
  /** 1: it failed. The latest, in a ring. */
  readonly ends: Uint8Array
  at: number
  settled: number
  failed: number
  isEpisode: boolean
}

export interface FailureRates {
  /** Counts the end of a job; answers the alert to raise if an episode begins with it. */
  readonly count: (workspaceId: number, pipeline: string, hasFailed: boolean) => Alert | null
}

export const make = ({ most, rate, sample }: Options): FailureRates => {
  const size = Math.max(1, Math.floor(sample))
  /** Whose job ended last is last. */
  const samples = new Map<string, Sample>()
  /** The last of them: mostly the next as well. */
  let latest: { readonly workspaceId: number; readonly pipeline: string; readonly sample: Sample } | null = null

  const of = (workspaceId: number, pipeline: string): Sample => {
    if (latest?.pipeline === pipeline && latest.workspaceId === workspaceId) return latest.sample
    const key = `${workspaceId}/${pipeline}`
    const known = samples.get(key)
    const [oldest] = samples.keys()
    if (known !== undefined) samples.delete(key)
    else if (samples.size >= most && oldest !== undefined) samples.delete(oldest)
    const one = known ?? { ends: new Uint8Array(size), at: 0, settled: 0, failed: 0, isEpisode: false }
    samples.set(key, one)
    latest = { workspaceId, pipeline, sample: one }
    return one
  }

  return {
    count: (workspaceId, pipeline, hasFailed) => {
      const one = of(workspaceId, pipeline)
      one.failed += (hasFailed ? 1 : 0) - (one.ends[one.at] ?? 0)
      one.ends[one.at] = hasFailed ? 1 : 0
      one.at = (one.at + 1) % size
      one.settled = Math.min(one.settled + 1, size)
      const { failed, settled } = one
      if (one.isEpisode) {
        one.isEpisode = failed * 2 >= settled * rate
        return null
      }
      one.isEpisode = settled === size && failed > 0 && failed >= settled * rate
      return one.isEpisode
        ? { _tag: "HighFailureRate", workspaceId, campaignId: null, pipeline, failed, settled }
        : null
    }
  }
}
