/**
 * What `fibercast schedule add` is asked for, made into the definition of a trigger: one time, one thing to set off, and
 * each checked as far as that is possible before anything is stored.
 */
import * as WallTime from "@fibercast/domain/WallTime"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Rate } from "@fibercast/domain/Limits"
import { type Overlap } from "@fibercast/domain/Overlap"
import { type Target } from "@fibercast/domain/Target"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import { DateTime, Duration, Effect, Path, type Schema } from "effect"
import { Misused } from "./Ending.ts"
import * as Provider from "./Provider.ts"
import * as SendRequest from "./SendRequest.ts"

export const overlaps = ["allow", "skip", "buffer-one", "buffer-all", "cancel-other", "terminate-other"] as const

const overlapOf: Readonly<Record<(typeof overlaps)[number], Overlap>> = {
  allow: { _tag: "Allow" },
  skip: { _tag: "Skip" },
  "buffer-one": { _tag: "BufferOne" },
  "buffer-all": { _tag: "BufferAll", cap: 100 },
  "cancel-other": { _tag: "CancelOther" },
  "terminate-other": { _tag: "TerminateOther" }
}

/** As written on the command line, each value on its own already checked. */
export interface TriggerRequest {
  readonly name: string
  readonly cron: string | undefined
  readonly every: Duration.Duration | undefined
  readonly at: string | undefined
  readonly zone: string | undefined
  readonly pipeline: string | undefined
  readonly payload: Schema.Json | undefined
  readonly audience: string | undefined
  readonly to: string | undefined
  readonly template: string | undefined
  readonly provider: Provider.Provider | undefined
  readonly rate: Rate | undefined
  readonly region: string | undefined
  readonly guarantee: Guarantee | undefined
  readonly overlap: (typeof overlaps)[number] | undefined
  readonly deadline: Duration.Duration | undefined
  readonly description: string | undefined
}

/** What is sent through Fonnte without a rate of one's own: WhatsApp bans numbers that send fast. */
const careful: Rate = { permits: 1, per: 1000 }

const misused = (message: string) => Effect.fail(new Misused({ message }))

/** The flags of the request that were given. */
const given = (asked: TriggerRequest, names: ReadonlyArray<keyof TriggerRequest>): ReadonlyArray<string> =>
  names.filter((name) => asked[name] !== undefined).map((name) => `--${name}`)

const timingOf = Effect.fnUntraced(function* (asked: TriggerRequest, now: number, home: string) {
  const times = given(asked, ["cron", "every", "at"])
  if (times.length !== 1) {
    return yield* misused(
      times.length === 0
        ? 'Say when it fires: --cron "0 9 * * MON-FRI", --every 10min, or --at "2026-12-01 09:00".'
        : `${times.join(" and ")} do not go together: a trigger has one time.`
    )
  }
  const { at, cron, every, zone } = asked
  if (cron !== undefined) return yield* Effect.fromResult(Trigger.cron(cron))
  if (every !== undefined) return Trigger.every(every)
  const wall = at ?? ""
  const once = yield* Effect.fromResult(Trigger.onceAt(wall))
  const instant = yield* Effect.fromResult(WallTime.instant(wall, zone ?? home))
  if (DateTime.toEpochMillis(instant) <= now) {
    return yield* misused(`${wall} in ${zone ?? home} has passed: it would never fire.`)
  }
  return once
})

const campaignOf = Effect.fnUntraced(function* (asked: TriggerRequest, audience: string, home: string) {
  const { guarantee, provider, rate, region, template, to } = asked
  if (to === undefined || template === undefined || provider === undefined) {
    const lacking = (["to", "template", "provider"] as const).filter((name) => asked[name] === undefined)
    return yield* misused(`--audience also needs ${lacking.map((name) => `--${name}`).join(", ")}.`)
  }
  const paths = yield* Path.Path
  const zone = asked.zone ?? home
  yield* SendRequest.check({
    audience,
    to,
    template,
    provider,
    url: undefined,
    region,
    rate,
    at: { wallTime: "", zone },
    guarantee: guarantee ?? "at-least-once",
    deadline: asked.deadline,
    name: asked.name,
    key: undefined
  })
  const paced = rate ?? (provider === "log" ? undefined : careful)
  return {
    _tag: "Launch",
    pipeline: Provider.pipelineName(provider),
    template,
    audience: { _tag: "Csv", path: paths.resolve(audience) },
    addressColumn: to,
    ...(region === undefined ? {} : { region }),
    ...(guarantee === undefined ? {} : { guarantee }),
    ...(paced === undefined ? {} : { rate: paced })
  } satisfies Target
})

const targetOf = Effect.fnUntraced(function* (asked: TriggerRequest, home: string) {
  const { audience, payload, pipeline } = asked
  if (pipeline !== undefined) {
    const campaign = given(asked, ["audience", "to", "template", "provider", "rate", "region", "guarantee"])
    if (campaign.length > 0) {
      return yield* misused(`--pipeline and ${campaign.join(", ")} do not go together: give a pipeline or a campaign.`)
    }
    return { _tag: "Deliver", pipeline, payload: payload ?? null, lane: "normal" } satisfies Target
  }
  if (audience === undefined) {
    return yield* misused(
      "Say what it sets off: --pipeline NAME, or a campaign: --audience FILE --to COLUMN --template TEXT --provider log."
    )
  }
  if (payload !== undefined) return yield* misused("--payload goes with --pipeline.")
  return yield* campaignOf(asked, audience, home)
})

/** `home`: the zone of the workspace, for triggers that name none. */
export const definitionOf = Effect.fn("TriggerRequest.definitionOf")(function* (
  asked: TriggerRequest,
  now: number,
  home: string
) {
  const { deadline, description, name, overlap, zone } = asked
  if (!TriggerDefinition.isName(name)) {
    return yield* misused(`"${name}" cannot name a trigger: ${TriggerDefinition.nameRule}.`)
  }
  const timing = yield* timingOf(asked, now, home)
  const target = yield* targetOf(asked, home)
  const made = TriggerDefinition.make({ ...Trigger.named(name)(timing), zone: zone ?? null }, target)
  return {
    ...made,
    ...(overlap === undefined ? {} : { overlap: overlapOf[overlap] }),
    ...(deadline === undefined ? {} : { deadline: Duration.toMillis(deadline) }),
    ...(description === undefined ? {} : { description })
  } satisfies TriggerDefinition.TriggerDefinition
})
