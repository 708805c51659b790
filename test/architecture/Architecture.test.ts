import { assert, describe, it } from "@effect/vitest"
import * as FileRules from "./FileRules.ts"
import * as ImportRules from "./ImportRules.ts"
import * as Repository from "./Repository.ts"

/** Each rule as the sentence it proves. */
const sentences: ReadonlyArray<readonly [string, ImportRules.Rule]> = [
  ["packages import only what the import table allows", ImportRules.packagesImportDownwards],
  ["what should run anywhere touches neither Node nor a protocol", ImportRules.thePureStayPure],
  ["relative imports stay inside their package", ImportRules.relativeImportsStayInside],
  ["what is internal to a package is imported by no other", ImportRules.internalsStayInside],
  ["nothing takes timers from Node", ImportRules.timersComeFromEffect],
  ["no import is renamed", ImportRules.noImportIsRenamed],
  ["every package that is imported is listed", ImportRules.importsAreDeclared],
  ["every package that is listed is imported", ImportRules.declaredAreImported],
  ["modules do not import each other in a cycle", ImportRules.noCycles],
  ["files and folders are named for a concept", FileRules.namesSayAConcept],
  ["modules are PascalCase", FileRules.modulesArePascalCase],
  [`no file has more than ${FileRules.maxLines} lines`, FileRules.filesStaySmall],
  ["there are no barrels", FileRules.noBarrels],
  ["time, chance and the world come from services", FileRules.noGlobalWorld],
  ["promises stay in the adapters", FileRules.promisesStayAtTheEdge],
  ["no cast hides a lie", FileRules.noCastHidesALie],
  ["tests use no mocks", FileRules.testsUseNoMocks],
  ["every test runs", FileRules.everyTestRuns]
]

describe("this repository", () => {
  const repository = Repository.load()

  it("is read whole", () => {
    const paths = repository.files.map(({ path }) => path)
    assert.includeMembers(paths, [
      "packages/domain/src/Delivery.ts",
      "services/cli/src/main.ts",
      "services/cli/bin/fibercast.mjs",
      "test/architecture/Architecture.test.ts"
    ])
    assert.isAtLeast(repository.manifests.length, 10)
  })

  it.each(sentences)("%s", (_, rule) => {
    assert.deepStrictEqual(
      rule(repository).map(({ path, message }) => `${path} ${message}`),
      []
    )
  })
})
