/**
 * What the doctor found, for a terminal: the worst first, each with what to do, and what was looked at.
 */
import { type DiagnosisFacts } from "@fibercast/engine/DiagnosisFacts"
import { severity } from "@fibercast/engine/Finding"
import { isSilent } from "@fibercast/ports/NodeRegistry"
import { type Examined } from "./DoctorFindings.ts"
import * as Figures from "./Figures.ts"
import * as FindingText from "./FindingText.ts"
import { type Ink } from "./Ink.ts"

/** One line each of what was looked at. */
const looked = ({ nodes, now, work, workspaces }: DiagnosisFacts): ReadonlyArray<string> => {
  const there = nodes.filter((node) => node.state !== "gone" && !isSilent(node, now))
  const open = work.reduce((sum, one) => sum + one.open, 0)
  const waiting = work.reduce((sum, one) => sum + one.waiting, 0)
  const pipelines = new Set(work.map(({ pipeline }) => pipeline)).size
  return [
    `${Figures.counted(there.length, "node")}, ${Figures.counted(workspaces.length, "workspace")}, ` +
      `${Figures.amount(open)} open (${Figures.amount(waiting)} due and waiting) of ${Figures.counted(pipelines, "pipeline")}`
  ]
}

export const lines = (
  { facts, findings }: Examined,
  command: (words: string) => string,
  ink: Ink
): ReadonlyArray<string> => {
  const told = findings.flatMap((finding) => {
    const isCritical = severity(finding) === "critical"
    const { command: words, todo, what, why } = FindingText.of(finding, command)
    return [
      `${isCritical ? ink.red("✗") : ink.yellow("!")} ${ink.bold(what)}`,
      `  ${why}`,
      ...(todo === null ? [] : [`  ${todo}`]),
      ...(words === null ? [] : [`  ${ink.cyan(command(words))}`]),
      ""
    ]
  })
  const seen = facts === null ? [] : looked(facts).map(ink.dim)
  return findings.length === 0
    ? [`${ink.green("✓")} ${ink.bold("Nothing is in the way of what is due.")}`, ...seen.map((line) => `  ${line}`)]
    : [...told, ...seen]
}

/** As `--json` prints it. */
export const json = ({ facts, findings }: Examined, command: (words: string) => string) => ({
  verdict: findings.length === 0 ? "ok" : findings.some((one) => severity(one) === "critical") ? "critical" : "warning",
  findings: findings.map((finding) => {
    const { _tag: code, ...rest } = finding
    const { command: words, todo, what, why } = FindingText.of(finding, command)
    return {
      code,
      severity: severity(finding),
      ...rest,
      what,
      why,
      todo,
      command: words === null ? null : command(words)
    }
  }),
  open: facts === null ? null : facts.work.reduce((sum, one) => sum + one.open, 0),
  nodes: facts === null ? null : facts.nodes.filter(({ state }) => state !== "gone").length
})
