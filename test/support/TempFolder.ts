/** A folder of one's own that any user can enter, removed with the scope. */
import { NodeFileSystem } from "@effect/platform-node"
import { Effect, FileSystem } from "effect"

export const tempFolder = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const folder = yield* files.makeTempDirectoryScoped({ prefix: "fibercast-folder-" })
  yield* files.chmod(folder, 0o755)
  return folder
}).pipe(Effect.provide(NodeFileSystem.layer), Effect.orDie)
