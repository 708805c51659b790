/**
 * Deliveries for people: in a table of those that ended, and one with all that is known of it.
 */
import { isFinal } from "@fibercast/domain/DeliveryState"
import { type AttemptRecord, type DeliveryRecord } from "@fibercast/ports/Records"
import { type Workspace } from "@fibercast/ports/WorkspaceStore"
import { Result, Schema } from "effect"
import * as CampaignReport from "./CampaignReport.ts"
import * as ClockText from "./ClockText.ts"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as Instant from "./Instant.ts"
import * as Table from "./Table.ts"

const left = (title: string): Table.Column => ({ title, align: "left" })
const right = (title: string): Table.Column => ({ title, align: "right" })

interface Column extends Table.Column {
  readonly of: (record: DeliveryRecord, zone: string) => string
}

const columns: ReadonlyArray<Column> = [
  { ...right("id"), of: ({ id }) => String(id) },
  {
    ...left("ended"),
    of: ({ settledAt }, zone) => (settledAt === null ? "" : ClockText.toTheSecond(settledAt, zone))
  },
  { ...left("pipeline"), of: ({ pipeline }) => Table.shownIn(pipeline, 24) },
  { ...right("campaign"), of: ({ campaignId }) => (campaignId === null ? "" : String(campaignId)) },
  { ...left("state"), of: ({ state }) => state },
  { ...left("class"), of: ({ errorClass }) => errorClass ?? "" },
  { ...right("tries"), of: ({ attempt }) => String(attempt) }
]

/** Left out, one after the other, on a terminal that has no room for a reason beside them. */
const leftOut = ["tries", "campaign", "state", "pipeline", "ended"]
const narrowest = 24

/** A line each under their titles. `zone`: whose wall clock tells when; `wide`: of the terminal, null: any number. */
export const lines = (
  records: ReadonlyArray<DeliveryRecord>,
  zone: string,
  wide: number | null,
  ink: Ink
): ReadonlyArray<string> => {
  const table = (without: ReadonlyArray<string>, roomForReason: number) => {
    const kept = columns.filter(({ title }) => !without.includes(title))
    return Table.format(
      [...kept, left("reason")],
      records.map((record) => [
        ...kept.map(({ of }) => of(record, zone)),
        roomForReason === 0 ? "" : Table.shownIn(record.reason ?? "", roomForReason)
      ])
    )
  }
  const room = (without: ReadonlyArray<string>) =>
    wide === null ? Table.maxWidth : wide - Math.max(...table(without, 0).slice(1).map(Table.width), 0) - 2
  const choices = [[], ...leftOut.map((_, at) => leftOut.slice(0, at + 1))]
  const chosen = choices.find((without) => room(without) >= narrowest) ?? leftOut
  const [title = "", ...body] = table(chosen, Math.max(narrowest, room(chosen)))
  return [ink.dim(title), ...body]
}

/** Characters of a payload that are shown unless all were asked for: what fits on a screen. */
export const payloadShown = 1000

const decode = Schema.decodeUnknownResult(Schema.fromJsonString(Schema.Unknown))

/** The payload over several lines; every control character in it is escaped, as JSON does and `visible` does. */
const payloadLines = (payload: string, isFull: boolean): ReadonlyArray<string> => {
  const whole = Result.match(decode(payload), {
    onFailure: () => payload,
    onSuccess: (value) => JSON.stringify(value, null, 2)
  })
  // No half of a character that is two units of text.
  const shown = isFull ? whole : whole.slice(0, payloadShown).replace(/[\uD800-\uDBFF]$/u, "")
  const more = whole.length - shown.length
  return [
    ...shown.split("\n").map((line) => `  ${Table.visible(line)}`),
    ...(more > 0 ? [`  … ${Figures.counted(more, "more character")}: --full and --json print all`] : [])
  ]
}

/** What is known of who has it. */
const held = ({ claim }: DeliveryRecord, now: number): ReadonlyArray<readonly [string, string]> => {
  if (claim === null) return []
  const { claimedAt, isStarted, owner } = claim
  const by = owner === null ? "by nobody any more" : `by ${Table.visible(owner)}`
  const started = isStarted ? ", begun: it may have been sent" : ""
  return [["claimed", `${Figures.brief(now - claimedAt)} ago ${by}${started}`]]
}

