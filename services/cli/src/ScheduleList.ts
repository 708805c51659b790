/**
 * Triggers in a table: when each fires, what it sets off, its next time, and what became of the last.
 *
 * One line each where that fits; on a narrower terminal what it says and sets off stands below. Whoever reads it as a
 * file gets one line each.
 */
import * as Occurrence from "@fibercast/domain/Occurrence"
import * as Planner from "@fibercast/domain/Planner"
import * as Target from "@fibercast/domain/Target"
import * as TriggerText from "@fibercast/domain/TriggerText"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { type Tally } from "@fibercast/ports/TriggerStore"
import { type RecordedOccurrence } from "@fibercast/ports/Run"
import { type StoredTrigger } from "@fibercast/ports/StoredTrigger"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as OccurrenceText from "./OccurrenceText.ts"
import * as Table from "./Table.ts"

export interface Listed {
  readonly workspace: string
  readonly trigger: StoredTrigger
  readonly last: RecordedOccurrence | null
  readonly tallies: ReadonlyArray<Tally>
}

export interface View {
  readonly now: number
  readonly environment: string
  /** Whether anybody schedules the triggers of this app. */
  readonly isAttended: (app: string | null) => boolean
  /** Times are told in this zone; null: in that of each trigger. */
  readonly zone: string | null
  /** By the next time, which is told to the second. */
  readonly byNext: boolean
  readonly counts: boolean
  /** Of the terminal; null: there is none. */
  readonly columns: number | null
}

/** When it is meant to run next; null: never again. */
export const nextOf = ({ definition, zone }: StoredTrigger, now: number): number | null => {
  const next = Planner.next({ ...definition.trigger, zone }, now)
  return next === null ? null : Occurrence.dueAt(next)
}

/** What it sets off, in words. */
export const targetOf = ({ app, definition }: StoredTrigger): string =>
  Scheduled.isCode(definition) ? `code of ${app ?? "an app"}` : Target.describe(definition.target)

/** Milliseconds for which something due has waited for its scheduler; 0: nothing has. */
const overdue = ({ definition, nextDue, paused }: StoredTrigger, now: number): number =>
  paused !== null || nextDue === null || now - nextDue <= definition.grace ? 0 : now - nextDue

/** Why it does not fire as it says; empty: it does. */
export const stateOf = ({ trigger }: Listed, { environment, isAttended, now }: View): string => {
  const { app, definition, paused } = trigger
  const told: Array<string> = []
  if (paused !== null) {
    const why = paused.note === null ? "" : `: ${Table.visible(paused.note)}`
    told.push(`paused ${Figures.span(now - paused.since)} ago${why}`)
  }
  if (trigger.nextDue === null && nextOf(trigger, now) === null) told.push("ended")
  if (definition.environments.length > 0 && !definition.environments.includes(environment)) {
    told.push(`only in ${definition.environments.join(", ")}`)
  }
  if (app !== null && !isAttended(app)) told.push(`nobody schedules ${app}`)
  const late = overdue(trigger, now)
  if (late > 0) told.push(`overdue by ${Figures.span(late)}`)
  return told.join("; ")
}

const nextText = ({ trigger }: Listed, { byNext, now, zone }: View): string => {
  const next = nextOf(trigger, now)
  if (next === null) return "never again"
  const shown = zone ?? trigger.zone
  const whole = Math.floor(next / 1000) * 1000
  return `${byNext ? ClockText.toTheSecond(next, shown) : ClockText.full(whole, shown)}, in ${Figures.span(next - now)}`
}

const lastText = ({ last }: Listed, now: number): string =>
  last === null ? "" : `${OccurrenceText.marked(last)} ${Figures.span(now - (last.endedAt ?? last.recordedAt))} ago`

/** `412 fired, 3 late (2 down, 1 overlap)`. */
export const countsOf = (tallies: ReadonlyArray<Tally>): string => {
  const outcomes = ["fired", "late", "skipped", "missed", "waiting"] as const
  return outcomes
    .flatMap((outcome) => {
      const these = tallies.filter((tally) => tally.outcome === outcome && tally.count > 0)
      const count = these.reduce((sum, tally) => sum + tally.count, 0)
      if (count === 0) return []
      const reasons = these.flatMap(({ count, reason }) =>
        reason === null ? [] : [`${Figures.amount(count)} ${reason}`]
      )
      return [`${Figures.amount(count)} ${outcome}${reasons.length === 0 ? "" : ` (${reasons.join(", ")})`}`]
    })
    .join(", ")
}

