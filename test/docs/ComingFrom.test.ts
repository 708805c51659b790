/**
 * What "Coming from …" says is true: its code is the code of the files it names, what it names is there, and its commands run.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Frequency from "@fibercast/domain/Frequency"
import { lanes, weight } from "@fibercast/domain/Lane"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Batches from "@fibercast/engine/Batches"
import * as Deliveries from "@fibercast/engine/Deliveries"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import * as Expect from "@fibercast/testkit/Expect"
import * as TestEngine from "@fibercast/testkit/TestEngine"
import { Effect, Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8")
const page = read("docs/coming-from.md")

/** Commands that are run elsewhere: `test/cli/QueueCommands.test.ts`. */
const elsewhere = ["queue work", "queue pause", "queue resume", "queue rescue", "queue restart"]

/** Those that go on until they are stopped, by what they say once they have begun. */
const lasting: ReadonlyArray<readonly [start: string, says: RegExp]> = [["schedule work", /queue\.ping.*completed/u]]

/** Indentation and line breaks do not count: the page's code stands alone. */
const flat = (code: string) => code.replaceAll(/\s+/gu, " ").trim()

const quoted = [...page.matchAll(/<!-- (\S+) -->\n\n```ts\n([^]*?)```/gu)].map(([, file = "", code = ""]) => ({
  file,
  code
}))

/** The words of each command line as a shell would part them; quotes keep words together. */
const commands = [...page.matchAll(/```sh\n([^]*?)```/gu)]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .map((line) => [...line.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? "").slice(4))

const isRunHere = (args: ReadonlyArray<string>) => !elsewhere.includes(args.slice(0, 2).join(" "))

const modules: Readonly<Record<string, object>> = {
  Batches,
  Deliveries,
  Expect,
  Frequency,
  Pipeline,
  RetryPolicy,
  Scheduled,
  TestEngine
}

/** A heading as the end of a link. */
const anchor = (heading: string) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-")

const anchorsOf = (text: string) => [...text.matchAll(/^#+ (.+)$/gmu)].map(([, heading = ""]) => anchor(heading))

describe("the page for those who come from another queue", () => {
  it("quotes code as it stands in the files it names, and no other", () => {
    assert.isAtLeast(quoted.length, 12)
    assert.lengthOf([...page.matchAll(/```ts/gu)], quoted.length)
    for (const { code, file } of quoted) assert.include(flat(read(file)), flat(code), file)
  })

  it("names what is there", () => {
    const named = [...page.matchAll(/\b([A-Z]\w+)\.([a-z]\w*)/gu)].filter(([, module = ""]) => module in modules)
    assert.isAtLeast(named.length, 60)
    for (const [whole, module = "", name = ""] of named) assert.property(modules[module], name, whole)
  })

  it("links to headings and files that are there", () => {
    const links = [...page.matchAll(/\]\(([^)#]*)(?:#([^)]*))?\)/gu)]
    assert.isAtLeast(links.length, 15)
    for (const [whole, file = "", heading] of links) {
      const target = file === "" ? "docs/coming-from.md" : `docs/${file}`
      assert.isTrue(existsSync(`${root}/${target}`), whole)
      if (heading !== undefined) assert.include(anchorsOf(read(target)), heading, whole)
    }
  })

  it("tells shares and defaults as they are", () => {
    const total = lanes.reduce((sum, lane) => sum + weight[lane], 0)
    const [urgent, ...others] = lanes.map((lane) => `${weight[lane]} ${lane}`)
    const shares = [urgent?.replace(" ", " are "), ...others].join(", ").replace(/, (\d+ bulk)$/u, " and $1")
    assert.include(flat(page), `of ${total} starts ${shares}`)
    const { retry, timeout } = Pipeline.make("any", { payload: Schema.Null }).options
    assert.deepStrictEqual([retry.tries, timeout], [5, 30_000])
  })

  it.live(
    "names commands that there are",
    () =>
      Effect.gen(function* () {
        const folder = yield* tempFolder
        const named = new Set([...page.matchAll(/`fibercast (\w+) (\w+)/gu)].map(([, group, sub]) => `${group} ${sub}`))
        assert.isAtLeast(named.size, 15)
        for (const group of new Set([...named].map((one) => one.replace(/ .*$/u, "")))) {
          const { stdout } = yield* Program.run({ folder }, [group, "--help"])
          const there = [...stdout.matchAll(/^ {2}(\w+) {2,}\S/gmu)].map(([, sub]) => `${group} ${sub}`)
          for (const one of named) {
            if (one.startsWith(`${group} `)) assert.include(there, one)
          }
        }
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    60_000
  )

  it.live(
    "shows commands that run, in the order they stand",
    () =>
      Effect.gen(function* () {
        const place = { folder: yield* tempFolder }
        const run = commands.filter(isRunHere)
        assert.isAtLeast(run.length, 13)
        for (const args of run) {
          const typed = args.map((word) => (word.startsWith("services/examples/") ? `${root}/${word}` : word))
          const [, says] = lasting.find(([start]) => args.join(" ").startsWith(start)) ?? []
          if (says !== undefined) {
            const working = yield* Program.start(place, typed)
            const sees = yield* Program.follow(working.stdout)
            yield* sees(says)
            continue
          }
          const ran = yield* Program.run(place, typed)
          assert.strictEqual(ran.code, 0, `${args.join(" ")}\n${ran.stdout}\n${ran.stderr}`)
        }
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    120_000
  )
})
