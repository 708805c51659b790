/**
 * What `fibercast send` is asked to do, checked as far as that is possible without a provider and a database:
 * the file can be read to its end, the columns exist, the template compiles and asks for nothing else.
 */
import * as Template from "@fibercast/content/Template"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Rate } from "@fibercast/domain/Limits"
import { type Launch } from "@fibercast/engine/CampaignLaunch"
import { type Duration, Effect, type FileSystem, Path, Result, Schema, Stream } from "effect"
import { createHash } from "node:crypto"
import * as CsvFile from "./CsvFile.ts"
import { type FileTrouble } from "./FileTrouble.ts"
import * as Provider from "./Provider.ts"

/** There is nothing to send. */
export class BlankTemplate extends Schema.TaggedError<BlankTemplate>()("BlankTemplate", {}) {
  override get message(): string {
    return 'The template is blank: nobody would be told anything. Write the message, like --template "Halo {{ name }}".'
  }
}

/** As written on the command line, each value on its own already checked. */
export interface SendRequest {
  readonly audience: string
  readonly to: string
  readonly template: string
  readonly provider: Provider.Provider
  readonly url: string | undefined
  readonly region: string | undefined
  readonly rate: Rate | undefined
  readonly at: { readonly wallTime: string; readonly zone: string } | undefined
  readonly guarantee: Guarantee
  readonly deadline: Duration.Duration | undefined
  readonly name: string | undefined
  readonly key: string | undefined
}

export interface Checked {
  readonly csv: CsvFile.CsvFile
  readonly template: Template.Template
}

/** Opens the audience and checks the template against it. */
export const check = Effect.fn("SendRequest.check")(function* (
  asked: SendRequest
): Effect.fn.Return<
  Checked,
  FileTrouble | BlankTemplate | Template.BadTemplate | Template.UnknownVariables,
  FileSystem.FileSystem
> {
  if (asked.template.trim() === "") return yield* new BlankTemplate()
  const template = yield* Effect.fromResult(
    Template.compile(asked.template, asked.at === undefined ? {} : { zone: asked.at.zone })
  )
  const csv = yield* CsvFile.open(asked.audience)
  yield* CsvFile.requireColumn({
    file: asked.audience,
    csv,
    region: asked.region ?? "US",
    flag: "--to",
    column: asked.to
  })
  const columns = Template.checkColumns(template, csv.header)
  if (Result.isFailure(columns)) return yield* columns.failure
  return { csv, template }
})

/** Reads the audience to its end, so that no campaign stops half-way at a byte that is no text. Counts its rows. */
export const countRows = ({ csv }: Checked): Effect.Effect<number, FileTrouble> =>
  Stream.runFold(
    csv.rows,
    () => 0,
    (rows) => rows + 1
  )

/** The campaign's name unless one is given: the file's. */
export const nameOf = Effect.fnUntraced(function* (asked: SendRequest) {
  const path = yield* Path.Path
  return asked.name ?? path.basename(asked.audience, path.extname(asked.audience))
})

/**
 * The campaign's key unless one is given: the file's name, and a digest of who is written to (the column), what and
 * through whom. The same command finds its campaign again; when, how fast and how carefully it sends, and the rows of
 * the file, are no part of it: a change of those is noticed instead of sending to the same people twice.
 */
export const keyOf = Effect.fnUntraced(function* (asked: SendRequest) {
  if (asked.key !== undefined) return asked.key
  const path = yield* Path.Path
  const { provider, template, to, url } = asked
  const digest = createHash("sha256").update(JSON.stringify([to, template, provider, url ?? null]))
  return `${path.basename(asked.audience)}:${digest.digest("hex").slice(0, 12)}`
})

/** The launch of a campaign that does what is asked. */
export const launchOf = Effect.fnUntraced(function* (
  asked: SendRequest,
  identity: Pick<Launch, "workspaceId"> & { readonly key: string }
) {
  const path = yield* Path.Path
  return {
    ...identity,
    name: yield* nameOf(asked),
    pipeline: Provider.pipelineName(asked.provider),
    template: asked.template,
    audience: { _tag: "Csv", path: path.resolve(asked.audience) },
    addressColumn: asked.to,
    region: asked.region,
    guarantee: asked.guarantee,
    rate: asked.rate,
    at: asked.at,
    deadline: asked.deadline
  } satisfies Launch
})
