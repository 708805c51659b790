/**
 * NodeRegistries that mistake one node for another, or what is wished of them.
 */
import { type NodeBeat } from "@fibercast/ports/NodeRegistry"
import { Effect } from "effect"
import { type BrokenTwin, brokenNodeRegistry } from "./BrokenTwin.ts"

const isNew = "a new node is wished to work, and known as it says"
const isWished = "a wish is answered by the next beat, and by all after it until another is made"
const isWrittenAnew = "a beat writes anew what the node says and when it was seen, and leaves what is wished of it"
const isListed = "nodes seen since an instant are listed, inclusive, by name, then by start, then by id"
const isForgotten = "only those last seen before the instant are forgotten, and it is said how many"

export const brokenNodeRegistries: ReadonlyArray<BrokenTwin> = [
  brokenNodeRegistry("wishes nothing good of a new node", isNew, (nodes) => ({
    beat: Effect.fnUntraced(function* (beat, now) {
      const isKnown = (yield* nodes.list(0)).some(({ id }) => id === beat.id)
      const wish = yield* nodes.beat(beat, now)
      return isKnown ? wish : "cordoned"
    })
  })),
  brokenNodeRegistry("tells no node what is wished of it", isWished, (nodes) => ({
    beat: (beat, now) => Effect.as(nodes.beat(beat, now), "working")
  })),
  brokenNodeRegistry("tells a wish once", isWished, (nodes) => ({
    beat: (beat, now) => Effect.tap(nodes.beat(beat, now), () => Effect.ignore(nodes.wish(beat.id, "working")))
  })),
  brokenNodeRegistry("keeps what a node said first", isWrittenAnew, (nodes) => {
    const first = new Map<string, NodeBeat>()
    return {
      beat: (beat, now) => {
        const said = first.get(beat.id) ?? beat
        first.set(beat.id, said)
        return nodes.beat(said, now)
      }
    }
  }),
  brokenNodeRegistry("keeps when a node was seen first", isWrittenAnew, (nodes) => {
    const first = new Map<string, number>()
    return {
      beat: (beat, now) => {
        const seenAt = first.get(beat.id) ?? now
        first.set(beat.id, seenAt)
        return nodes.beat(beat, seenAt)
      }
    }
  }),
  brokenNodeRegistry(
    "takes a wish for a sign of life",
    "a wish leaves what the node said, and when it was seen",
    (nodes) => ({
      wish: Effect.fnUntraced(function* (id, wish) {
        yield* nodes.wish(id, wish)
        const node = (yield* nodes.list(0)).find((found) => found.id === id)
        if (node !== undefined) yield* nodes.beat(node, node.seenAt + 1)
      })
    })
  ),
  brokenNodeRegistry("lists those that were never seen since", isListed, (nodes) => ({ list: () => nodes.list(0) })),
  brokenNodeRegistry("lists since the instant, exclusive", isListed, (nodes) => ({
    list: (since) => nodes.list(since + 1)
  })),
  brokenNodeRegistry("lists by start", isListed, (nodes) => ({
    list: (since) => Effect.map(nodes.list(since), (found) => found.toSorted((a, b) => a.startedAt - b.startedAt))
  })),
  brokenNodeRegistry("lists names as people sort them", isListed, (nodes) => ({
    list: (since) => Effect.map(nodes.list(since), (found) => found.toSorted((a, b) => a.name.localeCompare(b.name)))
  })),
  brokenNodeRegistry("takes a wish for whoever may come", "nothing is wished of a node that nobody knows", (nodes) => ({
    wish: (id, wish) => Effect.ignore(nodes.wish(id, wish))
  })),
  brokenNodeRegistry("forgets everybody", isForgotten, (nodes) => ({ forget: () => nodes.forget(Infinity) })),
  brokenNodeRegistry("forgets up to the instant, inclusive", isForgotten, (nodes) => ({
    forget: (before) => nodes.forget(before + 1)
  })),
  brokenNodeRegistry("forgets nobody", isForgotten, () => ({ forget: () => Effect.succeed(0) })),
  brokenNodeRegistry("says of how many it knows, not of how many it forgot", isForgotten, (nodes) => ({
    forget: (before) =>
      Effect.andThen(
        nodes.forget(before),
        Effect.map(nodes.list(0), ({ length }) => length)
      )
  })),
  brokenNodeRegistry(
    "remembers a wish for good",
    "a node that was forgotten and beats again is there again, wished to work",
    (nodes) => {
      const wishes = new Map<string, Parameters<typeof nodes.wish>[1]>()
      return {
        wish: (id, wish) => Effect.tap(nodes.wish(id, wish), () => Effect.sync(() => wishes.set(id, wish))),
        beat: (beat, now) => Effect.map(nodes.beat(beat, now), (wish) => wishes.get(beat.id) ?? wish)
      }
    }
  ),
  brokenNodeRegistry(
    "knows nodes by their names",
    "nodes that beat at once do not disturb each other, not even under one name",
    (nodes) => {
      const ids = new Map<string, string>()
      const idOf = ({ id, name }: NodeBeat) => {
        const first = ids.get(name) ?? id
        ids.set(name, first)
        return first
      }
      return { beat: (beat, now) => nodes.beat({ ...beat, id: idOf(beat) }, now) }
    }
  )
]
