import * as AppFile from "@fibercast/node/AppFile"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Effect } from "effect"
import * as Program from "../cli/Program.ts"
import { appFolder, cleaning } from "../cli/AppFolder.ts"

describe("the file of an app", () => {
  it.effect("gives the app that is its default export, wherever it lies", () =>
    Effect.gen(function* () {
      const folder = yield* appFolder
      yield* Program.write(`${folder}/app.ts`, cleaning)
      assert.strictEqual((yield* AppFile.load(`${folder}/app.ts`)).name, "cleaning")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("is looked for where it was said to be", () =>
    Effect.gen(function* () {
      const folder = yield* appFolder
      const absent = yield* Effect.flip(AppFile.load(`${folder}/no.ts`))
      assert.strictEqual(absent.reason, "there is no such file. Check the path of --app.")
      assert.strictEqual((yield* Effect.flip(AppFile.load(folder))).reason, "is not a file. --app takes a module.")
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  // By the program itself: the test runner would load the file in its own way.
  it.live("is refused with the reason, and the place in it where there is one", () =>
    Effect.gen(function* () {
      const folder = yield* appFolder
      const refused = Effect.fnUntraced(function* (text: string, name: string) {
        yield* Program.write(`${folder}/${name}`, text)
        const ran = yield* Program.run({ folder }, ["schedule", "work", "--app", name])
        assert.deepStrictEqual([ran.code, ran.stdout], [1, ""], text)
        return ran.stderr
      })
      const cases: ReadonlyArray<readonly [string, RegExp]> = [
        ["export const app = 1\n", /^app\.ts: it has no default export; an app is made by `App\.make`/u],
        ["export default { name: 'cleaning' }\n", /^app\.ts: its default export is no app; an app is made by/u],
        ["\nthrow new Error('no license')\n", /^app\.ts: it failed when it was loaded: no license \(app\.ts:2\)\.$/mu],
        [
          "export const a = 1\nenum Colour { Red }\n",
          /^app\.ts: Node cannot run this TypeScript as it stands: .*enum.* \(app\.ts:2\)\. Only types/u
        ],
        ["export default {\n", /^app\.ts: it is not TypeScript that can be read: .* \(app\.ts:\d\)\.$/mu],
        [
          'import "@fibercast/nothing/At"\n',
          /^app\.ts: Cannot find .*@fibercast\/nothing.* found from where it stands\.$/mu
        ]
      ]
      for (const [text, says] of cases) assert.match(yield* refused(text, "app.ts"), says)
      assert.match(
        yield* refused("name: x\n", "app.yaml"),
        /^app\.yaml: only \.ts, \.js and \.mjs files can be run\.$/mu
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
