/**
 * What a scheduler does, a line for each thing as it happens: an occurrence that came to its outcome, a run that is over.
 *
 *     12:00:10Z  heartbeat  fired
 *     12:00:10Z  heartbeat  ✓ completed in 12 ms: still here
 */
import * as OccurrenceOutcome from "@fibercast/domain/OccurrenceOutcome"
import { type News } from "@fibercast/engine/SchedulerListener"
import { type NewOccurrence } from "@fibercast/ports/TriggerStore"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import * as Instant from "./Instant.ts"
import { type Ink } from "./Ink.ts"
import * as OccurrenceText from "./OccurrenceText.ts"
import * as Table from "./Table.ts"

/** Columns that a name takes at least, so that lines stand in line. */
const nameWidth = 20

/** Later than that is told. Milliseconds. */
const punctual = 1000

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? ""

interface Told {
  readonly first: NewOccurrence
  readonly last: NewOccurrence
  readonly count: number
}

/** What did not run is told together with what follows it for the same reason. */
const together = (occurrences: ReadonlyArray<NewOccurrence>): ReadonlyArray<Told> => {
  const told: Array<Told> = []
  for (const one of occurrences) {
    const before = told.at(-1)
    const alike = before !== undefined && before.last.outcome === one.outcome && before.last.reason === one.reason
    if (alike && !OccurrenceOutcome.ran(one.outcome))
      told[told.length - 1] = { ...before, last: one, count: before.count + 1 }
    else told.push({ first: one, last: one, count: 1 })
  }
  return told
}

const outcomeLine = ({ count, first, last }: Told, zone: string, recordedAt: number): string => {
  const { covers, detail, dueAt, outcome, reason } = first
  const late = recordedAt - dueAt
  const ran = OccurrenceOutcome.ran(outcome)
  const word = ran
    ? `▸ ${OccurrenceText.outcome({ outcome, reason })}`
    : OccurrenceText.marked({ outcome, reason, state: null })
  const at = (nominal: number) => ClockText.toTheSecond(nominal, zone)
  const span =
    count === 1
      ? `for ${at(first.nominal)}`
      : `${Figures.amount(count)} times, from ${at(first.nominal)} to ${at(last.nominal)}`
  const told = [
    ...(ran && late <= punctual ? [] : [span]),
    ...(ran && late > punctual && reason !== "test" ? [`${Figures.span(late)} late`] : []),
    ...(covers === null ? [] : [`stands for ${Figures.counted(covers.count, "earlier one")} as well`])
  ].join(", ")
  const more = detail === null || detail === "" ? "" : `: ${Table.visible(firstLine(detail))}`
  return `${word}${told === "" ? "" : ` ${told}`}${more}`
}

const endLine = ({ run }: Extract<News, { readonly _tag: "Ended" }>, begunAt: number | null): string => {
  const { endedAt, failure, output, state } = run
  const took = begunAt === null ? "" : ` in ${Figures.brief(endedAt - begunAt)}`
  const text = failure ?? output ?? ""
  return `${OccurrenceText.mark({ outcome: "fired", state })} ${state}${took}${text === "" ? "" : `: ${Table.visible(firstLine(text))}`}`
}

/** Runs under way that are remembered. */
const remembered = 10_000

/**
 * Says each piece of news in lines. To be made once: it remembers when what it told of began, for the newest 10,000 runs
 * under way.
 */
export const make = (ink: Ink) => {
  const begun = new Map<string, number>()

  const begin = (key: string, at: number) => {
    begun.set(key, at)
    const [oldest] = begun.keys()
    if (begun.size > remembered && oldest !== undefined) begun.delete(oldest)
  }

  const linesOf = (news: News): ReadonlyArray<string> => {
    if (news._tag === "Ended") {
      const key = `${news.run.triggerId}/${news.run.nominal}`
      const since = begun.get(key) ?? null
      begun.delete(key)
      return [endLine(news, since)]
    }
    const { occurrences, recordedAt, trigger } = news
    for (const { nominal, outcome } of occurrences) {
      if (OccurrenceOutcome.ran(outcome)) begin(`${trigger.id}/${nominal}`, recordedAt)
    }
    return together(occurrences).map((told) => outcomeLine(told, trigger.zone, recordedAt))
  }

  return (news: News, now: number): ReadonlyArray<string> => {
    const name = news._tag === "Ended" ? news.run.name : news.trigger.definition.trigger.name
    const at = `${Instant.format(now).slice(11, 19)}Z`
    return linesOf(news).map(
      (line) => `${ink.dim(at)}  ${name.padEnd(nameWidth)}  ${OccurrenceText.coloured(line, ink)}`
    )
  }
}
