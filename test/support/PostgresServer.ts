/**
 * One Postgres for the whole test run, provided to the workers as `postgresUrl`.
 *
 * It lives in a temp folder and promises nothing about power failures. It stops with the run, also when the run
 * is interrupted or killed; what a killed run left on disk is removed by the next one.
 */
import * as EmbeddedPostgres from "@fibercast/postgres/EmbeddedPostgres"
import { Clock, Effect, Exit, Layer, Redacted, Scope } from "effect"
import * as fs from "node:fs/promises"
import * as os from "node:os"
import * as path from "node:path"
import { type TestProject } from "vitest/node"

declare module "vitest" {
  interface ProvidedContext {
    readonly postgresUrl: string
  }
}

const prefix = "fibercast-test-"

const removeLeftovers = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis
  const names = yield* Effect.promise(() => fs.readdir(os.tmpdir()))
  for (const name of names.filter((name) => name.startsWith(prefix))) {
    const folder = path.join(os.tmpdir(), name)
    // A young one may belong to a run that is just starting.
    const { mtimeMs } = yield* Effect.promise(() => fs.stat(folder))
    if (now - mtimeMs < 600_000) continue
    yield* EmbeddedPostgres.attach(folder).pipe(
      Effect.catchTag("NotRunning", () => remove(folder)),
      Effect.ignore
    )
  }
})

const remove = (folder: string) => Effect.promise(() => fs.rm(folder, { recursive: true, force: true }).catch(() => {}))

export default function (project: TestProject): Promise<() => Promise<void>> {
  return Effect.runPromise(
    Effect.gen(function* () {
      yield* removeLeftovers
      const scope = yield* Scope.make()
      const folder = yield* Effect.acquireRelease(
        Effect.promise(() => fs.mkdtemp(path.join(os.tmpdir(), prefix))),
        remove
      ).pipe(Scope.provide(scope))
      yield* Effect.promise(() => fs.chmod(folder, 0o755))
      const context = yield* Layer.buildWithScope(
        EmbeddedPostgres.layer({ folder, durable: false, maxConnections: 100 }),
        scope
      )
      const { url } = yield* Effect.provide(EmbeddedPostgres.EmbeddedPostgres, context)
      project.provide("postgresUrl", Redacted.value(url))
      return () => Effect.runPromise(Scope.close(scope, Exit.void))
    })
  )
}
