/**
 * What a scheduler does, a line for each thing as it happens: an occurrence that came to its outcome, a run that is over.
 *
 *     12:00:10Z  heartbeat  fired
 *     12:00:10Z  heartbeat  ✓ completed in 12 ms: still here
 */
import { type News } from "@fibercast/engine/SchedulerListener"
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

const outcomeLine = (news: Extract<News, { readonly _tag: "Recorded" }>): string => {
  const { covers, detail, dueAt, nominal, outcome, recordedAt, reason, trigger } = news
  const late = recordedAt - dueAt
  const ran = outcome === "fired" || outcome === "late"
  const word =
    outcome === "waiting"
      ? OccurrenceText.marked({ outcome, reason, state: null })
      : ran
        ? `▸ ${OccurrenceText.outcome({ outcome, reason })}`
        : OccurrenceText.marked({ outcome, reason, state: null })
  const told = [
    ...(ran && late <= punctual ? [] : [`for ${ClockText.full(nominal, trigger.zone)}`]),
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

const nameOf = (news: News): string => (news._tag === "Ended" ? news.run.name : news.trigger.definition.trigger.name)

const keyOf = (news: News): string =>
  news._tag === "Ended" ? `${news.run.triggerId}/${news.run.nominal}` : `${news.trigger.id}/${news.nominal}`

/** Runs under way that are remembered. */
const remembered = 10_000

/**
 * Says each piece of news in one line. To be made once: it remembers when what it told of began, for the newest 10,000
 * runs under way.
 */
export const make = (ink: Ink) => {
  const begun = new Map<string, number>()
  return (news: News, now: number): string => {
    const key = keyOf(news)
    const since = begun.get(key) ?? null
    begun.delete(key)
    if (news._tag === "Recorded" && (news.outcome === "fired" || news.outcome === "late")) {
      begun.set(key, Math.max(news.recordedAt, news.outcome === "fired" ? news.dueAt : 0))
      const [oldest] = begun.keys()
      if (begun.size > remembered && oldest !== undefined) begun.delete(oldest)
    }
    const line = news._tag === "Ended" ? endLine(news, since) : outcomeLine(news)
    const name = nameOf(news)
    const at = `${Instant.format(now).slice(11, 19)}Z`
    return `${ink.dim(at)}  ${name.padEnd(nameWidth)}  ${OccurrenceText.coloured(line, ink)}`
  }
}
