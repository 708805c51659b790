/**
 * A stored message is broadcast by a delivery in lane urgent, to all who are connected to its room.
 *
 * Every client of a room gets each message once, in the order of the places, whatever the order of the deliveries and however
 * often they are tried: a delivery says that the room has come to its place, and all that was not told before is told, in
 * order. Of each room the last place told is kept in memory, of at most 10,000 rooms.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Realtime } from "@fibercast/messengers/Realtime"
import { Effect } from "effect"
import { type Message, Messages, Stored } from "./Messages.ts"

export const channelOf = (room: string): string => `room/${room}`

const most = 10_000
const page = 200

/** What clients are told of a message; `place` is null while it is not stored. */
const event = (message: Message, place: number | null) => ({
  name: "message",
  key: message.id,
  data: JSON.stringify({ ...message, place })
})

/** Tells the room of a message that could not be stored yet. Once it is, the room hears no more than that. */
export const tellDirectly = Effect.fnUntraced(function* (message: Message) {
  yield* (yield* Realtime).publish(channelOf(message.room), event(message, null))
})

const tell = Effect.fnUntraced(function* (stored: Stored) {
  const { publish } = yield* Realtime
  const { id, place, room } = stored
  const { reached } = yield* publish(channelOf(room), event(stored, place))
  if (reached !== null) return
  yield* publish(channelOf(room), { name: "stored", data: JSON.stringify({ id, place }), key: `${id} stored` })
})

export const Broadcast = Pipeline.make("campus.message", { payload: Stored, lane: "urgent" }).pipe(
  Pipeline.stage(
    Effect.sync(() => {
      const told = new Map<string, number>()
      const toldOf = ({ place, room }: Stored): number => {
        const last = told.get(room) ?? place - 1
        told.delete(room)
        told.set(room, last)
        if (told.size > most) for (const silent of told.keys().take(1)) told.delete(silent)
        return last
      }
      return Effect.fnUntraced(function* (arrived: Stored) {
        const { place, room } = arrived
        for (let last = toldOf(arrived); last < place; last = toldOf(arrived)) {
          const range = { room, after: last, before: place + 1, oldest: true, limit: page }
          const next = last === place - 1 ? [arrived] : yield* (yield* Messages).read(range)
          for (const stored of next) {
            if (stored.place <= toldOf(stored)) continue
            told.set(room, stored.place)
            yield* tell(stored)
          }
        }
      })
    })
  )
)
