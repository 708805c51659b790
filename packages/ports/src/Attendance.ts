/**
 * Who schedules: the passes of schedulers, what they look after, and what all of them go by.
 */

/** A process that schedules. */
export interface SchedulerPass {
  readonly scheduler: string
  readonly app: string | null
  readonly startedAt: number
  readonly passedAt: number
}

/** Who looks after the triggers of an app. */
export interface Attendance {
  /** Null: those defined at run time, which every scheduler looks after. */
  readonly app: string | null
  readonly triggers: number
  /** When the first of them was defined. */
  readonly since: number
  /** When a scheduler that looks after them last passed, within a day of the last pass of any; null: none did. */
  readonly passedAt: number | null
}

/** What all schedulers go by. */
export interface Pulse {
  /** Since when some scheduler has passed at least every `downAfter` milliseconds. */
  readonly aliveSince: number
  /** The same of the schedulers of the app that beats; of one without an app, the same as that. */
  readonly ownAliveSince: number
  /** Null: there is no maintenance. */
  readonly maintenance: { readonly since: number; readonly note: string | null } | null
}