interface Field {
  readonly title: string
  /** Below, on a narrow terminal. */
  readonly below: boolean
  readonly cells: ReadonlyArray<string>
}

const fieldsOf = (rows: ReadonlyArray<Listed>, view: View): ReadonlyArray<Field> => {
  const field = (title: string, below: boolean, of: (row: Listed) => string): Field => ({
    title,
    below,
    cells: rows.map(of)
  })
  const spaces = new Set(rows.map(({ workspace }) => workspace))
  return [
    ...(spaces.size > 1 ? [field("workspace", false, ({ workspace }) => workspace)] : []),
    field("name", false, ({ trigger }) => trigger.definition.trigger.name),
    field("fires", true, ({ trigger }) => TriggerText.describe(trigger.definition.trigger)),
    field("sets off", true, ({ trigger }) => targetOf(trigger)),
    field("next", false, (row) => nextText(row, view)),
    field("last", false, (row) => lastText(row, view.now)),
    field("state", true, (row) => stateOf(row, view)),
    field("group", true, ({ trigger }) => trigger.definition.group ?? ""),
    ...(view.counts ? [field("counts", true, ({ tallies }) => countsOf(tallies))] : [])
  ].filter(({ cells }) => cells.some((cell) => cell !== ""))
}

const left = (title: string): Table.Column => ({ title, align: "left" })

/** By workspace and name, unless by the next time. */
export const sorted = (rows: ReadonlyArray<Listed>, view: Pick<View, "byNext" | "now">): ReadonlyArray<Listed> =>
  view.byNext
    ? rows
        .map((row) => ({ row, next: nextOf(row.trigger, view.now) ?? Infinity }))
        .toSorted((a, b) => (a.next === b.next ? 0 : a.next - b.next))
        .map(({ row }) => row)
    : rows

export const lines = (all: ReadonlyArray<Listed>, view: View, ink: Ink): ReadonlyArray<string> => {
  const rows = sorted(all, view)
  const fields = fieldsOf(rows, view)
  const table = (shown: ReadonlyArray<Field>) =>
    Table.format(
      shown.map(({ title }) => left(title)),
      rows.map((_, at) => shown.map(({ cells }) => cells[at] ?? ""))
    )
  const [title = "", ...whole] = table(fields)
  const isPaused = (at: number) => rows[at]?.trigger.paused !== null
  const dress = (line: string, at: number) => (isPaused(at) ? ink.dim(line) : OccurrenceText.coloured(line, ink))
  const { columns } = view
  if (columns === null || Math.max(...[title, ...whole].map(Table.width)) <= columns) {
    return [ink.dim(title), ...whole.map(dress)]
  }
  const under = (text: string) => `  ${Table.shownIn(text, Math.max(20, columns - 2))}`
  const [heading = "", ...heads] = table(fields.filter(({ below }) => !below))
  return [
    ink.dim(heading),
    ...heads.flatMap((line, at) => {
      const more = (wanted: (title: string) => boolean) =>
        fields
          .filter(({ below, title }) => below && wanted(title))
          .map(({ cells }) => cells[at] ?? "")
          .filter((cell) => cell !== "")
      const state = more((title) => title === "state")
      const told = more((title) => title === "fires" || title === "sets off").join(" → ")
      const group = more((title) => title === "group")
      const counts = more((title) => title === "counts")
      return [
        dress(line, at),
        ink.dim(under([told, ...group].join(" · "))),
        ...counts.map((text) => ink.dim(under(text))),
        ...state.map((text) => ink.yellow(under(text)))
      ]
    })
  ]
}

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (row: Listed, view: View) => {
  const { last, tallies, trigger, workspace } = row
  const { app, definition, paused } = trigger
  const next = nextOf(trigger, view.now)
  return {
    workspace,
    name: definition.trigger.name,
    app,
    group: definition.group,
    description: definition.description,
    fires: TriggerText.describe(definition.trigger),
    timing: definition.trigger.timing,
    zone: trigger.zone,
    target: definition.target,
    environments: definition.environments,
    next: next === null ? null : Instant.format(next),
    last:
      last === null
        ? null
        : {
            nominal: Instant.format(last.nominal),
            outcome: last.outcome,
            reason: last.reason,
            state: last.state,
            endedAt: last.endedAt === null ? null : Instant.format(last.endedAt)
          },
    paused: paused === null ? null : { since: Instant.format(paused.since), note: paused.note },
    state: stateOf(row, view),
    counts: tallies.map(({ count, outcome, reason }) => ({ outcome, reason, count }))
  }
}
