/**
 * The chat of a campus as an app: `fibercast dev --app services/examples/src/campus/App.ts`, then http://127.0.0.1:4680
 */
import { Realtime } from "@fibercast/messengers/Realtime"
import * as App from "@fibercast/node/App"
import { Layer } from "effect"
import { Broadcast } from "./Broadcast.ts"
import * as CampusHttp from "./CampusHttp.ts"
import { Chat } from "./Chat.ts"
import { Messages } from "./Messages.ts"
import { StatusChanged } from "./Status.ts"
import { Students } from "./Students.ts"

/** What the chat is made of; the server listens last and closes first. */
export const layer = CampusHttp.layer.pipe(
  Layer.provideMerge(Chat.layer),
  Layer.provideMerge(Layer.mergeAll(Messages.layerSql, Students.layerConfig)),
  Layer.provideMerge(Realtime.layer())
)

export default App.make({ name: "campus", pipelines: [Broadcast, StatusChanged], layer })
