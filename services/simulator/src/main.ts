/**
 * The simulator as a process of its own: `node services/simulator/src/main.ts --port 8080`. It prints one
 * line with its URL once it accepts requests. With `--state` the counts outlive it: read at start, written
 * when it is told to stop (not when it is killed).
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem, Option, Result, Schema, Stream } from "effect"
import { CliError, Command, Flag } from "effect/cli"
import { lines } from "./Control.ts"
import { parseFaults } from "./Faults.ts"
import { FonnteSimulator } from "./Fonnte.ts"

const Line = Schema.fromJsonString(Schema.Struct({ target: Schema.String, count: Schema.Int }))

const readState = Effect.fnUntraced(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  if (!(yield* files.exists(file))) return []
  return yield* files.stream(file).pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.filter((line) => line !== ""),
    Stream.mapEffect((line) => Schema.decodeEffect(Line)(line)),
    Stream.map(({ count, target }) => [target, count] as const),
    Stream.runCollect
  )
})

const writeState = Effect.fnUntraced(function* (file: string, simulator: FonnteSimulator["Service"]) {
  const files = yield* FileSystem.FileSystem
  const accepted = yield* simulator.accepted
  yield* Stream.fromIterable(lines(accepted)).pipe(
    Stream.encodeText,
    Stream.run(files.sink(`${file}.new`)),
    Effect.andThen(files.rename(`${file}.new`, file))
  )
})

const simulator = Command.make(
  "fibercast-simulator",
  {
    port: Flag.Int("port").pipe(Flag.withDescription("Port to listen on; 0 takes any"), Flag.withDefault(0)),
    token: Flag.String("token").pipe(
      Flag.withDescription("The device token it accepts"),
      Flag.withDefault("simulated-token")
    ),
    faults: Flag.String("faults").pipe(
      Flag.withDescription("What goes wrong, like slow:50ms/10,503/97,lost/131, or a JSON array"),
      Flag.withDefault(""),
      Flag.mapEffect((text) =>
        Result.match(parseFaults(text), {
          onFailure: (bad) =>
            Effect.fail(
              new CliError.InvalidValue({ option: "faults", value: text, expected: bad.message, kind: "flag" })
            ),
          onSuccess: Effect.succeed
        })
      )
    ),
    state: Flag.String("state").pipe(Flag.withDescription("File that keeps the counts"), Flag.optional)
  },
  Effect.fnUntraced(function* ({ faults, port, state, token }) {
    const accepted = Option.isSome(state) ? yield* readState(state.value) : []
    yield* Effect.gen(function* () {
      const simulator = yield* FonnteSimulator
      yield* Console.log(`Fonnte simulator listening on ${simulator.url}`)
      const save = Option.match(state, {
        onNone: () => Effect.void,
        onSome: (file) => Effect.orDie(writeState(file, simulator))
      })
      yield* Effect.ensuring(Effect.never, save)
    }).pipe(Effect.provide(FonnteSimulator.layer({ port, token, faults, accepted })))
  })
).pipe(Command.withDescription("A Fonnte that runs here, counts what it accepts and goes wrong by plan"))

simulator.pipe(Command.run({ version: "0.1.0" }), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
