/**
 * What became of occurrences, in memory: what is on record of them, looked up, counted and forgotten.
 */
import { type Context, Effect } from "effect"
import { type TriggerStore } from "../TriggerStore.ts"
import { type MemoryTriggers, ofWorkspace } from "./MemoryTriggers.ts"

type Calls = Pick<
  Context.Service.Shape<typeof TriggerStore>,
  "output" | "history" | "runOf" | "nominals" | "tallies" | "forget"
>

export const make = (triggers: MemoryTriggers): Calls => ({
  output: ({ nominal, text, triggerId }) =>
    Effect.sync(() => {
      const occurrence = triggers.byId.get(triggerId)?.occurrences.get(nominal)
      if (occurrence !== undefined) occurrence.row = { ...occurrence.row, output: text }
    }),

  history: ({ before, limit, triggerId }) =>
    Effect.sync(() =>
      [...(triggers.byId.get(triggerId)?.occurrences.values() ?? [])]
        .map(({ row }) => row)
        .filter(({ nominal }) => before === null || nominal < before)
        .toSorted((a, b) => b.nominal - a.nominal)
        .slice(0, limit)
    ),

  runOf: (deliveryId) =>
    Effect.sync(() => {
      for (const { occurrences } of triggers.byId.values()) {
        for (const { row } of occurrences.values()) if (row.deliveryId === deliveryId) return row
      }
      return null
    }),

  nominals: ({ from, limit, to, triggerId }) =>
    Effect.sync(() =>
      [...(triggers.byId.get(triggerId)?.occurrences.keys() ?? [])]
        .filter((nominal) => nominal >= from && nominal < to)
        .toSorted((a, b) => a - b)
        .slice(0, limit)
    ),

  tallies: ({ workspaceId }) =>
    Effect.sync(() =>
      ofWorkspace(triggers, workspaceId).flatMap(({ row, tallies }) =>
        [...tallies.values()].filter(({ count }) => count > 0).map((one) => ({ triggerId: row.id, ...one }))
      )
    ),

  forget: ({ before, limit }) =>
    Effect.sync(() => {
      let forgotten = 0
      for (const { occurrences } of triggers.byId.values()) {
        for (const [nominal, { row }] of occurrences) {
          if (forgotten >= limit) return forgotten
          if (triggers.unfinished.has(row.occurrenceId) || (row.endedAt ?? row.recordedAt) >= before) continue
          occurrences.delete(nominal)
          forgotten += 1
        }
      }
      return forgotten
    })
})
