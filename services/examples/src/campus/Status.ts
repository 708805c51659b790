/**
 * Who is online is broadcast by a delivery, to the rooms that the student is or was in.
 *
 * A student is online while any connection is open. Changes are gathered for half a second, so a page that is loaded again
 * says nothing; and what is told is what is true then. At most one fiber for each student whose status is changing.
 */
import * as Pipeline from "@fibercast/engine/Pipeline"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { Realtime } from "@fibercast/messengers/Realtime"
import { Clock, DateTime, Effect, FiberSet, Schema, Stream } from "effect"

/** Milliseconds. */
export const gathered = 500

const Change = Schema.Struct({ student: Schema.String, channels: Schema.Array(Schema.String) })

const tell = Effect.fnUntraced(function* ({ channels, student }: typeof Change.Type) {
  const { isConnected, publish } = yield* Realtime
  const online = yield* isConnected(student)
  const data = JSON.stringify({ student, online })
  yield* Effect.forEach(channels, (channel) => publish(channel, { name: "status", data }), { discard: true })
})

export const StatusChanged = Pipeline.make("campus.status", { payload: Change, lane: "high" }).pipe(Pipeline.tap(tell))

/** Watches who comes and goes until the scope closes. */
export const watch = Effect.fnUntraced(function* (workspaceId: WorkspaceId) {
  const { isConnected, presence } = yield* Realtime
  const fibers = yield* FiberSet.make()
  const changing = new Map<string, Set<string>>()
  const online = new Set<string>()

  const announce = Effect.fnUntraced(function* (student: string) {
    yield* Effect.sleep(gathered)
    const channels = [...(changing.get(student) ?? [])]
    changing.delete(student)
    const is = yield* isConnected(student)
    if (is === online.has(student)) return
    if (is) online.add(student)
    else online.delete(student)
    const payload = { student, channels }
    const deadline = DateTime.makeUnsafe((yield* Clock.currentTimeMillis) + 10_000)
    yield* Pipeline.dispatch(StatusChanged, { workspaceId, payload, deadline }).pipe(
      // A status is no message: it is told at once or never.
      Effect.timeout(1000),
      Effect.catch(() => tell(payload)),
      Effect.catch((error) => Effect.logWarning(error.message))
    )
  })

  const changed = ({ channel, member }: { readonly channel: string; readonly member: string }) => {
    const known = changing.get(member)
    if (known !== undefined) return Effect.sync(() => void known.add(channel))
    changing.set(member, new Set([channel]))
    return FiberSet.run(fibers, announce(member))
  }
  const watching = Stream.runForEach(presence, (change) => Effect.suspend(() => changed(change)))
  yield* Effect.forkScoped(watching, { startImmediately: true })
})
