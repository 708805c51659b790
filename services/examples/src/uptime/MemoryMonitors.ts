/**
 * Monitors in memory, which live and die with the process: for tests and for the demo. Of each it keeps the last `kept`
 * findings.
 */
import { Effect, Layer } from "effect"
import * as Grid from "./Grid.ts"
import { type Due, type Finding, type Health, judge, Monitors } from "./Monitors.ts"

const kept = 1000

interface Row {
  readonly monitor: Pick<Due, "id" | "url" | "every" | "important">
  nextAt: number
  health: Health
  refused: number
  /** By slot, in the order in which they were found. */
  readonly found: Map<number, Finding>
}

const dueOf = ({ health, monitor, nextAt }: Row, now: number): Due => ({
  ...monitor,
  failing: health.failures > 0,
  slot: Grid.latest(nextAt, monitor.every, now)
})

/** The important ones first, then the longest due, then whoever lost most. */
const order = (one: Row, other: Row): number =>
  Number(other.monitor.important) - Number(one.monitor.important) ||
  one.nextAt - other.nextAt ||
  other.refused - one.refused

export const layer: Layer.Layer<Monitors> = Layer.sync(Monitors, () => {
  const all = new Map<string, Row>()
  let taken = 0
  return Monitors.of({
    put: ({ every, id, important = false, url }, now) =>
      Effect.sync(() => {
        if (all.has(id)) return
        const [nextAt, health] = [Grid.first(now, every, taken++), { failures: 0, down: false }]
        all.set(id, { monitor: { id, url, every, important }, nextAt, health, refused: 0, found: new Map() })
      }),
    remove: (id) => Effect.sync(() => void all.delete(id)),
    exists: (id) => Effect.sync(() => all.has(id)),
    plan: ({ limit, now }, dispatch) =>
      Effect.gen(function* () {
        const rows = [...all.values()].filter(({ nextAt }) => nextAt <= now)
        const due = rows
          .toSorted(order)
          .slice(0, limit)
          .map((row) => dueOf(row, now))
        const refused = due.length === 0 ? new Set() : yield* dispatch(due)
        for (const { every, id, slot } of due) {
          const row = all.get(id)
          if (row === undefined) continue
          row.nextAt = slot + every * 1000
          if (refused.has(id)) row.refused += 1
        }
        return due.length
      }),
    record: (finding, tell) =>
      Effect.suspend(() => {
        const row = all.get(finding.id)
        if (row === undefined || row.found.has(finding.slot)) return Effect.void
        const { change, ...health } = judge(row.health, finding.problem)
        row.health = health
        row.found.set(finding.slot, finding)
        const [oldest] = row.found.keys()
        if (oldest !== undefined && row.found.size > kept) row.found.delete(oldest)
        return change === null ? Effect.void : Effect.asVoid(tell(change))
      }),
    history: (id, limit) => Effect.sync(() => [...(all.get(id)?.found.values() ?? [])].slice(-limit)),
    standing: Effect.sync(() =>
      Array.from(all.values(), ({ health: { down }, monitor: { id, url }, refused }) => ({
        id,
        url,
        down,
        refused
      })).toSorted((one, other) => (one.id < other.id ? -1 : 1))
    ),
    prune: (before, limit) =>
      Effect.sync(() => {
        const old = [...all.values()].flatMap(({ found }) =>
          Array.from(found.values(), ({ at, slot }) => ({ found, at, slot })).filter(({ at }) => at < before)
        )
        for (const { found, slot } of old.slice(0, limit)) found.delete(slot)
        return Math.min(limit, old.length)
      })
  })
})
