/**
 * An app of the examples on a database of its own and a simulated Fonnte, in real time: nodes in this process, with what
 * they log and their alarms.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type App } from "@fibercast/node/App"
import { Database } from "@fibercast/node/Database"
import { MemoryAlerts } from "@fibercast/ports/MemoryAlerts"
import { Ping } from "@fibercast/ports/Ping"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { ConfigProvider, Context, Effect, Layer, Logger } from "effect"
import { TestDatabase } from "../support/TestDatabase.ts"

/** What the apps log, a line for each. */
export class Said extends Context.Service<Said, { readonly lines: ReadonlyArray<string> }>()("fibercast/test/Said") {}

const saying = Layer.unwrap(
  Effect.sync(() => {
    const lines: Array<string> = []
    const listener = Logger.make(({ message }: Logger.Options<unknown>) => {
      lines.push(String(Array.isArray(message) ? message.join(" ") : message))
    })
    return Layer.merge(Logger.layer([listener]), Layer.succeed(Said, { lines }))
  })
)

const place = Layer.effect(
  Database,
  Effect.map(TestDatabase, ({ name }) => Database.of({ place: name, embedded: false, alone: false }))
)

/** The machine, without an app on it. */
export const machine = Layer.mergeAll(MemoryAlerts.layer, Ping.layerLog, place).pipe(
  Layer.provideMerge(TestDatabase.layer),
  Layer.provideMerge(FonnteSimulator.layer({ keepTexts: 100 })),
  Layer.provideMerge(Layer.mergeAll(NodeServices.layer, NodeHttpClient.layerUndici, saying))
)

/** A node with the app, at another pace than its own: a test does not wait for two seconds a message. */
export const run = (app: App) =>
  Layer.unwrap(
    Effect.map(FonnteSimulator, ({ token, url }) =>
      app
        .node({})
        .pipe(
          Layer.provide(
            ConfigProvider.layer(
              ConfigProvider.fromUnknown({ FONNTE_TOKEN: token, FONNTE_URL: url, FONNTE_RATE: "50/s" })
            )
          )
        )
    )
  )

/** Looks until it is so. */
export const until = <A, E, R>(look: Effect.Effect<A, E, R>, isSo: (found: A) => boolean) =>
  Effect.repeat(Effect.delay(look, "50 millis"), { until: isSo })
