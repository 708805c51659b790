/**
 * How schedulers stand, in memory.
 */
import { type Context, Effect } from "effect"
import { type TriggerStore } from "../TriggerStore.ts"
import { type Attendance } from "../Attendance.ts"
import { type Heart, type MemoryTriggers } from "./MemoryTriggers.ts"

type Calls = Pick<
  Context.Service.Shape<typeof TriggerStore>,
  "beat" | "schedulers" | "retire" | "attendance" | "maintenance" | "setMaintenance"
>

const day = 86_400_000

const beaten = (heart: Heart | undefined, now: number, downAfter: number): Heart =>
  heart === undefined || heart.passedAt < now - downAfter
    ? { aliveSince: now, passedAt: Math.max(heart?.passedAt ?? now, now) }
    : { ...heart, passedAt: Math.max(heart.passedAt, now) }

export const make = (triggers: MemoryTriggers): Calls => ({
  beat: ({ app, downAfter, now, scheduler, startedAt }) =>
    Effect.sync(() => {
      const { hearts } = triggers
      const all = beaten(hearts.get(null), now, downAfter)
      hearts.set(null, all)
      const own = app === null ? all : beaten(hearts.get(app), now, downAfter)
      hearts.set(app, own)
      triggers.schedulers.set(scheduler, { scheduler, app, startedAt, passedAt: now, isRetired: false })
      for (const { passedAt, scheduler } of triggers.schedulers.values()) {
        if (passedAt < now - day) triggers.schedulers.delete(scheduler)
      }
      return { aliveSince: all.aliveSince, ownAliveSince: own.aliveSince, maintenance: triggers.maintenance }
    }),

  schedulers: Effect.sync(() =>
    [...triggers.schedulers.values()]
      .filter(({ isRetired }) => !isRetired)
      .map(({ app, passedAt, scheduler, startedAt }) => ({ scheduler, app, startedAt, passedAt }))
      .toSorted((a, b) => b.passedAt - a.passedAt)
  ),

  retire: (scheduler) =>
    Effect.sync(() => {
      const known = triggers.schedulers.get(scheduler)
      if (known !== undefined) triggers.schedulers.set(scheduler, { ...known, isRetired: true })
    }),

  attendance: Effect.sync(() => {
    const passes = [...triggers.schedulers.values()]
    const byApp = new Map<string | null, Attendance>()
    for (const { row } of triggers.byId.values()) {
      if (row.removedAt !== null || row.nextDue === null) continue
      const { app } = row
      const known = byApp.get(app)
      const passed = passes.filter((pass) => app === null || pass.app === app).map(({ passedAt }) => passedAt)
      byApp.set(app, {
        app,
        triggers: (known?.triggers ?? 0) + 1,
        since: Math.min(known?.since ?? Infinity, row.createdAt),
        passedAt: passed.length === 0 ? null : Math.max(...passed)
      })
    }
    return [...byApp.values()].toSorted((a, b) => ((a.app ?? "") < (b.app ?? "") ? -1 : 1))
  }),

  maintenance: Effect.sync(() => triggers.maintenance),

  setMaintenance: ({ note, now, on }) =>
    Effect.sync(() => {
      const since = triggers.maintenance?.since ?? now
      triggers.maintenance = on ? { since, note } : null
    })
})
