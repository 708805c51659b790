/**
 * A person sends the report of a month to a class. A node with the school's app sends it, now or once it runs.
 * `node services/examples/src/school/Send.ts 2026-01 A`
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Launcher } from "@fibercast/engine/Launcher"
import * as Audiences from "@fibercast/node/Audiences"
import * as Database from "@fibercast/node/Database"
import * as LocalNode from "@fibercast/node/LocalNode"
import { Signal } from "@fibercast/ports/Signal"
import { Console, Effect, Layer } from "effect"
import { Argument, Command } from "effect/cli"
import { pipelines } from "./App.ts"
import { Register } from "./Register.ts"
import * as Reports from "./Reports.ts"

/** What it takes to launch without sending. */
const layer = Launcher.layer(pipelines).pipe(
  Layer.merge(Register.layerSql),
  Layer.provideMerge(Layer.mergeAll(LocalNode.layerStores, Audiences.layer(), Signal.layerMemory)),
  Layer.provide(Database.layerShared()),
  Layer.provideMerge(NodeServices.layer)
)

const month = Argument.String("month").pipe(
  Argument.filter(
    (text) => /^\d{4}-(0[1-9]|1[0-2])$/u.test(text),
    (text) => `"${text}" is not a month: write it like 2026-01`
  )
)

const command = Command.make(
  "send",
  { month, className: Argument.String("class") },
  Effect.fnUntraced(function* (round) {
    const campaign = yield* Reports.send(round)
    yield* Console.log(
      campaign === null
        ? `Nobody in class ${round.className} is left to tell of ${round.month}.`
        : `Campaign ${campaign.id} (${campaign.spec.name}) is launched: \`fibercast campaign show ${campaign.id}\` follows it.`
    )
  }, Effect.provide(layer))
).pipe(Command.withDescription("Tell the parents of a class that the report of a month is ready"))

command.pipe(Command.run({ version: "1.0.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
