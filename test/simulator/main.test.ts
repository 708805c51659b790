import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, it } from "@effect/vitest"
import { Effect, FileSystem, Layer, Option, Stream } from "effect"
import { HttpClient, HttpClientRequest } from "effect/http"
import { ChildProcess } from "effect/process"
import { fileURLToPath } from "node:url"

const main = fileURLToPath(new URL("../../services/simulator/src/main.ts", import.meta.url))
const layer = Layer.merge(NodeServices.layer, NodeHttpClient.layerUndici)

it.effect("the process prints its URL, keeps to its plan, and its counts outlive it", () =>
  Effect.gen(function* () {
    const files = yield* FileSystem.FileSystem
    const state = `${yield* files.makeTempDirectoryScoped()}/counts.ndjson`
    yield* files.writeFileString(state, '{"target":"6281111111111","count":4}\n')
    const flags = ["--token", "t", "--state", state, "--faults", "lost@2-2"]
    const simulator = yield* ChildProcess.make(process.execPath, [main, ...flags])
    const first = yield* simulator.stdout.pipe(Stream.decodeText, Stream.splitLines, Stream.runHead)
    const url = /http:\/\/127\.0\.0\.1:\d+$/.exec(Option.getOrThrow(first))?.[0] ?? ""
    const send = HttpClientRequest.post(`${url}/send`).pipe(
      HttpClientRequest.setHeader("authorization", "t"),
      HttpClientRequest.bodyUrlParams({ target: "6281111111111", message: "x" }),
      HttpClient.execute
    )

    assert.strictEqual((yield* send).status, 200)
    assert.strictEqual((yield* Effect.flip(send)).reason._tag, "TransportError")
    yield* simulator.kill({ killSignal: "SIGTERM" })

    assert.strictEqual(yield* files.readFileString(state), '{"target":"6281111111111","count":6}\n')
  }).pipe(Effect.scoped, Effect.provide(layer))
)
