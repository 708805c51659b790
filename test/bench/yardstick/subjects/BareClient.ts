/**
 * What the provider of a campaign allows: as many requests, over as many connections as there may be, by an HTTP client and
 * nothing else. The numbers are not looked at, each message is the same text, and no answer is read but to its end.
 */
import Undici from "@effect/platform-node/Undici"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem } from "effect"
import { type Campaign, type Open } from "../Subject.ts"
import * as PlainLoop from "./PlainLoop.ts"

const bodyOf = (phone: string, message: string): string =>
  new URLSearchParams({ target: `62${phone.slice(1)}`, message, countryCode: "0", connectOnly: "true" }).toString()

const send = ({ connections, path, template, url }: Campaign) =>
  Effect.gen(function* () {
    const text = yield* (yield* FileSystem.FileSystem).readFileString(path)
    const bodies = text
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => bodyOf(line.split(",")[1] ?? "", template))
      .values()
    const pool = yield* Effect.acquireRelease(
      Effect.sync(() => new Undici.Pool(new URL(url).origin, { connections, pipelining: 1 })),
      (pool) => Effect.promise(() => pool.close())
    )
    const headers = { authorization: "simulated-token", "content-type": "application/x-www-form-urlencoded" }
    const one = Effect.promise(async () => {
      for (const body of bodies)
        await (await pool.request({ path: "/send", method: "POST", headers, body })).body.text()
    })
    yield* Effect.replicateEffect(one, connections, { concurrency: "unbounded", discard: true })
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer), Effect.orDie)

/** It does nothing else. */
export const open: Open = (servers) => Effect.map(PlainLoop.open(servers), (opened) => ({ ...opened, campaign: send }))
