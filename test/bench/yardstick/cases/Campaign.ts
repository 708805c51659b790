/**
 * A campaign against a provider that answers after 5 ms and allows 10 connections: 10 / 5 ms = 2,000 messages a second are
 * the most there can be. Counted is from the start of the engine and the launch until the whole audience is sent to and
 * recorded, with reading the file, normalising numbers and filling the template in it.
 *
 * What the provider allows in truth, timers and sockets being what they are, says the bare HTTP client. The plain loop sends
 * the same messages by the same messenger over as many connections: what it lacks is the messenger's, and the rest is the
 * engine's.
 */
import { Effect, FileSystem, Schema } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { HttpClient, HttpClientResponse } from "effect/http"
import { type Case, type Ground } from "../Case.ts"
import * as Meter from "../Meter.ts"
import * as Provider from "../Provider.ts"

const connections = 10
/** Messages in a second. */
const most = (connections * 1000) / Provider.slowMillis

const recipients = ({ isQuick }: Ground) => (isQuick ? 10_000 : 100_000)

const phoneOf = (n: number): string => `0812${10_000_000 + n}`

/** The file of the audience; it ends with the scope. */
const audience = Effect.fnUntraced(
  function* (rows: number) {
    const files = yield* FileSystem.FileSystem
    const path = `${yield* files.makeTempDirectoryScoped({ prefix: "fibercast-bench-" })}/contacts.csv`
    const lines = Array.from({ length: rows }, (_, n) => `Orang ${n},${phoneOf(n)},Jakarta`)
    yield* files.writeFileString(path, ["name,phone,city", ...lines, ""].join("\n"))
    return path
  },
  Effect.provide(NodeServices.layer),
  Effect.orDie
)

const Accepted = Schema.Struct({ total: Schema.Int, distinct: Schema.Int })

/** How many messages the provider has, and to how many people. */
const accepted = (url: string) =>
  Effect.flatMap(HttpClient.get(`${url}/_simulator/accepted`), HttpClientResponse.schemaBodyJson(Accepted)).pipe(
    Effect.provide(NodeHttpClient.layerUndici),
    Effect.orDie
  )

export const cases: ReadonlyArray<Case> = [
  {
    name: "campaign",
    title: "Campaign to 100,000 by HTTP, 10 connections of 5 ms (at most 2,000/s)",
    unit: "/s",
    subjects: ["bare", "plain", "fibercast"],
    further: { share: "% of the most" },
    beside: null,
    provider: "slow",
    isInQuick: false,
    mostRounds: 3,
    fill: null,
    help: null,
    measure: (ground) =>
      Effect.gen(function* () {
        const { opened, servers } = ground
        const rows = recipients(ground)
        const url = servers.provider?.url ?? ""
        const send = yield* Effect.fromNullishOr(opened.campaign).pipe(Effect.orDie)
        const path = yield* audience(rows)
        const template = "Halo {{ name }} di {{ city }}, rapor sudah terbit."
        const sending = send({ path, template, connections, url })
        const { metered } = yield* Meter.measure(servers, {}, sending, () => rows)
        const { distinct, total } = yield* accepted(url)
        if (total !== rows || distinct !== rows)
          return yield* Effect.die(new Error(`${total} of ${rows} messages went to ${distinct} people`))
        const value = rows / metered.seconds
        return { value, more: { share: (value / most) * 100 }, metered }
      })
  }
]
