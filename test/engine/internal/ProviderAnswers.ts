/**
 * What a provider may answer in a random history, and what each answer says of the message.
 */
import * as FakeMessenger from "@fibercast/testkit/FakeMessenger"
import { Schema } from "effect"

export const Kind = Schema.Literals([
  "accept",
  "slow",
  "transient",
  "unknown",
  "rateLimited",
  "accountTransient",
  "recipientPermanent",
  "campaignPermanent",
  "hang",
  "die",
  "accept",
  "slow"
])
export type Kind = typeof Kind.Type

export const answerOf = (kind: Kind): FakeMessenger.Answer => {
  switch (kind) {
    case "accept":
      return FakeMessenger.accept
    case "slow":
      return FakeMessenger.delay("1500 millis")
    case "hang":
      return FakeMessenger.hang
    case "die":
      return FakeMessenger.die()
    case "rateLimited":
      return FakeMessenger.fail(kind, "slow down", 5000)
    default:
      return FakeMessenger.fail(kind)
  }
}

/** After such an answer the message is surely not on its way. */
export const refusals: ReadonlySet<Kind> = new Set([
  "transient",
  "rateLimited",
  "accountTransient",
  "recipientPermanent",
  "campaignPermanent"
])
