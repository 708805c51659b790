/**
 * What kind of failure an error is. The class, not the error, decides what happens next:
 *
 * | class | the delivery | beyond it |
 * |---|---|---|
 * | transient | retried by its policy, the attempt is charged | |
 * | rateLimited | snoozed until the given instant, uncharged | the account waits as well |
 * | recipientPermanent | skipped before a send, failed by a send | |
 * | messagePermanent | failed | |
 * | campaignPermanent | failed | the campaign is held, with an alarm |
 * | accountTransient | snoozed, uncharged | the account's breaker opens and probes |
 * | accountFatal | snoozed, uncharged | the breaker opens for good, the campaign is held, with an alarm |
 * | unknown | at-least-once: retried, `unknown` when the tries run out; at-most-once: `unknown`, never sent again | |
 */
import { Schema } from "effect"

export const ErrorClass = Schema.Literals([
  "transient",
  "rateLimited",
  "recipientPermanent",
  "messagePermanent",
  "campaignPermanent",
  "accountTransient",
  "accountFatal",
  "unknown"
])
export type ErrorClass = typeof ErrorClass.Type

/** An error that knows its own class. Errors without one are `transient`. */
export interface Classified {
  readonly errorClass: ErrorClass
}
