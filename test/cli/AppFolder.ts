/**
 * A folder of one's own, outside of the repository, from which the packages can be imported.
 */
import { Effect, FileSystem } from "effect"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { tempFolder } from "../support/TempFolder.ts"
import * as Program from "./Program.ts"

const packages = fileURLToPath(new URL("../../services/examples/node_modules", import.meta.url))

/** The app of the examples, as text. */
export const cleaning = readFileSync(new URL("../../services/examples/src/Cleaning.ts", import.meta.url), "utf8")

export const appFolder = Effect.gen(function* () {
  const folder = yield* tempFolder
  yield* (yield* FileSystem.FileSystem).symlink(packages, `${folder}/node_modules`)
  yield* Program.write(`${folder}/package.json`, '{ "type": "module" }\n')
  return folder
})
