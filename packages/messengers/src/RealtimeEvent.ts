/**
 * What a channel of a hub is told, and what its listeners are given.
 */

export interface NewEvent {
  /** What kind of event: 1 to 64 letters, digits, dots, dashes and underscores. */
  readonly name: string
  /** Sent as it is; JSON, usually. */
  readonly data: string
  /** Published once, while it is kept. */
  readonly key?: string | undefined
}

export interface Event extends NewEvent {
  readonly _tag: "Event"
  /** Of this event alone. */
  readonly id: string
}

/** Events passed that the listener was not given; null: nobody knows how many. */
export interface Missed {
  readonly _tag: "Missed"
  readonly count: number | null
}

export type Given = Event | Missed
