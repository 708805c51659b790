/**
 * An explanation of a delivery in words: its course, what stands in its way, and what can be done.
 */
import { type Explanation, type Obstacle, type Origin, type Step } from "@fibercast/engine/Explanation"
import { countedBefore, type DeliveryRecord } from "@fibercast/ports/Records"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { quoted } from "./Hint.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as Table from "./Table.ts"

export interface Told {
  readonly record: DeliveryRecord
  readonly explanation: Explanation
  readonly workspace: string
  /** Times are told in it. */
  readonly zone: string
  readonly now: number
  readonly command: (words: string) => string
}

const because = (reason: string | null): string => (reason === null ? "" : `: ${Table.visible(reason)}`)

const byWhom = (origin: Origin): string => {
  switch (origin._tag) {
    case "Job":
      return "as a background job"
    case "Campaign":
      return `by campaign ${origin.id}${origin.name === null ? "" : ` (${Table.visible(origin.name)})`}`
    case "Batch":
      return `by batch ${origin.id}`
    case "Trigger": {
      const late = origin.reason === null ? "" : ` (${origin.reason})`
      return `by trigger ${Table.visible(origin.name)} for ${ClockText.toTheSecond(origin.nominal, origin.zone)}${late}`
    }
  }
}

const stepText = (step: Step): { readonly at: number | null; readonly mark: string; readonly text: string } => {
  switch (step._tag) {
    case "Dispatched":
      return { at: step.at, mark: "+", text: `dispatched ${byWhom(step.by)}` }
    case "Tried": {
      const how =
        step.outcome === "retry" ? "failed, to be tried again" : step.outcome === "failed" ? "failed" : "in doubt"
      const kind = step.errorClass === null ? "" : ` (${step.errorClass})`
      return { at: step.at, mark: "✗", text: `try ${step.attempt} ${how}${kind}${because(step.reason)}` }
    }
    case "Rescued":
      return { at: null, mark: "!", text: `${Figures.counted(step.times, "node")} died while working on it` }
    case "Ended": {
      const mark =
        step.state === "completed" ? "✓" : step.state === "unknown" ? "?" : step.state === "failed" ? "✗" : "–"
      const tries =
        step.attempt === 0 ? "untried" : `after ${Figures.counted(step.attempt, "try").replace(/trys$/u, "tries")}`
      return {
        at: step.at,
        mark,
        text: `${step.state} ${tries}, ${Figures.brief(step.afterMillis)} after it was due${because(step.reason)}`
      }
    }
  }
}

/** What stands in its way, and the words of a command that helps; null: there is none. */
export const obstacleText = (
  obstacle: Obstacle,
  { command, now, record, workspace, zone }: Told
): { readonly text: string; readonly command: string | null } => {
  const of = ` --workspace ${quoted(workspace)}`
  switch (obstacle._tag) {
    case "NotDue": {
      const why = record.attempt > 0 || record.rescues > 0 ? "put off" : "not due yet"
      const when = `${ClockText.toTheSecond(obstacle.dueAt, zone)}, in ${Figures.span(obstacle.dueAt - now)}`
      return { text: `It is ${why} until ${when}.`, command: null }
    }
    case "Claimed": {
      const since = Figures.span(now - obstacle.claimedAt)
      const how = obstacle.isStarted ? "and has begun it" : "and has not said that it has begun it"
      return obstacle.isOrphaned
        ? {
            text: `${obstacle.owner ?? "An owner"} that is gone claimed it ${since} ago; it is taken over by the next engine.`,
            command: `queue rescue${of}`
          }
        : { text: `${obstacle.owner ?? "Its owner"} claimed it ${since} ago, ${how}.`, command: null }
    }
    case "Recalled":
      return {
        text: `It was taken back${because(obstacle.reason)}. It ends as cancelled once it is let go of.`,
        command: null
      }
    case "WorkspaceQuarantined":
      return {
        text: `Its workspace is set aside${because(obstacle.reason)}.`,
        command: `workspace release ${quoted(workspace)}`
      }
    case "CampaignPaused":
      return {
        text: `Its campaign is paused${because(obstacle.note)}.`,
        command: `campaign resume ${obstacle.id}${of}`
      }
    case "LanePaused":
      return { text: `The lane ${obstacle.lane} is paused${because(obstacle.note)}.`, command: `queue resume${of}` }
    case "NoNode":
      return { text: "No node is there that works.", command: "doctor" }
    case "LaneUnserved":
      return { text: `No node serves the lane ${obstacle.lane}.`, command: "doctor" }
    case "PipelineUnknown":
      return { text: `No ${obstacle.role} knows the pipeline ${record.pipeline}.`, command: "doctor" }
    case "DeadlinePassed":
      return {
        text: `Its deadline passed at ${ClockText.toTheSecond(obstacle.deadline, zone)}: it expires when it is claimed.`,
        command: null
      }
    case "Behind":
      return {
        text: `${Figures.amount(obstacle.count)}${obstacle.count >= countedBefore ? " or more" : ""} of its lane and campaign come first.`,
        command: null
      }
    case "Throttled":
      return { text: `At the workspace's rate these take ${Figures.span(obstacle.millis)}.`, command: null }
    case "NextInLine":
      return {
        text: `Nothing is in its way: it is claimed with the next look. If it stays so, ask \`${command("doctor")}\`.`,
        command: null
      }
  }
}

