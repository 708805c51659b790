/** Each rule is shown a repository that breaks it, and one close by that does not. */
import { assert, describe, it } from "@effect/vitest"
import * as FileRules from "./FileRules.ts"
import * as ImportRules from "./ImportRules.ts"
import * as SourceFile from "./SourceFile.ts"

/** Sources by path; manifests by package. */
const violations = (
  rule: ImportRules.Rule,
  sources: Readonly<Record<string, string>>,
  manifests: Readonly<Record<string, ReadonlyArray<string>>> = {}
): ReadonlyArray<string> =>
  rule({
    files: Object.entries(sources).map(([path, source]) => SourceFile.parse(path, source)),
    manifests: Object.entries(manifests).map(([name, dependencies]) => ({
      package: name,
      path: `packages/${name}/package.json`,
      dependencies
    }))
  }).map(({ path, message }) => `${path} ${message}`)

/** One file that breaks the rule, and one that does not. */
const breaks = (rule: ImportRules.Rule, path: string, source: string) =>
  assert.lengthOf(violations(rule, { [path]: source }), 1, source)
const keeps = (rule: ImportRules.Rule, path: string, source: string) =>
  assert.deepStrictEqual(violations(rule, { [path]: source }), [])

describe("packagesImportDownwards", () => {
  const rule = ImportRules.packagesImportDownwards
  const engine = "packages/engine/src/Feeder.ts"

  it("lets each package import what stands left of it", () => {
    keeps(rule, engine, `import { Ledger } from "@fibercast/ports/Ledger"; import { Effect } from "effect"`)
    keeps(rule, "services/cli/src/main.ts", `import * as Feeder from "@fibercast/engine/Feeder"`)
  })

  it("refuses the way up, however the import is written", () => {
    const domain = "packages/domain/src/Lane.ts"
    breaks(rule, domain, `import { Ledger } from "@fibercast/ports/Ledger"`)
    breaks(rule, domain, `import { type Ledger } from "@fibercast/ports/Ledger"`)
    breaks(rule, domain, `import "@fibercast/ports/Ledger"`)
    breaks(rule, domain, `export { Ledger } from "@fibercast/ports/Ledger"`)
    breaks(rule, domain, `export type Ledger = import("@fibercast/ports/Ledger").Ledger`)
    breaks(rule, domain, `export const later = () => import("@fibercast/ports/Ledger")`)
    breaks(rule, engine, `import { SqlLedger } from "@fibercast/postgres/SqlLedger"`)
    breaks(rule, "packages/testkit/src/TestEngine.ts", `import * as Node from "@fibercast/node/Roles"`)
  })

  it("keeps adapters apart from each other and from the engine", () => {
    for (const [one, other] of [
      ["postgres", "messengers"],
      ["messengers", "postgres"],
      ["postgres", "engine"]
    ]) {
      breaks(rule, `packages/${one}/src/Adapter.ts`, `import { Other } from "@fibercast/${other}/Other"`)
    }
  })

  it("lets domain import effect and nothing else", () => {
    breaks(rule, "packages/domain/src/Lane.ts", `import { isSupportedCountry } from "libphonenumber-js"`)
    keeps(rule, "packages/domain/src/Lane.ts", `import { Schema } from "effect"`)
  })

  it("lets nothing import test", () => {
    breaks(rule, "services/cli/src/main.ts", `import { layer } from "@fibercast/test/support/TestDatabase"`)
  })

  it("wants a short path inside a package, and a line for each package", () => {
    breaks(rule, engine, `import * as Window from "@fibercast/engine/Window"`)
    breaks(rule, "packages/novelty/src/Thing.ts", `import { Effect } from "effect"`)
  })

  it("is not fooled by comments, strings, templates or regular expressions", () => {
    keeps(
      rule,
      engine,
      `// import "@fibercast/postgres/SqlLedger"
       /* export * from "@fibercast/test/x" */
       export const text = 'import "@fibercast/postgres/SqlLedger"' + \`import("@fibercast/test/x")\`
       export const pattern = /import "@fibercast\\/test\\/x"/`
    )
  })
})

describe("thePureStayPure", () => {
  const rule = ImportRules.thePureStayPure

  it("keeps Node and protocols out of what should run anywhere", () => {
    breaks(rule, "packages/domain/src/Lane.ts", `import { createHash } from "node:crypto"`)
    breaks(rule, "packages/engine/src/Feeder.ts", `import { SqlClient } from "effect/sql"`)
    breaks(rule, "packages/content/src/Template.ts", `import { HttpClient } from "effect/http"`)
  })

  it("lets the engine own entities, and adapters speak", () => {
    keeps(rule, "packages/engine/src/WorkspaceActor.ts", `import { Entity } from "effect/cluster"`)
    keeps(rule, "packages/messengers/src/Fonnte.ts", `import { HttpClient } from "effect/http"; import "node:net"`)
  })
})

