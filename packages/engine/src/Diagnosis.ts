/**
 * A diagnosis says why nothing moves, and what else is not as it should be: facts in, findings out.
 *
 * It is pure: the same facts make the same findings, the worst first. Callers may rely on this:
 * - What is due and cannot be worked as things stand has a finding that says why.
 * - A finding is of one thing, and none is made twice. What follows from another is left out: where no node works at all,
 *   nothing is said of lanes and pipelines that none serves.
 * - A system in which all that is due is being worked has no finding.
 */
import { type DiagnosisFacts } from "./DiagnosisFacts.ts"
import { type Finding, worstFirst } from "./Finding.ts"
import * as NodeFindings from "./internal/NodeFindings.ts"
import * as WorkFindings from "./internal/WorkFindings.ts"

export const of = (facts: DiagnosisFacts): ReadonlyArray<Finding> =>
  worstFirst([...NodeFindings.of(facts), ...WorkFindings.of(facts)])
