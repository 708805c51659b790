/**
 * A nats-server for the tests of one file. Where none can be had (`NatsServerFound.ts`), those tests are left out; where
 * `CI` is set, they fail instead.
 */
import * as Nats from "@fibercast/nats/Nats"
import * as NatsServer from "@fibercast/nats/NatsServer"
import * as NatsSenderChannel from "@fibercast/nats/NatsSenderChannel"
import * as NatsSignal from "@fibercast/nats/NatsSignal"
import * as NatsWorkStream from "@fibercast/nats/NatsWorkStream"
import { type WorkStreamSettings } from "@fibercast/ports/WorkStream"
import { Effect, Layer, Logger } from "effect"
import { randomUUID } from "node:crypto"
import { inject } from "vitest"
import "./NatsServerFound.ts"

/** Whether tests that need a server run: where `CI` is set they do, and fail without one. */
export const isThere: boolean = inject("natsServer") !== null || process.env["CI"] === "true"

/** What the client says about outages that a test makes on purpose is not for the reader of its output. */
export const quiet = Logger.layer([])

/** Real time, one server for all, started with the first test. */
export const layer = Layer.merge(NatsServer.layer(), quiet)

/** How the tests of a file that take `layer` are registered. */
export const options = { timeout: "60 seconds", excludeTestServices: true } as const

/** A connection to the file's server. */
export const connection: Layer.Layer<Nats.Nats, unknown, NatsServer.NatsServer> = Layer.unwrap(
  Effect.map(NatsServer.NatsServer, ({ url }) => Nats.layer({ servers: url }))
)

/** A prefix that nobody else on the server has. */
export const freshPrefix = (): string => `t${randomUUID().replaceAll("-", "").slice(0, 12)}`

/** A WorkStream of its own on the file's server. */
export const workStream = (settings: Partial<WorkStreamSettings> = {}) =>
  Layer.suspend(() => NatsWorkStream.layer({ prefix: freshPrefix(), settings, maxBytes: 4 * 1024 * 1024 })).pipe(
    Layer.provideMerge(connection)
  )

/** A Signal and a SenderChannel of their own on the file's server. */
export const channels = Layer.suspend(() => {
  const prefix = freshPrefix()
  return Layer.mergeAll(NatsSignal.layer({ prefix }), NatsSenderChannel.layer({ prefix }))
}).pipe(Layer.provideMerge(connection))
