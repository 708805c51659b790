/**
 * Rules about single files: their names, their size and what they use. Each is pure: a repository in, its violations out.
 */
import * as path from "node:path/posix"
import { type Rule } from "./ImportRules.ts"
import { importTable } from "./ImportTable.ts"
import { packageOf, type SourceFile } from "./SourceFile.ts"

const perFile =
  (judge: (file: SourceFile) => ReadonlyArray<string>): Rule =>
  ({ files }) =>
    files.flatMap((file) => judge(file).map((message) => ({ path: file.path, message })))

const banned = /^(?:utils?|helpers?|common|types?|models?|index|misc|shared|lib)$/iu

export const namesSayAConcept: Rule = perFile((file) =>
  file.path
    .split("/")
    .map((part) => part.replace(/(?:\.test)?\.(?:ts|mjs)$/u, ""))
    .filter((part) => banned.test(part))
    .map((part) => `"${part}" is no concept`)
)

/** `main` is where a service starts; migrations carry their number. */
export const modulesArePascalCase: Rule = perFile((file) => {
  const [, , folder] = file.path.split("/")
  const name = path.basename(file.path).replace(/\.[a-z]+$/u, "")
  if (folder !== "src" || file.path.startsWith("test/")) return []
  if (/^[A-Z][A-Za-z0-9]*$/u.test(name)) return []
  if (name === "main" && file.path.startsWith("services/")) return []
  return file.path.includes("/migrations/") && /^\d{4}_?[A-Za-z0-9_]+$/u.test(name)
    ? []
    : [`"${name}" is not PascalCase`]
})

export const maxLines = 500

export const filesStaySmall: Rule = perFile(({ lines }) =>
  lines > maxLines ? [`has ${lines} lines; which second concept moved in?`] : []
)

export const noBarrels: Rule = perFile(({ reexports, substance }) => {
  const all = reexports.filter(({ all }) => all).map(({ from }) => `exports everything of ${from}`)
  return all.length === 0 && reexports.length > 0 && !substance ? ["only hands on what others export"] : all
})

/** What no product code may use, and what to use. Beside what oxlint sees, these are the ways around it. */
const forbidden: Readonly<Record<string, string>> = {
  "new Date()": "take the instant from Clock",
  "Date()": "take the instant from Clock",
  "Date.now": "take the instant from Clock",
  "performance.timeOrigin": "take the instant from Clock",
  "process.hrtime": "take the instant from Clock",
  "process.uptime": "take the instant from Clock",
  "Math.random": "take chance from Random",
  "globalThis.setTimeout": "sleep with Effect.sleep",
  "globalThis.setInterval": "repeat with a Schedule",
  "globalThis.fetch": "speak HTTP through HttpClient",
  "globalThis.console": "print through Console",
  "globalThis.process": "name the service that is needed",
  setImmediate: "yield with Effect.yieldNow",
  queueMicrotask: "fork a fiber",
  WebSocket: "open a Socket",
  XMLHttpRequest: "speak HTTP through HttpClient",
  eval: "no code from text",
  Function: "no code from text"
}

/** What only adapters and services may use. */
const worldOnly: Readonly<Record<string, string>> = {
  process: "Config, or a port",
  Buffer: "Uint8Array",
  "crypto.randomUUID": "chance from Random",
  "crypto.getRandomValues": "chance from Random",
  require: "import"
}

const isProduct = (file: SourceFile): boolean => !file.path.startsWith("test/") && file.path.includes("/src/")

const used = (file: SourceFile, table: Readonly<Record<string, string>>): ReadonlyArray<string> =>
  Object.entries(table)
    .filter(([name]) => file.uses.has(name))
    .map(([name, instead]) => `uses ${name}: ${instead}`)

export const noGlobalWorld: Rule = perFile((file) => {
  if (!isProduct(file)) return []
  const adapter = importTable[packageOf(file.path)]?.reach === "adapter"
  const messages = [...used(file, forbidden), ...(adapter ? [] : used(file, worldOnly))]
  if (!file.path.startsWith("packages/")) return messages
  // A program that is started inherits from this process's environment.
  const starts = file.imports.some(({ from }) => from === "node:child_process")
  const environment = starts ? {} : { "process.env": "read Config" }
  return [...messages, ...used(file, { ...environment, "process.exit": "fail, and let main decide" })]
})

export const promisesStayAtTheEdge: Rule = perFile((file) =>
  isProduct(file) && importTable[packageOf(file.path)]?.reach !== "adapter" && file.promises > 0
    ? ["uses async or await: only adapters of foreign promise APIs do"]
    : []
)

export const noCastHidesALie: Rule = perFile(({ doubleCasts }) =>
  doubleCasts > 0 ? ["casts twice in a row: what does the compiler know better?"] : []
)

const isTest = (file: SourceFile): boolean => file.path.startsWith("test/") && file.path.endsWith(".test.ts")

export const testsUseNoMocks: Rule = perFile((file) =>
  isTest(file) && file.imports.some(({ from, names }) => from.endsWith("vitest") && names.includes("vi"))
    ? ["imports vi: use the memory layer, or the real thing"]
    : []
)

/** Leaving a test out must depend on the machine, not on the mood: `skipIf`, `runIf`. */
export const everyTestRuns: Rule = perFile((file) =>
  isTest(file)
    ? Array.from(file.uses)
        .filter((name) => /^(?:it|test|describe)(?:\.\w+)*\.(?:only|skip|todo)$/u.test(name))
        .map((name) => `has ${name}`)
    : []
)
