/**
 * Compares what the ledger says of a campaign with what the provider really accepted, recipient by recipient.
 */
import { type FinalState } from "@fibercast/domain/DeliveryState"

export interface ProviderTruth {
  /** Messages the provider accepted. */
  readonly accepted: number
  /** Recipients it accepted more than one message for. */
  readonly duplicates: number
  /** Recipients that the ledger calls sent, and the provider knows nothing of. */
  readonly lost: number
  /** Recipients in doubt, and for how many of them the provider had accepted the message. */
  readonly unknown: number
  readonly unknownAccepted: number
  /** Accepted for someone whom the ledger calls neither sent nor unknown. */
  readonly unaccounted: number
}

export const compare = (options: {
  /** Everybody the campaign writes to. */
  readonly recipients: ReadonlySet<string>
  /** Those of them that the ledger does not call sent. */
  readonly notSent: ReadonlyMap<string, FinalState>
  /** Messages the provider accepted, by recipient. */
  readonly accepted: ReadonlyMap<string, number>
}): ProviderTruth => {
  const { accepted, notSent, recipients } = options
  const isIn = (state: FinalState) => (recipient: string) => notSent.get(recipient) === state
  const people = Array.from(recipients)
  const unknown = people.filter(isIn("unknown"))
  const targets = Array.from(accepted.keys())
  return {
    accepted: Array.from(accepted.values()).reduce((sum, count) => sum + count, 0),
    duplicates: targets.filter((target) => (accepted.get(target) ?? 0) > 1).length,
    lost: people.filter((recipient) => !notSent.has(recipient) && !accepted.has(recipient)).length,
    unknown: unknown.length,
    unknownAccepted: unknown.filter((recipient) => accepted.has(recipient)).length,
    unaccounted: targets.filter(
      (target) => !recipients.has(target) || (notSent.has(target) && !isIn("unknown")(target))
    ).length
  }
}

/** Nobody was left out or written to twice behind the ledger's back. */
export const isHonest = ({ duplicates, lost, unaccounted }: ProviderTruth): boolean =>
  duplicates === 0 && lost === 0 && unaccounted === 0
