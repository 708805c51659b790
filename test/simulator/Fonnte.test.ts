import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, it } from "@effect/vitest"
import { FonnteSimulator, type FonnteSimulatorOptions } from "@fibercast/simulator/Fonnte"
import { Effect, Layer, Schema } from "effect"
import { HttpClient, HttpClientRequest, HttpClientResponse } from "effect/http"

const layer = (options?: FonnteSimulatorOptions) =>
  Layer.merge(FonnteSimulator.layer({ keepTexts: 10, ...options }), NodeHttpClient.layerUndici)

const post = (
  path: string,
  body: (request: HttpClientRequest.HttpClientRequest) => HttpClientRequest.HttpClientRequest
) =>
  Effect.gen(function* () {
    const { token, url } = yield* FonnteSimulator
    const request = HttpClientRequest.post(`${url}${path}`).pipe(
      HttpClientRequest.setHeader("authorization", token),
      body
    )
    return yield* Effect.flatMap(
      HttpClient.execute(request),
      HttpClientResponse.schemaBodyJson(
        Schema.Struct({ status: Schema.optionalKey(Schema.Boolean), reason: Schema.optionalKey(Schema.String) })
      )
    )
  })

const fields = { target: "6281111111111", message: "salam & doa" }

it.effect("a multipart form is read like an url-encoded one", () =>
  Effect.gen(function* () {
    const simulator = yield* FonnteSimulator
    yield* post("/send", HttpClientRequest.bodyUrlParams(fields))
    yield* post("/send", HttpClientRequest.bodyFormDataRecord(fields))
    assert.deepStrictEqual(yield* simulator.messages(fields.target), [fields.message, fields.message])
    assert.deepStrictEqual(yield* simulator.accepted, new Map([[fields.target, 2]]))
  }).pipe(Effect.provide(layer()))
)

it.effect("a JSON body is invalid input, as at Fonnte", () =>
  Effect.gen(function* () {
    const answer = yield* post("/send", HttpClientRequest.bodyJsonUnsafe(fields))
    assert.deepStrictEqual(answer, { reason: "input invalid", status: false })
  }).pipe(Effect.provide(layer()))
)

it.effect("a broken multipart body is invalid input", () =>
  Effect.gen(function* () {
    const broken = HttpClientRequest.bodyText("--nothing", "multipart/form-data; boundary=x")
    assert.strictEqual((yield* post("/send", broken)).reason, "input invalid")
  }).pipe(Effect.provide(layer()))
)

it.effect("a body beyond 6 MiB never reaches the device", () =>
  Effect.gen(function* () {
    const simulator = yield* FonnteSimulator
    yield* Effect.exit(post("/send", HttpClientRequest.bodyUrlParams({ ...fields, message: "x".repeat(7_000_000) })))
    assert.strictEqual(yield* simulator.requests, 0)
  }).pipe(Effect.provide(layer()))
)

it.effect("another process scripts it and reads the truth over HTTP", () =>
  Effect.gen(function* () {
    const simulator = yield* FonnteSimulator
    const control = (method: "GET" | "POST", name: string, body = "") =>
      HttpClientRequest.make(method)(`${simulator.url}/_simulator/${name}`).pipe(
        method === "POST" ? HttpClientRequest.bodyText(body) : (request) => request,
        HttpClient.execute,
        Effect.flatMap((response) => response.text)
      )

    yield* control("POST", "faults", "lost")
    yield* Effect.exit(post("/send", HttpClientRequest.bodyUrlParams(fields)))
    yield* control("POST", "faults", "")
    yield* post("/send", HttpClientRequest.bodyUrlParams(fields))

    const summary = { requests: 2, total: 2, distinct: 1, duplicateTargets: 1, duplicates: { [fields.target]: 2 } }
    assert.deepStrictEqual(JSON.parse(yield* control("GET", "accepted")), summary)
    assert.strictEqual(yield* control("GET", "accepted.ndjson"), `{"target":"${fields.target}","count":2}\n`)
    yield* control("POST", "reset")
    assert.strictEqual(yield* simulator.acceptedTotal, 0)
  }).pipe(Effect.provide(layer()))
)

it.effect("a hundred requests at once are each counted once", () =>
  Effect.gen(function* () {
    const simulator = yield* FonnteSimulator
    const targets = Array.from({ length: 100 }, (_, index) => `62812${1_000_000 + index}`)
    yield* Effect.forEach(targets, (target) => post("/send", HttpClientRequest.bodyUrlParams({ ...fields, target })), {
      concurrency: "unbounded"
    })
    assert.deepStrictEqual(new Set((yield* simulator.accepted).keys()), new Set(targets))
    assert.strictEqual(yield* simulator.acceptedTotal, 100)
  }).pipe(Effect.provide(layer()))
)

it.effect("counts to begin with are part of the truth", () =>
  Effect.gen(function* () {
    const simulator = yield* FonnteSimulator
    yield* post("/send", HttpClientRequest.bodyUrlParams(fields))
    assert.deepStrictEqual(yield* simulator.accepted, new Map([[fields.target, 5]]))
  }).pipe(Effect.provide(layer({ accepted: [[fields.target, 4]] })))
)

it.effect("a taken port is named", () =>
  Effect.gen(function* () {
    const { url } = yield* FonnteSimulator
    const port = Number(new URL(url).port)
    const error = yield* Effect.flip(Effect.provide(FonnteSimulator, FonnteSimulator.layer({ port })))
    assert.deepStrictEqual([error._tag, error.port], ["PortUnavailable", port])
  }).pipe(Effect.provide(layer()))
)
