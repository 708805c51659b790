/**
 * An app in a file of the user's: a module whose default export was made by `App.make`.
 */
import * as App from "./App.ts"
import { Effect, FileSystem, Path, Predicate, Schema } from "effect"
import { pathToFileURL } from "node:url"

/** The file is there, and gives no app. */
export class NoApp extends Schema.TaggedError<NoApp>()("NoApp", {
  /** As the user wrote it. */
  file: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `${this.file}: ${this.reason}`
  }
}

const wanted = "an app is made by `App.make` of @fibercast/node/App: `export default App.make({ name: …, … })`"

const property = (value: unknown, name: string): string =>
  Predicate.hasProperty(value, name) && typeof value[name] === "string" ? value[name] : ""

/** Where in the user's own code: `app.ts:3`, as seen from the folder it was typed in; empty if that cannot be told. */
const placeOf = (stack: string, relative: (file: string) => string): string => {
  for (const line of stack.split("\n")) {
    const [, file = "", at = ""] = /((?:file:\/\/)?\/[^\s()]+?):(\d+)(?::\d+)?\)?$/u.exec(line) ?? []
    if (file === "" || file.includes("/node_modules/")) continue
    return `${relative(file)}:${at}`
  }
  return ""
}

const reasonOf = (error: unknown, relative: (file: string) => string): string => {
  const message = property(error, "message") || String(error)
  const place = placeOf(property(error, "stack"), relative)
  const at = place === "" ? "" : ` (${place})`
  switch (property(error, "code")) {
    case "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX":
      return `Node cannot run this TypeScript as it stands: ${message}${at}. Only types can be left out: write enums, namespaces and parameter properties as plain JavaScript, or give a file that is compiled.`
    case "ERR_INVALID_TYPESCRIPT_SYNTAX":
      return `it is not TypeScript that can be read: ${message}${at}.`
    case "ERR_UNKNOWN_FILE_EXTENSION":
      return "only .ts, .js and .mjs files can be run."
    case "ERR_MODULE_NOT_FOUND":
      return `${message.replaceAll(/\/\S+/gu, relative)}. What it imports must be found from where it stands.`
    default:
      return `it failed when it was loaded: ${message}${at}.`
  }
}

export const load = Effect.fn("AppFile.load")(function* (file: string) {
  const files = yield* FileSystem.FileSystem
  const paths = yield* Path.Path
  const whole = paths.resolve(file)
  const found = yield* Effect.option(files.stat(whole))
  if (found._tag === "None")
    return yield* new NoApp({ file, reason: "there is no such file. Check the path of --app." })
  if (found.value.type !== "File") return yield* new NoApp({ file, reason: "is not a file. --app takes a module." })
  const relative = (place: string) => {
    const name = place.startsWith("file:") ? new URL(place).pathname : place
    const near = paths.relative(paths.resolve("."), decodeURIComponent(name))
    return near.startsWith("..") ? decodeURIComponent(name) : near
  }
  const module: unknown = yield* Effect.tryPromise({
    try: () => import(pathToFileURL(whole).href),
    catch: (error) => new NoApp({ file, reason: reasonOf(error, relative) })
  })
  if (!Predicate.hasProperty(module, "default")) {
    return yield* new NoApp({ file, reason: `it has no default export; ${wanted}.` })
  }
  if (!App.isApp(module.default)) {
    return yield* new NoApp({ file, reason: `its default export is no app; ${wanted}.` })
  }
  return module.default
})