/** What can be done about how it ended; null: nothing is to be done. */
export const remedy = ({ command, record }: Told): string | null => {
  if (record.payload === null) return null
  if (record.state === "failed") return `Try it again: ${command(`queue retry ${record.id}`)}`
  return record.state === "unknown"
    ? `It may have been sent. To send it all the same: ${command(`queue retry ${record.id} --state unknown`)}`
    : null
}

const dyed = (mark: string, ink: Ink): string =>
  mark === "✓"
    ? ink.green(mark)
    : mark === "✗"
      ? ink.red(mark)
      : mark === "!" || mark === "?"
        ? ink.yellow(mark)
        : ink.dim(mark)

export const lines = (told: Told, ink: Ink): ReadonlyArray<string> => {
  const { command, explanation, record, workspace, zone } = told
  const course = explanation.course.map((step) => {
    const { at: instant, mark, text } = stepText(step)
    const when = instant === null ? " ".repeat(26) : ClockText.toTheSecond(instant, zone).padEnd(26)
    return `  ${ink.dim(when)}  ${dyed(mark, ink)} ${text}`
  })
  const lane = record.lane === null ? "" : `, lane ${record.lane}`
  const tags = record.tags.length === 0 ? "" : `, tags ${record.tags.join(", ")}`
  const inTheWay = explanation.obstacles.flatMap((obstacle, place) => {
    const { command: words, text } = obstacleText(obstacle, told)
    return [
      `  ${place === 0 ? ink.yellow("▸") : ink.dim("·")} ${text}`,
      ...(words === null ? [] : [`    ${ink.cyan(command(words))}`])
    ]
  })
  const help = remedy(told)
  return [
    `${ink.bold(`Delivery ${record.id}`)} of ${workspace}: ${record.pipeline}${lane}${tags}`,
    "",
    ...course,
    ...(inTheWay.length === 0
      ? []
      : ["", record.claim === null ? "Why it does not run now:" : "Where it is:", ...inTheWay]),
    ...(help === null ? [] : ["", help])
  ]
}

const at = (instant: number | null): string | null => (instant === null ? null : Instant.format(instant))

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (told: Told) => {
  const { command, explanation, record, workspace } = told
  return {
    ...record,
    id: String(record.id),
    workspace,
    dispatchedAt: at(record.dispatchedAt),
    dueAt: at(record.dueAt),
    deadline: at(record.deadline),
    settledAt: at(record.settledAt),
    claim: record.claim === null ? null : { ...record.claim, claimedAt: at(record.claim.claimedAt) },
    course: explanation.course.map((step) => ({
      ...step,
      ...("at" in step ? { at: at(step.at) } : {}),
      ...("by" in step && "nominal" in step.by ? { by: { ...step.by, nominal: at(step.by.nominal) } } : {}),
      text: stepText(step).text
    })),
    obstacles: explanation.obstacles.map((obstacle) => {
      const { command: words, text } = obstacleText(obstacle, told)
      return { ...obstacle, text, command: words === null ? null : command(words) }
    })
  }
}
