/**
 * An AudienceSource reads the rows of an audience, from any row on, in the same order each time.
 */
import { type AudienceRow, type AudienceSpec } from "@fibercast/domain/Audience"
import { Context, Effect, Layer, Option, Schema, type Stream } from "effect"
import { openInline } from "./internal/InlineAudience.ts"

/** The audience cannot be read: what, why and what to do. */
export class AudienceUnreadable extends Schema.TaggedError<AudienceUnreadable>()("AudienceUnreadable", {
  source: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.source}: ${this.reason}`
  }
}

const refuse = (source: string, kind: string) =>
  Effect.fail(new AudienceUnreadable({ source, reason: `this node cannot read ${kind}` }))

export interface OpenAudience {
  /** Column names, in order. */
  readonly columns: ReadonlyArray<string>
  /** Changes when the content does. Frozen at launch; a campaign never continues with another audience. */
  readonly hash: string
  /** Rows with `row > after`, ascending, in bounded chunks. */
  readonly rows: (after: number) => Stream.Stream<AudienceRow, AudienceUnreadable>
}

type Kind = AudienceSpec["_tag"]

/** How one kind of audience is opened. */
export type Opener<K extends Kind> = (
  spec: Extract<AudienceSpec, { readonly _tag: K }>
) => Effect.Effect<OpenAudience, AudienceUnreadable>

/** Inline audiences need no opener; a kind that is left out is refused with a clear reason. */
export type Openers = { readonly [K in Exclude<Kind, "Inline">]?: Opener<K> | undefined }

export class AudienceSource extends Context.Service<
  AudienceSource,
  { readonly open: (spec: AudienceSpec) => Effect.Effect<OpenAudience, AudienceUnreadable> }
>()("fibercast/ports/AudienceSource") {
  static readonly make = (openers: Openers) => {
    return AudienceSource.of({
      open: (spec) => {
        switch (spec._tag) {
          case "Inline":
            return openInline(spec.rows)
          case "Csv":
            return openers.Csv?.(spec) ?? refuse(spec.path, "files")
          case "Sql":
            return openers.Sql?.(spec) ?? refuse("query", "from a database")
          case "Named":
            return openers.Named?.(spec) ?? refuse(spec.name, "named audiences")
        }
      }
    })
  }

  /** Inline audiences, and those the application names. */
  static readonly layerMemory = (named: Readonly<Record<string, OpenAudience>> = {}): Layer.Layer<AudienceSource> =>
    Layer.succeed(AudienceSource, AudienceSource.make({ Named: openNamed(named) }))
}

/** Audiences that the application registers by name. */
export const openNamed =
  (named: Readonly<Record<string, OpenAudience>>): Opener<"Named"> =>
  ({ name }) =>
    Option.match(Option.fromUndefinedOr(Object.hasOwn(named, name) ? named[name] : undefined), {
      onNone: () =>
        Effect.fail(
          new AudienceUnreadable({
            source: name,
            reason: `no audience is registered under this name; known: ${Object.keys(named).join(", ") || "none"}`
          })
        ),
      onSome: (audience) => Effect.succeed(audience)
    })
