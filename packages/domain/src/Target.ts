/**
 * A target is what a trigger sets off: one delivery of a pipeline, or a campaign. Code that a trigger runs is a delivery
 * of a pipeline of its own.
 */
import { Schema } from "effect"
import { AudienceSpec } from "./Audience.ts"
import { Guarantee } from "./Campaign.ts"
import { Lane } from "./Lane.ts"
import { Rate } from "./Limits.ts"

const PipelineName = Schema.NonEmptyString.check(Schema.isMaxLength(200))

export const Target = Schema.Union([
  Schema.TaggedStruct("Deliver", {
    pipeline: PipelineName,
    /** As the pipeline's payload schema encodes it. Code may make another for each occurrence. */
    payload: Schema.Json,
    lane: Lane
  }),
  /** A recurring campaign: each occurrence reads the audience anew and launches a campaign of its own. */
  Schema.TaggedStruct("Launch", {
    pipeline: PipelineName,
    template: Schema.String,
    audience: AudienceSpec,
    /** The column that holds the address. */
    addressColumn: Schema.NonEmptyString,
    /** The column that tells recipients apart; left out: the address does. */
    identityColumn: Schema.optionalKey(Schema.NonEmptyString),
    /** ISO 3166 alpha-2 region of numbers written without a country code. */
    region: Schema.optionalKey(Schema.String),
    /** Left out: the pipeline's. */
    lane: Schema.optionalKey(Lane),
    guarantee: Schema.optionalKey(Guarantee),
    rate: Schema.optionalKey(Rate)
  })
])
export type Target = typeof Target.Type

/** In a table: `broadcast.fonnte`. */
export const describe = (target: Target): string =>
  target._tag === "Deliver" ? target.pipeline : `campaign by ${target.pipeline}`
