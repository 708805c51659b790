/**
 * One channel of a hub: the events it keeps, oldest first, and who listens.
 *
 * Listeners have no buffer of their own but a place among the kept events. One whose place was dropped missed what lies
 * between, and is told how much. Memory: the kept events, at most `kept` of them with `keptText` characters together,
 * and a few numbers for each listener. Everything here is synchronous.
 */
import { Latch } from "effect"
import { type Event, type Given, type NewEvent } from "../RealtimeEvent.ts"

/** Events given in one read. */
const chunk = 64

export interface Listener {
  readonly channel: Channel
  readonly member: string
  /** The place of the next event to be given. */
  next: number
  /** It came with the id of an event that is not known here. */
  isLost: boolean
  /** Open while there may be something to read. */
  readonly ready: Latch.Latch
}

export class Channel {
  readonly name: string
  readonly listeners = new Set<Listener>()
  /** How many connections each member has. */
  readonly members = new Map<string, number>()
  readonly #bounds: { readonly kept: number; readonly keptText: number }
  /** Not of any other channel, nor of one of the same name before it. */
  readonly #series: string
  readonly #keys = new Set<string>()
  #events: Array<Event> = []
  #first = 1
  #text = 0

  constructor(name: string, series: string, bounds: { readonly kept: number; readonly keptText: number }) {
    this.name = name
    this.#series = series
    this.#bounds = bounds
  }

  get text(): number {
    return this.#text
  }

  get isEmpty(): boolean {
    return this.#events.length === 0
  }

  get isIdle(): boolean {
    return this.listeners.size === 0
  }

  /** The id that a listener who was given nothing may come back with. */
  before({ next }: Listener): string {
    return `${this.#series}-${next - 1}`
  }

  /** Null when an event of that key is among the kept ones. */
  add(event: NewEvent): Event | null {
    if (event.key !== undefined) {
      if (this.#keys.has(event.key)) return null
      this.#keys.add(event.key)
    }
    const added: Event = { ...event, _tag: "Event", id: `${this.#series}-${this.#first + this.#events.length}` }
    this.#events.push(added)
    this.#text += added.data.length
    while (this.#events.length > this.#bounds.kept || this.#text > this.#bounds.keptText) this.#drop()
    for (const { ready } of this.listeners) ready.openUnsafe()
    return added
  }

  #drop() {
    const dropped = this.#events.shift()
    if (dropped === undefined) return
    this.#first++
    this.#text -= dropped.data.length
    if (dropped.key !== undefined) this.#keys.delete(dropped.key)
  }

  /** `after`: what follows the event of this id; else all that is kept, or only what is yet to come. */
  join(member: string, from: "now" | "kept" | { readonly after: string }): Listener {
    const known = typeof from === "string" ? null : this.#placeOf(from.after)
    const next = from === "now" ? this.#first + this.#events.length : known === null ? this.#first : known + 1
    const ready = Latch.makeUnsafe(true)
    const listener = { channel: this, member, next, isLost: typeof from !== "string" && known === null, ready }
    this.listeners.add(listener)
    this.members.set(member, (this.members.get(member) ?? 0) + 1)
    return listener
  }

  leave(listener: Listener) {
    const { member } = listener
    this.listeners.delete(listener)
    const left = (this.members.get(member) ?? 1) - 1
    if (left === 0) this.members.delete(member)
    else this.members.set(member, left)
  }

  #placeOf(id: string): number | null {
    const at = id.lastIndexOf("-")
    if (id.slice(0, at) !== this.#series) return null
    const place = Number(id.slice(at + 1))
    return Number.isSafeInteger(place) && place >= 0 && place < this.#first + this.#events.length ? place : null
  }

  /** What the listener was not given yet, or a part of it; nothing if it is up to date. */
  read(listener: Listener): ReadonlyArray<Given> {
    const given: Array<Given> = []
    if (listener.isLost) {
      listener.isLost = false
      given.push({ _tag: "Missed", count: null })
    }
    if (listener.next < this.#first) {
      given.push({ _tag: "Missed", count: this.#first - listener.next })
      listener.next = this.#first
    }
    const from = listener.next - this.#first
    const events = this.#events.slice(from, from + chunk)
    given.push(...events)
    listener.next += events.length
    if (from + events.length === this.#events.length) listener.ready.closeUnsafe()
    return given
  }
}
