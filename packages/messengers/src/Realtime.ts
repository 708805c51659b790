/**
 * A hub of channels for clients that are connected now: what is published in a channel reaches all who listen there, in
 * the same order. It is of this process: clients of other nodes hear what those nodes publish.
 *
 * In a pipeline a channel is told by `Pipeline.mapEffect` or `tap`. It is no `Messenger`: it has no account, no rate and
 * no provider that may be in doubt, and publishing never waits.
 *
 * Callers may rely on:
 * - an event whose key is still among the kept ones of its channel is not published again, so that a try that is
 *   repeated, or a message that went another way before, reaches nobody twice;
 * - who comes back with the id of the last event it had gets what followed, as far as it is kept;
 * - a listener that is slow holds up nobody: it is told how many events it missed, and goes on with what is kept;
 * - closing the scope of a subscription frees all of it.
 *
 * Memory, at most: `channels` × `keptText` characters (by default 64 Mi) in `channels` × `kept` events, whatever the number
 * of slow listeners, as they share them; some 500 bytes for each of at most `listeners` listeners; 4096 changes of
 * presence. A channel that nobody listens to is forgotten when its place is needed, the one that was silent longest first.
 */
import { Context, Effect, Layer, PubSub, Random, Schema, type Scope, Stream } from "effect"
import { Channel, type Listener } from "./internal/RealtimeChannel.ts"
import { type Given, type NewEvent } from "./RealtimeEvent.ts"

export interface Published {
  /** How many listened; null: it was published before. */
  readonly reached: number | null
}

/** A member's first connection to a channel was made, or its last one ended. */
export interface Presence {
  readonly _tag: "Joined" | "Left"
  readonly member: string
  readonly channel: string
}

/** The event cannot be published as it is; trying again is useless. */
export class EventRefused extends Schema.TaggedError<EventRefused>()("EventRefused", {
  channel: Schema.String,
  reason: Schema.String
}) {
  readonly errorClass = "messagePermanent"

  override get message(): string {
    return `the event cannot be published in ${this.channel}: ${this.reason}`
  }
}

/** There is no room for another listener. */
export class SubscriptionRefused extends Schema.TaggedError<SubscriptionRefused>()("SubscriptionRefused", {
  channel: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `no more can listen to ${this.channel}: ${this.reason}`
  }
}

export interface Subscription {
  /** To come back with, for who was given no event: what is given follows it. */
  readonly at: string
  /** Waits until there is something to read. Takes nothing, so it may be interrupted. */
  readonly ready: Effect.Effect<void>
  /** What came since, or a part of it; nothing if nothing came. Never waits. */
  readonly read: Effect.Effect<ReadonlyArray<Given>>
  /** The same without end. To be run once. */
  readonly events: Stream.Stream<Given>
}

export interface SubscribeOptions {
  readonly channel: string
  /** Who listens; one may have several connections. */
  readonly member: string
  /** What is yet to come, all that is kept, or what followed the event of that id. Default `now`. */
  readonly from?: "now" | "kept" | { readonly after: string } | undefined
}

export interface Standing {
  readonly channels: number
  readonly listeners: number
  /** Characters of all kept events. */
  readonly keptText: number
}

export interface RealtimeSettings {
  readonly channels: number
  /** Events kept for each channel, and characters of them together. */
  readonly kept: number
  readonly keptText: number
  readonly listeners: number
  /** Connections of one member. */
  readonly perMember: number
  /** Characters of one event. */
  readonly longest: number
}

export const defaults: RealtimeSettings = {
  channels: 1000,
  kept: 256,
  keptText: 65_536,
  listeners: 10_000,
  perMember: 20,
  longest: 16_384
}

const validName = /^[\w.-]{1,64}$/

const changes = 4096

