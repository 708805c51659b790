/**
 * A person takes a monitor on. A node with the app checks it from its next slot, now or once it runs.
 * `node services/examples/src/uptime/Add.ts shop https://shop.example/ 10`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Database from "@fibercast/node/Database"
import { Clock, Console, Effect, Layer } from "effect"
import { Argument, Command } from "effect/cli"
import { Monitors } from "./Monitors.ts"
import * as SqlMonitors from "./SqlMonitors.ts"

const layer = SqlMonitors.layer.pipe(Layer.provide(Database.layerShared()), Layer.provideMerge(NodeServices.layer))

const url = Argument.String("url").pipe(
  Argument.filter(
    (text) => /^https?:\/\//u.test(text) && URL.canParse(text),
    (text) => `"${text}" is not the address of a target: write it like https://shop.example/`
  )
)

const every = Argument.Int("seconds").pipe(
  Argument.filter(
    (seconds) => seconds >= 1 && seconds <= 86_400,
    (seconds) => `${seconds} seconds between two checks: use 1 to 86400`
  )
)

const command = Command.make(
  "add",
  { id: Argument.String("name"), url, every },
  Effect.fnUntraced(function* (monitor) {
    yield* (yield* Monitors).put(monitor, yield* Clock.currentTimeMillis)
    yield* Console.log(`${monitor.id} is checked every ${monitor.every} seconds once a node runs the app.`)
  }, Effect.provide(layer))
).pipe(Command.withDescription("Take on a monitor of a target"))

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