describe("relativeImportsStayInside", () => {
  const rule = ImportRules.relativeImportsStayInside

  it("refuses a path out of the package", () => {
    breaks(rule, "packages/engine/src/Feeder.ts", `import { Lane } from "../../domain/src/Lane.ts"`)
    breaks(rule, "test/engine/Feeder.test.ts", `import * as Feeder from "../../packages/engine/src/Feeder.ts"`)
  })

  it("allows any path within it", () => {
    keeps(rule, "services/cli/src/main.ts", `import manifest from "../package.json"`)
    keeps(rule, "test/engine/Feeder.test.ts", `import { suite } from "../conformance/LedgerSuite.ts"`)
  })
})

it("internalsStayInside refuses another package's internals", () => {
  const rule = ImportRules.internalsStayInside
  breaks(rule, "test/postgres/Sql.test.ts", `import { start } from "@fibercast/postgres/internal/PostgresProcess"`)
  keeps(rule, "packages/postgres/src/Postgres.ts", `import { start } from "./internal/PostgresProcess.ts"`)
})

it("timersComeFromEffect refuses Node's timers under both of their names", () => {
  const rule = ImportRules.timersComeFromEffect
  breaks(rule, "test/a/A.test.ts", `import { setTimeout } from "node:timers/promises"`)
  breaks(rule, "test/a/A.test.ts", `import { setTimeout } from "timers"`)
})

describe("noImportIsRenamed", () => {
  const rule = ImportRules.noImportIsRenamed
  const path = "packages/content/src/PhoneNumber.ts"

  it("refuses another name, for types as well", () => {
    breaks(rule, path, `import { parse as read } from "./Template.ts"`)
    breaks(rule, path, `import { type Option as Maybe } from "effect"`)
    breaks(rule, path, `import * as Text from "./Template.ts"`)
    breaks(rule, path, `import * as Kit from "effect/Effect"`)
  })

  it("allows a module under its own name, and a library's name to give way to the module's", () => {
    keeps(rule, path, `import * as Template from "./Template.ts"; import { type PhoneNumber as Parsed } from "phones"`)
    keeps(rule, path, `import * as fs from "node:fs/promises"; import * as fc from "fast-check"`)
    keeps(rule, path, `import * as Initial from "./migrations/0001_initial.ts"`)
  })
})

describe("manifests", () => {
  const path = "packages/content/src/Template.ts"
  const source = `import { Liquid } from "liquidjs"; import { Lane } from "@fibercast/domain/Lane"; import "./Other.ts"`

  it("importsAreDeclared names what package.json lacks", () => {
    const rule = ImportRules.importsAreDeclared
    assert.lengthOf(violations(rule, { [path]: source }, { content: ["liquidjs"] }), 1)
    assert.lengthOf(violations(rule, { [path]: source }, { content: ["liquidjs", "@fibercast/domain"] }), 0)
    assert.lengthOf(violations(rule, { [path]: source }, { domain: ["liquidjs", "@fibercast/domain"] }), 2)
    const usersFile = { "services/cli/src/AppFile.ts": `export const load = (file) => import(urlOf(file).href)` }
    assert.lengthOf(violations(rule, usersFile, {}), 0)
  })

  it("declaredAreImported names what nothing imports", () => {
    const rule = ImportRules.declaredAreImported
    assert.deepStrictEqual(violations(rule, { [path]: source }, { content: ["liquidjs", "csv-parse"] }), [
      "packages/content/package.json lists csv-parse, which nothing imports"
    ])
  })
})

describe("noCycles", () => {
  const rule = ImportRules.noCycles
  const a = "packages/domain/src/A.ts"
  const b = "packages/domain/src/B.ts"
  const c = "packages/ports/src/C.ts"

  it("finds a cycle within a package, even if only types go around", () => {
    assert.deepStrictEqual(
      violations(rule, { [a]: `import { B } from "./B.ts"`, [b]: `import { type A } from "./A.ts"` }),
      [`${a} is in a cycle: ${a} → ${b} → ${a}`]
    )
  })

  it("finds a cycle across packages", () => {
    const around = {
      [a]: `import { B } from "./B.ts"`,
      [b]: `import "@fibercast/ports/C"`,
      [c]: `import "@fibercast/domain/A"`
    }
    assert.lengthOf(violations(rule, around), 1)
  })

  it("allows two ways to one module", () => {
    const diamond = {
      [a]: `import "./B.ts"`,
      [b]: ``,
      [c]: `import "@fibercast/domain/A"; import "@fibercast/domain/B"`
    }
    assert.deepStrictEqual(violations(rule, diamond), [])
  })
})