/** How it stands, after its name. */
const standing = ({ dueAt, errorClass, payload, settledAt, state }: DeliveryRecord, now: number): string => {
  if (state === "claimed") return "is under way"
  if (!isFinal(state)) {
    return dueAt <= now ? `waits for ${Figures.span(now - dueAt)}` : `is due in ${Figures.span(dueAt - now)}`
  }
  const since = settledAt === null ? "" : ` ${Figures.span(now - settledAt)}`
  const kind = errorClass === null ? "" : ` (${errorClass})`
  const gone = state !== "completed" && payload === null ? ", and was forgotten" : ""
  return `${state === "unknown" ? `is in doubt for${since}` : `${state}${since} ago`}${kind}${gone}`
}

const coloured = ({ state }: DeliveryRecord, ink: Ink): ((text: string) => string) => {
  if (state === "completed") return ink.green
  if (state === "failed" || state === "unknown") return ink.red
  return isFinal(state) ? ink.yellow : ink.cyan
}

const attemptLines = (attempts: ReadonlyArray<AttemptRecord>, zone: string, ink: Ink): ReadonlyArray<string> => {
  if (attempts.length === 0) return []
  const [title = "", ...body] = Table.format(
    [right("try"), left("ended"), left("as"), left("class"), left("reason")],
    attempts.map(({ at, attempt, errorClass, outcome, reason }) => [
      String(attempt),
      ClockText.toTheSecond(at, zone),
      outcome,
      errorClass ?? "",
      reason ?? ""
    ])
  )
  return ["", ink.bold("Tries that did not complete"), "", ink.dim(`  ${title}`), ...body.map((line) => `  ${line}`)]
}

export interface Shown {
  readonly record: DeliveryRecord
  readonly attempts: ReadonlyArray<AttemptRecord>
}

const fact = <A>(title: string, value: A | null, say: (value: A) => string) =>
  value === null ? [] : [[title, say(value)] as const]

/** All that is known; times on the wall clock of its workspace. */
export const full = (
  { attempts, record }: Shown,
  { name, zone }: Pick<Workspace, "name" | "zone">,
  now: number,
  isFull: boolean,
  ink: Ink
): ReadonlyArray<string> => {
  const { batchId, campaignId, deadline, dispatchedAt, dueAt, lane, payload, reason, recalled, settledAt, tags } =
    record
  const at = (millis: number) => ClockText.toTheSecond(millis, zone)
  return [
    `${ink.bold(`Delivery ${record.id}`)} ${coloured(record, ink)(standing(record, now))}`,
    "",
    ...CampaignReport.facts(
      [
        ...fact("reason", reason, Table.visible),
        ["workspace", Table.visible(name)],
        ["pipeline", Table.visible(record.pipeline)],
        ...fact("lane", lane, String),
        ...fact("campaign", campaignId, String),
        ...fact("batch", batchId, String),
        ...(tags.length === 0 ? [] : [["tags", Table.visible(tags.join(", "))] as const]),
        ...fact("dispatched", dispatchedAt, at),
        ["due", at(dueAt)],
        ...fact("deadline", deadline, at),
        ...held(record, now),
        ...fact("asked back", recalled, Table.visible),
        ...fact("ended", settledAt, at),
        [
          "tries",
          `${record.attempt}${record.rescues > 0 ? `, taken over ${Figures.counted(record.rescues, "time")} from a node that died` : ""}`
        ],
        ...fact("provider id", record.providerId, Table.visible)
      ],
      ink
    ),
    ...attemptLines(attempts, zone, ink),
    ...(payload === null ? [] : ["", ink.bold("Payload"), "", ...payloadLines(payload, isFull)])
  ]
}

const instant = (millis: number | null) => (millis === null ? null : Instant.format(millis))

const parsed = (payload: string | null): unknown =>
  payload === null ? null : Result.getOrElse(decode(payload), () => payload)

/** As `--json` prints it; instants in ISO 8601, UTC. */
export const json = (record: DeliveryRecord, workspace: string) => {
  const { claim, deadline, dispatchedAt, dueAt, id, payload, settledAt, workspaceId: _id, ...rest } = record
  return {
    id: String(id),
    workspace,
    ...rest,
    dispatchedAt: instant(dispatchedAt),
    dueAt: instant(dueAt),
    deadline: instant(deadline),
    settledAt: instant(settledAt),
    claim: claim && { ...claim, claimedAt: instant(claim.claimedAt) },
    payload: parsed(payload)
  }
}

export const attemptJson = (attempt: AttemptRecord) => ({ ...attempt, at: instant(attempt.at) })
