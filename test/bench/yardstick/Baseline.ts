/**
 * Whether a case became slower than noise explains. What is compared is not the figures, which are another machine's or
 * another hour's, but how Fibercast did in each round against a reference that was measured in that round: the plain loop
 * where the case has it, else the best of the others.
 *
 * A case is slower if what it reached in its middle round is below every round of the baseline, and the baseline's middle
 * round above every round of it. So it takes three rounds of both to say anything; with fewer, nothing is said.
 */
import { type Case } from "./Case.ts"
import * as Report from "./Report.ts"
import { type Sample } from "./Sample.ts"
import * as Statistics from "./Statistics.ts"

export interface Compared {
  readonly case: string
  readonly subject: string
  readonly reference: string
  /** How Fibercast did against the reference: above 1 it was better. */
  readonly before: Statistics.Summary
  readonly now: Statistics.Summary
  readonly verdict: "slower" | "faster" | "within noise"
}

const leastRounds = 3

const byRound = (samples: ReadonlyArray<Sample>, one: Case, subject: string) =>
  new Map(
    samples.filter((sample) => sample.case === one.name && sample.subject === subject).map((s) => [s.round, s.value])
  )

const against = (samples: ReadonlyArray<Sample>, one: Case, subject: string, reference: string) => {
  const theirs = byRound(samples, one, reference)
  return [...byRound(samples, one, subject)].flatMap(([round, value]) => {
    const other = theirs.get(round)
    return other === undefined ? [] : [Report.times(one.unit, value, other)]
  })
}

const referenceOf = (one: Case, samples: ReadonlyArray<Sample>): string | undefined => {
  if (one.subjects.includes("plain")) return "plain"
  return Report.linesOf(one, samples).find(({ subject }) => !subject.startsWith("fibercast"))?.subject
}

export const compare = (
  cases: ReadonlyArray<Case>,
  before: ReadonlyArray<Sample>,
  now: ReadonlyArray<Sample>
): ReadonlyArray<Compared> =>
  cases.flatMap((one) => {
    const reference = referenceOf(one, before)
    if (reference === undefined) return []
    const ours = one.subjects.filter((subject) => subject.startsWith("fibercast"))
    return ours.flatMap((subject): ReadonlyArray<Compared> => {
      const then = against(before, one, subject, reference)
      const today = against(now, one, subject, reference)
      if (then.length < leastRounds || today.length < leastRounds) return []
      const [was, is] = [Statistics.summary(then), Statistics.summary(today)]
      const slower = is.median < was.least && is.most < was.median
      const faster = is.median > was.most && is.least > was.median
      const verdict = slower ? "slower" : faster ? "faster" : "within noise"
      return [{ case: one.name, subject, reference, before: was, now: is, verdict }]
    })
  })