describe("names and sizes", () => {
  it("namesSayAConcept refuses files and folders that say nothing", () => {
    const rule = FileRules.namesSayAConcept
    for (const path of [
      "engine/src/utils.ts",
      "engine/src/Helpers.ts",
      "domain/src/types/Lane.ts",
      "domain/src/index.ts"
    ]) {
      breaks(rule, `packages/${path}`, "")
    }
    keeps(rule, "packages/domain/src/Lane.ts", "")
    keeps(rule, "packages/domain/src/ErrorClass.ts", "")
  })

  it("modulesArePascalCase refuses other cases in src", () => {
    const rule = FileRules.modulesArePascalCase
    breaks(rule, "packages/domain/src/lane.ts", "")
    breaks(rule, "packages/domain/src/main.ts", "")
    breaks(rule, "packages/domain/src/retry-policy.ts", "")
    keeps(rule, "services/cli/src/main.ts", "")
    keeps(rule, "packages/postgres/src/migrations/0001_initial.ts", "")
    keeps(rule, "services/cli/demo/make-contacts.ts", "")
  })

  it("filesStaySmall counts lines", () => {
    breaks(FileRules.filesStaySmall, "test/a/A.test.ts", "\n".repeat(FileRules.maxLines + 1))
    keeps(FileRules.filesStaySmall, "test/a/A.test.ts", "\n".repeat(FileRules.maxLines))
  })

  it("noBarrels refuses modules that only hand on", () => {
    const rule = FileRules.noBarrels
    const path = "packages/domain/src/Domain.ts"
    breaks(rule, path, `export * from "./Lane.ts"; export const one = 1`)
    breaks(rule, path, `export * as Lane from "./Lane.ts"`)
    breaks(rule, path, `export { Lane } from "./Lane.ts"; export { Node } from "./Node.ts"`)
    keeps(rule, path, `export { Lane } from "./Lane.ts"; export const one = 1`)
  })
})

describe("what a file uses", () => {
  const engine = "packages/engine/src/Feeder.ts"
  const postgres = "packages/postgres/src/Postgres.ts"

  it("noGlobalWorld finds the ways around the linter", () => {
    const rule = FileRules.noGlobalWorld
    breaks(rule, engine, `export const now = new Date()`)
    breaks(rule, engine, `export const now = Date.now`)
    breaks(rule, engine, `globalThis.setTimeout(() => {}, 1)`)
    breaks(rule, engine, `export const id = crypto.randomUUID()`)
    breaks(rule, engine, `export const bytes = Buffer.from("")`)
    breaks(rule, postgres, `export const url = process.env["DATABASE_URL"]`)
    breaks(rule, postgres, `process.exit(1)`)
  })

  it("noGlobalWorld knows a name from the thing", () => {
    const rule = FileRules.noGlobalWorld
    keeps(rule, engine, `export const at = (millis: number) => new Date(millis)`)
    keeps(rule, engine, `export const of = (row: { process: string }) => ({ process: row.process }) // Date.now()`)
    keeps(rule, postgres, `export const user = process.getuid?.()`)
    keeps(rule, postgres, `import { spawn } from "node:child_process"; spawn("sh", { env: process.env })`)
    keeps(rule, "services/cli/src/main.ts", `process.exit(1)`)
    keeps(rule, "test/a/A.test.ts", `export const now = new Date()`)
  })

  it("promisesStayAtTheEdge refuses async and await where the engine decides", () => {
    const rule = FileRules.promisesStayAtTheEdge
    breaks(rule, engine, `export const run = async () => {}`)
    breaks(rule, engine, `export const x = await import("./X.ts")`)
    breaks(rule, engine, `export class X { async y() {} }`)
    keeps(rule, engine, `export const text = "async () => await x"`)
    keeps(rule, postgres, `export const run = async () => {}`)
  })

  it("noCastHidesALie refuses a cast of a cast", () => {
    breaks(FileRules.noCastHidesALie, engine, `export const x = 1 as unknown as string`)
    keeps(FileRules.noCastHidesALie, engine, `export const x = ["a"] as const`)
  })

  it("testsUseNoMocks refuses vi", () => {
    breaks(FileRules.testsUseNoMocks, "test/a/A.test.ts", `import { vi } from "vitest"`)
    breaks(FileRules.testsUseNoMocks, "test/a/A.test.ts", `import { it, vi } from "@effect/vitest"`)
    keeps(FileRules.testsUseNoMocks, "test/a/A.test.ts", `import { it } from "@effect/vitest"`)
  })

  it("everyTestRuns finds what was left out or singled out", () => {
    const rule = FileRules.everyTestRuns
    breaks(rule, "test/a/A.test.ts", `it.only("works", () => {})`)
    breaks(rule, "test/a/A.test.ts", `it.effect.skip("works", () => {})`)
    breaks(rule, "test/a/A.test.ts", `describe.skip("all of it", () => {})`)
    keeps(rule, "test/a/A.test.ts", `it.skipIf(isWindows)("works", () => {}); list.skip(1)`)
  })
})
