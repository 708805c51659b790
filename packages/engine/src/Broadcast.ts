/**
 * A broadcast is the pipeline of campaigns: each recipient gets the campaign's template, filled with the
 * recipient's own columns, through one messenger.
 */
import * as Template from "@fibercast/content/Template"
import { type Campaign, type Guarantee } from "@fibercast/domain/Campaign"
import { type ErrorClass } from "@fibercast/domain/ErrorClass"
import { type Message } from "@fibercast/domain/Message"
import { Recipient } from "@fibercast/domain/Recipient"
import { type RetryPolicy } from "@fibercast/domain/RetryPolicy"
import { type Accepted, type Messenger, type SendFailed } from "@fibercast/ports/Messenger"
import { type Context, type Duration, Effect, Exit, Result, Schema } from "effect"
import { type AccountClosed, type AccountGates } from "./AccountGates.ts"
import * as Pipeline from "./Pipeline.ts"

/** The delivery belongs to no campaign, so there is no template for it. */
export class NoCampaign extends Schema.TaggedError<NoCampaign>()("NoCampaign", {}) {
  readonly errorClass: ErrorClass = "messagePermanent"

  override get message(): string {
    return "the delivery belongs to no campaign, so it has no template"
  }
}

/** The template leaves nothing to send to this recipient. */
export class EmptyMessage extends Schema.TaggedError<EmptyMessage>()("EmptyMessage", {}) {
  readonly errorClass: ErrorClass = "recipientPermanent"

  override get message(): string {
    return "the message would be empty"
  }
}

export type Unrendered =
  | Template.BadTemplate
  | Template.MissingValue
  | Template.RenderFailed
  | NoCampaign
  | EmptyMessage

/** Compiled templates kept at a time, in each running pipeline. */
const maxTemplates = 64

const makeRender = () => {
  const compiled = new Map<string, Result.Result<Template.Template, Template.BadTemplate>>()

  const templateOf = ({ spec, templateHash }: Campaign): Result.Result<Template.Template, Template.BadTemplate> => {
    const key = `${templateHash} ${spec.zone}`
    const known = compiled.get(key)
    if (known !== undefined) return known
    const [oldest] = compiled.keys()
    if (oldest !== undefined && compiled.size >= maxTemplates) compiled.delete(oldest)
    const fresh = Template.compile(spec.template, spec.zone === null ? {} : { zone: spec.zone })
    compiled.set(key, fresh)
    return fresh
  }

  return (
    recipient: Recipient,
    { campaign }: { readonly campaign: Campaign | null }
  ): Exit.Exit<Message, Unrendered> => {
    if (campaign === null) return Exit.fail(new NoCampaign())
    const template = templateOf(campaign)
    if (Result.isFailure(template)) return Exit.fail(template.failure)
    const text = Template.render(template.success, recipient.columns)
    if (Result.isFailure(text)) return Exit.fail(text.failure)
    if (text.success.trim() === "") return Exit.fail(new EmptyMessage())
    return Exit.succeed({ to: recipient.address, text: text.success })
  }
}

/**
 * A stage that fills the campaign's template, shown in the campaign's zone. A recipient without a value that the
 * template needs is skipped; a template that cannot be read holds the campaign. Templates are compiled once; at most
 * 64 are kept.
 */
export const render: Pipeline.Stage<Recipient, Message, Unrendered> = Pipeline.stage(Effect.sync(makeRender))

/**
 * The pipeline `broadcast.<provider>` for campaigns. `provider` in lower case, as operators know it: `fonnte`.
 * A campaign's own guarantee goes before the one given here.
 */
export const make = <Id>(
  provider: string,
  messenger: Context.Key<Id, Messenger>,
  options?: {
    readonly retry?: RetryPolicy | undefined
    readonly timeout?: Duration.Input | null | undefined
    readonly guarantee?: Guarantee | undefined
  }
): Pipeline.Pipeline<Recipient, Accepted, Unrendered | SendFailed | AccountClosed, Id | AccountGates> =>
  Pipeline.make(`broadcast.${provider}`, { ...options, payload: Recipient, lane: "bulk" }).pipe(
    render,
    Pipeline.send(messenger)
  )
