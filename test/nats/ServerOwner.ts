/** A process that owns a nats-server until it is killed. Prints the server's process id and its address. */
import * as NatsServer from "@fibercast/nats/NatsServer"
import { NodeRuntime } from "@effect/platform-node"
import { Console, Effect } from "effect"

const owner = Effect.gen(function* () {
  const server = yield* NatsServer.make({ folder: process.argv[2] })
  yield* Console.log(`${yield* server.pid} ${server.url}`)
  yield* Effect.never
})

NodeRuntime.runMain(Effect.scoped(owner))
