/**
 * Which deliveries are meant, as the commands of `fibercast queue` are told: by flags, each optional, that all must
 * hold.
 */
import { CampaignId } from "@fibercast/domain/Campaign"
import { type FinalState } from "@fibercast/domain/DeliveryState"
import { ErrorClass } from "@fibercast/domain/ErrorClass"
import { lanes } from "@fibercast/domain/Lane"
import { listed, nearest } from "@fibercast/domain/Nearest"
import { type EndedFilter, Records, type WorkFilter } from "@fibercast/ports/Records"
import { Duration, Effect, Option, Schema } from "effect"
import { Flag } from "effect/cli"
import * as Figures from "./Figures.ts"
import { period } from "./SendFlags.ts"
import * as WorkspaceLookup from "./WorkspaceLookup.ts"

/** No pipeline has this name. */
class UnknownPipeline extends Schema.TaggedError<UnknownPipeline>()("UnknownPipeline", {
  name: Schema.String,
  others: Schema.Array(Schema.String)
}) {
  override get message(): string {
    const { name, others } = this
    const meant = nearest(name, others)
    const todo =
      meant !== undefined
        ? `Did you mean "${meant}"?`
        : others.length === 0
          ? "Nothing was recorded of any yet."
          : `There are: ${listed(others)}.`
    return `There is no pipeline "${name}". ${todo}`
  }
}

/** For work of any kind. */
export const workFlags = {
  workspace: Flag.String("workspace").pipe(
    Flag.optional,
    Flag.withMetavar("NAME"),
    Flag.withDescription("Of this workspace (default: all)")
  ),
  pipeline: Flag.String("pipeline").pipe(
    Flag.optional,
    Flag.withMetavar("NAME"),
    Flag.withDescription("Of this pipeline")
  ),
  lane: Flag.Literals("lane", lanes).pipe(Flag.optional, Flag.withDescription("Of this lane")),
  campaign: Flag.Int("campaign").pipe(
    Flag.filter(
      (id) => id > 0,
      () => "Expected the number of a campaign, from 1"
    ),
    Flag.optional,
    Flag.withMetavar("ID"),
    Flag.withDescription("Of the campaign with this number")
  ),
  tag: Flag.String("tag").pipe(Flag.optional, Flag.withMetavar("TAG"), Flag.withDescription("That have this tag"))
}

/** What did not complete. */
export const uncompleted = ["failed", "unknown", "cancelled", "expired", "skipped"] as const

/** For work that ended. */
export const endedFlags = {
  ...workFlags,
  state: Flag.Literals("state", uncompleted).pipe(Flag.optional),
  class: Flag.Literals("class", ErrorClass.literals).pipe(
    Flag.optional,
    Flag.withDescription("Whose failure was of this kind")
  ),
  reason: Flag.String("reason").pipe(
    Flag.optional,
    Flag.withMetavar("TEXT"),
    Flag.withDescription("Whose reason has this in it, whatever the case of its letters")
  ),
  since: period("since").pipe(Flag.optional, Flag.withDescription("That ended within this time: 90s, 10min, 2h, 1d"))
}

export interface WorkInput {
  readonly workspace: Option.Option<string>
  readonly pipeline: Option.Option<string>
  readonly lane: Option.Option<(typeof lanes)[number]>
  readonly campaign: Option.Option<number>
  readonly tag: Option.Option<string>
}

export interface EndedInput extends WorkInput {
  readonly state: Option.Option<FinalState>
  readonly class: Option.Option<ErrorClass>
  readonly reason: Option.Option<string>
  readonly since: Option.Option<Duration.Duration>
}

/** Whether anything was said about which are meant; a state alone says little. */
export const isNarrow = (input: EndedInput): boolean => {
  const { campaign, lane, pipeline, reason, since, tag, workspace } = input
  const given: ReadonlyArray<Option.Option<unknown>> = [campaign, lane, pipeline, reason, since, tag, workspace]
  return given.some(Option.isSome) || Option.isSome(input.class)
}

/** Checks the names, and says what is wrong with one that nobody has. */
export const ofWork = Effect.fnUntraced(function* (input: WorkInput) {
  const records = yield* Records
  const { campaign, lane, pipeline, tag, workspace } = input
  let workspaceId: WorkFilter["workspaceId"] = null
  if (Option.isSome(workspace)) {
    workspaceId = (yield* WorkspaceLookup.find(workspace.value)).id
  }
  if (Option.isSome(pipeline)) {
    const pipelines = yield* records.pipelines
    if (!pipelines.includes(pipeline.value)) {
      return yield* new UnknownPipeline({ name: pipeline.value, others: pipelines })
    }
  }
  return {
    workspaceId,
    pipeline: Option.getOrUndefined(pipeline),
    lane: Option.getOrUndefined(lane),
    campaignId: Option.getOrUndefined(Option.map(campaign, (id) => CampaignId.make(id))),
    tag: Option.getOrUndefined(tag)
  } satisfies WorkFilter
})

/** Of what ended by `now`; what ends later is not meant. `states`: those that are meant unless one was named. */
export const ofEnded = Effect.fnUntraced(function* (input: EndedInput, states: ReadonlyArray<FinalState>, now: number) {
  const { reason, since, state } = input
  return {
    ...(yield* ofWork(input)),
    states: Option.match(state, { onNone: () => states, onSome: (one) => [one] }),
    errorClass: Option.getOrUndefined(input.class),
    reason: Option.getOrUndefined(reason),
    from: Option.getOrUndefined(Option.map(since, (span) => now - Duration.toMillis(span))),
    until: now + 1
  } satisfies EndedFilter
})

const part = <A>(option: Option.Option<A> | undefined, say: (value: A) => string) =>
  option === undefined || Option.isNone(option) ? [] : [say(option.value)]

/** After "312 failed deliveries": ` of campaign 7 in lane bulk`. */
export const words = (input: WorkInput & Partial<EndedInput>): string => {
  const { campaign, lane, pipeline, reason, since, tag, workspace } = input
  return [
    ...part(campaign, (id) => ` of campaign ${id}`),
    ...part(pipeline, (name) => ` of ${name}`),
    ...part(workspace, (name) => ` of workspace ${name}`),
    ...part(lane, (name) => ` in lane ${name}`),
    ...part(tag, (name) => ` with the tag "${name}"`),
    ...part(input.class, (name) => ` of class ${name}`),
    ...part(reason, (text) => `, because of "${text}"`),
    ...part(since, (span) => ` in the last ${Figures.span(Duration.toMillis(span))}`)
  ].join("")
}

const named = (states: ReadonlyArray<FinalState>): string =>
  states.map((state) => (state === "unknown" ? "doubtful" : state)).join(" or ")

/** `There is no failed delivery of campaign 7`. */
export const none = (states: ReadonlyArray<FinalState>, input: EndedInput): string =>
  `There is no ${named(states)} delivery${words(input)}`

/** `312 failed deliveries of campaign 7`; of one state, or of several. */
export const counted = (count: number, states: ReadonlyArray<FinalState>, input: EndedInput): string =>
  `${Figures.amount(count)} ${named(states)} ${count === 1 ? "delivery" : "deliveries"}${words(input)}`