const make = Effect.fnUntraced(function* (settings: RealtimeSettings) {
  const run = (yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)
  const presence = yield* PubSub.sliding<Presence>(changes)
  /** The one that was silent longest first. */
  const channels = new Map<string, Channel>()
  const connections = new Map<string, number>()
  let series = 0
  let listening = 0

  const tell = (change: Presence): void => void PubSub.publishUnsafe(presence, change)

  const forgetOne = (): boolean => {
    for (const [name, { isIdle }] of channels) if (isIdle) return channels.delete(name)
    return false
  }

  const channelOf = (name: string): Channel | null => {
    const known = channels.get(name)
    if (known !== undefined) return known
    if (channels.size >= settings.channels && !forgetOne()) return null
    const made = new Channel(name, `${run}.${++series}`, settings)
    channels.set(name, made)
    return made
  }

  const publish = (name: string, event: NewEvent) =>
    Effect.suspend((): Effect.Effect<Published, EventRefused> => {
      const refused = (reason: string) => Effect.fail(new EventRefused({ channel: name, reason }))
      if (!validName.test(event.name)) return refused(`${JSON.stringify(event.name)} cannot name an event`)
      const { length } = event.data
      if (length > settings.longest)
        return refused(`it has ${length} characters; at most ${settings.longest} are allowed`)
      const channel = channelOf(name)
      if (channel === null) return Effect.succeed({ reached: 0 })
      if (channel.add(event) === null) return Effect.succeed({ reached: null })
      channels.delete(name)
      channels.set(name, channel)
      return Effect.succeed({ reached: channel.listeners.size })
    })

  const join = ({ channel: name, from = "now", member }: SubscribeOptions) =>
    Effect.suspend((): Effect.Effect<Listener, SubscriptionRefused> => {
      const refused = (reason: string) => Effect.fail(new SubscriptionRefused({ channel: name, reason }))
      const own = connections.get(member) ?? 0
      if (own >= settings.perMember) return refused(`${member} has ${own} connections already`)
      if (listening >= settings.listeners) return refused(`${listening} listen already`)
      const channel = channelOf(name)
      if (channel === null) return refused(`there are ${channels.size} channels already`)
      const isFirst = !channel.members.has(member)
      const listener = channel.join(member, from)
      listening++
      connections.set(member, own + 1)
      if (isFirst) tell({ _tag: "Joined", member, channel: name })
      return Effect.succeed(listener)
    })

  const leave = (listener: Listener) =>
    Effect.sync(() => {
      const { channel, member } = listener
      channel.leave(listener)
      listening--
      const left = (connections.get(member) ?? 1) - 1
      if (left === 0) connections.delete(member)
      else connections.set(member, left)
      if (channel.isIdle && channel.isEmpty) channels.delete(channel.name)
      if (!channel.members.has(member)) tell({ _tag: "Left", member, channel: channel.name })
    })

  const subscribe = (options: SubscribeOptions): Effect.Effect<Subscription, SubscriptionRefused, Scope.Scope> =>
    Effect.map(Effect.acquireRelease(join(options), leave), (listener) => {
      const read = Effect.sync(() => listener.channel.read(listener))
      const ready = listener.ready.await
      return {
        at: listener.channel.before(listener),
        ready,
        read,
        events: Stream.fromIterableEffectRepeat(Effect.andThen(ready, read))
      }
    })

  return Realtime.of({
    publish,
    subscribe,
    members: (name) => Effect.sync(() => [...(channels.get(name)?.members.keys() ?? [])]),
    isConnected: (member) => Effect.sync(() => connections.has(member)),
    presence: Stream.fromPubSub(presence),
    standing: Effect.sync(() => ({
      channels: channels.size,
      listeners: listening,
      keptText: channels.values().reduce((sum, { text }) => sum + text, 0)
    }))
  })
})

export class Realtime extends Context.Service<
  Realtime,
  {
    readonly publish: (channel: string, event: NewEvent) => Effect.Effect<Published, EventRefused>
    /** Listens, and is present, for as long as the scope is open. */
    readonly subscribe: (options: SubscribeOptions) => Effect.Effect<Subscription, SubscriptionRefused, Scope.Scope>
    /** Who is connected to the channel, each once. */
    readonly members: (channel: string) => Effect.Effect<ReadonlyArray<string>>
    /** Whether the member has a connection to any channel. */
    readonly isConnected: (member: string) => Effect.Effect<boolean>
    /** From the moment of subscription on. Who reads it slowly loses the oldest changes. */
    readonly presence: Stream.Stream<Presence>
    readonly standing: Effect.Effect<Standing>
  }
>()("fibercast/messengers/Realtime") {
  static readonly layer = (settings: Partial<RealtimeSettings> = {}): Layer.Layer<Realtime> =>
    Layer.effect(Realtime, make({ ...defaults, ...settings }))
}
