/**
 * An app to watch several nodes with: five schools, each a workspace of its own, with a letter to send every five seconds.
 * `fibercast cluster --app services/examples/src/Letters.ts`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as App from "@fibercast/node/App"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { Effect, Layer, Schema } from "effect"

const schools = ["Melati", "Mawar", "Anggrek", "Teratai", "Cempaka"]

/** A node logs what it sends, so the log says which one it was. */
const Letter = Pipeline.make("letters.send", { payload: Schema.Struct({ school: Schema.String }) }).pipe(
  Pipeline.tap(({ school }) => Effect.logInfo(`a letter of ${school} is sent`).pipe(Effect.delay("200 millis")))
)

/** One letter of each school, a second after the one before. */
const write = Effect.fn("Letters.write")(function* () {
  const workspaces = yield* WorkspaceStore
  for (const [at, school] of schools.entries()) {
    const { id: workspaceId } = yield* workspaces.ensure({ name: school, zone: "Asia/Jakarta", limits: {} })
    yield* Pipeline.dispatch(Letter, { workspaceId, payload: { school }, delay: at * 1000 })
  }
})

export default App.make({
  name: "letters",
  layer: Layer.empty,
  pipelines: [Letter],
  scheduled: [Scheduled.run("letters.write", Frequency.everyFiveSeconds, write)]
})
