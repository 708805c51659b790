/**
 * What a TriggerStore must answer, said as simply as possible: triggers of one workspace that share one overlap key,
 * and a list of what became of their nominal times.
 */
import { type Outcome, ran, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type Busy } from "@fibercast/domain/Overlap"
import { type Advance, type NewOccurrence } from "@fibercast/ports/TriggerStore"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"

export interface ModelRow {
  /** Which trigger. */
  readonly of: number
  readonly nominal: number
  outcome: Outcome
  reason: Reason | null
  /** Null: it dispatched nothing. */
  work: "open" | "over" | "ended" | null
}

export interface ModelTrigger {
  revision: number
  cursor: number
  isPaused: boolean
  isRemoved: boolean
}

export class TriggerModel {
  /** By id. */
  readonly rows: Array<ModelRow> = []
  readonly triggers: Array<ModelTrigger> = []

  add({ cursor, revision }: StoredTrigger): void {
    this.triggers.push({ cursor, revision, isPaused: false, isRemoved: false })
  }

  busy(): Busy {
    return {
      running: this.rows.filter(({ work }) => work === "open").length,
      waiting: this.rows.filter((row) => this.isInLine(row)).length
    }
  }

  /** It waits, and not behind a pause. */
  isInLine({ of, outcome, reason }: ModelRow): boolean {
    return outcome === "waiting" && (this.triggers[of]?.isPaused !== true || reason === "backfill" || reason === "test")
  }

  row(of: number, nominal: number): ModelRow | undefined {
    return this.rows.find((row) => row.of === of && row.nominal === nominal)
  }

  /** Whether the advance must be written. */
  record(of: number, { busy, cursor, displace, nextCursor, occurrences, revision }: Advance): boolean {
    const trigger = this.triggers[of]
    if (trigger === undefined || trigger.isRemoved) return false
    if (trigger.revision !== revision || trigger.cursor !== cursor) return false
    if (occurrences.some(({ nominal }) => this.row(of, nominal) !== undefined)) return false
    const found = this.busy()
    if (busy !== null && (busy.running !== found.running || busy.waiting !== found.waiting)) return false
    if (displace) this.passOver(() => true, "overlap")
    for (const occurrence of occurrences) this.write(of, occurrence)
    trigger.cursor = nextCursor
    return true
  }

  /** Which nominal times must be written. */
  fill(of: number, occurrences: ReadonlyArray<NewOccurrence>): ReadonlyArray<number> {
    if (this.triggers[of]?.isRemoved !== false) return []
    const known = new Set(
      this.rows.filter((row) => row.of === of && !isOpenToChange(row)).map(({ nominal }) => nominal)
    )
    const written = occurrences.filter(({ nominal }, index) => {
      const isFirst = occurrences.findIndex((other) => other.nominal === nominal) === index
      return isFirst && !known.has(nominal)
    })
    for (const occurrence of written) this.write(of, occurrence)
    return written.map(({ nominal }) => nominal)
  }

  /** Whether it must be released. */
  release(row: ModelRow, outcome: "late" | "skipped"): boolean {
    if (row.outcome !== "waiting") return false
    if (outcome === "late" && this.busy().running > 0) return false
    this.become(row, outcome, "overlap")
    return true
  }

  /** Whether it must be removed. */
  remove(of: number, revision: number): boolean {
    const trigger = this.triggers[of]
    if (trigger === undefined || trigger.isRemoved || trigger.revision !== revision) return false
    this.passOver((row) => row.of === of, "removed")
    trigger.isRemoved = true
    return true
  }

  /** How often the trigger came to each outcome. */
  tallies(of: number): Record<string, number> {
    const tallies: Record<string, number> = {}
    for (const said of this.outcomes(of)) tallies[said] = (tallies[said] ?? 0) + 1
    return tallies
  }

  /** What became of it, oldest nominal time first. */
  outcomes(of: number): ReadonlyArray<string> {
    return this.rows
      .filter((row) => row.of === of)
      .toSorted((a, b) => a.nominal - b.nominal)
      .map(({ outcome, reason }) => (reason === null ? outcome : `${outcome}: ${reason}`))
  }

  private write(of: number, { nominal, outcome, reason }: NewOccurrence): void {
    const known = this.row(of, nominal)
    if (known === undefined) this.rows.push({ of, nominal, outcome, reason, work: ran(outcome) ? "open" : null })
    else this.become(known, outcome, reason)
  }

  private become(row: ModelRow, outcome: Outcome, reason: Reason | null): void {
    row.outcome = outcome
    row.reason = reason
    row.work = ran(outcome) ? "open" : null
  }

  private passOver(isMeant: (row: ModelRow) => boolean, reason: "overlap" | "removed"): void {
    for (const row of this.rows) if (row.outcome === "waiting" && isMeant(row)) this.become(row, "skipped", reason)
  }
}

const isOpenToChange = ({ outcome }: ModelRow): boolean => outcome === "skipped" || outcome === "missed"
