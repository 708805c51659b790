/**
 * Whether a nats-server can be had here, found out once for the whole test run and provided to the workers as
 * `natsServer`: its path, or null. Where none can be had, one line says so, as tests are then left out.
 */
import * as NatsServer from "@fibercast/nats/NatsServer"
import { Effect, Result } from "effect"
import { type TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    readonly natsServer: string | null
  }
}

export default function (project: TestProject): Promise<void> {
  return Effect.runPromise(
    Effect.map(Effect.result(NatsServer.find()), (found) => {
      project.provide("natsServer", Result.isSuccess(found) ? found.success.executable : null)
      if (Result.isSuccess(found)) return
      process.stderr.write(`\nTESTS ON NATS ARE LEFT OUT: ${found.failure.message.replaceAll("\n", " ")}\n\n`)
    })
  )
}
