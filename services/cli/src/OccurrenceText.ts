/**
 * What became of an occurrence, in a word or two with a mark before it: `✓ completed`, `– skipped (overlap)`.
 *
 * `✓` completed, `✗` did not, `?` nobody knows, `▸` runs, `…` waits, `–` was left out on purpose, `!` was missed.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { type Outcome, type Reason } from "@fibercast/domain/OccurrenceOutcome"
import { type Ink } from "./Ink.ts"

export interface Fate {
  readonly outcome: Outcome
  readonly reason: Reason | null
  /** How its run ended; null: it runs, or never ran. */
  readonly state: FinalState | null
}

export const mark = ({ outcome, state }: Omit<Fate, "reason">): string => {
  switch (outcome) {
    case "waiting":
      return "…"
    case "skipped":
      return "–"
    case "missed":
      return "!"
    default:
      return state === null ? "▸" : state === "completed" ? "✓" : state === "unknown" ? "?" : "✗"
  }
}

const because = (reason: Reason | null): string => (reason === null ? "" : ` (${reason})`)

/** Its outcome alone: `late (down)`. */
export const outcome = ({ outcome, reason }: Omit<Fate, "state">): string => `${outcome}${because(reason)}`

/** How it stands, whatever it is. */
export const words = (fate: Fate): string => {
  const { outcome, reason, state } = fate
  if (outcome === "waiting") return `waits${because(reason)}`
  if (outcome === "skipped" || outcome === "missed") return `${outcome}${because(reason)}`
  return `${state ?? "runs"}${outcome === "late" ? `, late${because(reason)}` : ""}`
}

export const marked = (fate: Fate): string => `${mark(fate)} ${words(fate)}`

/** A line with a mark in it, in the colour of the first. */
export const coloured = (line: string, ink: Ink): string =>
  line.replace(/(?<=^| )([✓✗?▸…–!])(?= )/u, (found) =>
    found === "✓"
      ? ink.green(found)
      : found === "✗" || found === "!"
        ? ink.red(found)
        : found === "–"
          ? ink.dim(found)
          : ink.yellow(found)
  )
