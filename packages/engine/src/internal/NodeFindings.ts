/**
 * What a diagnosis finds about nodes, clocks and schedulers.
 */
import { isSilent } from "@fibercast/ports/NodeRegistry"
import { clockTolerance, type DiagnosisFacts, type NodeFact } from "../DiagnosisFacts.ts"
import { type Finding } from "../Finding.ts"

/** Nodes that are there and take work. */
export const working = ({ nodes, now }: Pick<DiagnosisFacts, "nodes" | "now">): ReadonlyArray<NodeFact> =>
  nodes.filter((node) => (node.state === "working" || node.state === "starting") && !isSilent(node, now))

export const of = (facts: DiagnosisFacts): ReadonlyArray<Finding> => {
  const { clockAhead, nodes, now, unattended, work } = facts
  const waiting = work.reduce((sum, one) => sum + one.waiting, 0)
  const there = working(facts)
  const engines = there.filter(({ roles }) => roles.includes("engine"))
  const senders = there.filter(({ roles }) => roles.includes("sender"))
  // Where senders were seen, engines may hand over to them.
  const handsOver = nodes.some(({ roles }) => roles.includes("sender"))
  return [
    ...(waiting > 0 && engines.length === 0 ? [{ _tag: "NoNode", waiting } as const] : []),
    ...(waiting > 0 && engines.length > 0 && handsOver && senders.length === 0
      ? [{ _tag: "NoSender", waiting } as const]
      : []),
    ...unattended.map(({ app, silentMillis, triggers }): Finding => ({
      _tag: "SchedulerDead",
      app,
      triggers,
      silentMillis
    })),
    ...there.flatMap(({ brokenAccounts, name }) =>
      brokenAccounts.map(({ account, isFatal, reason }): Finding => ({
        _tag: "AccountBroken",
        node: name,
        account,
        reason,
        isFatal
      }))
    ),
    ...nodes
      .filter((node) => isSilent(node, now))
      .map(({ id, name, seenAt }): Finding => ({ _tag: "NodeSilent", node: name, id, silentMillis: now - seenAt })),
    ...nodes
      .filter((node) => node.state === "cordoned" && !isSilent(node, now))
      .map(({ id, name }): Finding => ({ _tag: "NodeCordoned", node: name, id })),
    ...(isWrong(clockAhead, clockTolerance.dueTimes)
      ? [{ _tag: "ClockWrong", node: null, aheadMillis: clockAhead } as const]
      : []),
    ...there.flatMap(({ clockAhead: ahead, name, roles }): ReadonlyArray<Finding> =>
      ahead !== null && isWrong(ahead, roles.includes("sender") ? clockTolerance.limits : clockTolerance.dueTimes)
        ? [{ _tag: "ClockWrong", node: name, aheadMillis: ahead }]
        : []
    )
  ]
}

const isWrong = (ahead: number, tolerance: number): boolean => Math.abs(ahead) > tolerance
