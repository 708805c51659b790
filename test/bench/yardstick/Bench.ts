/**
 * `pnpm bench`: Fibercast, other job queues and a plain loop, interleaved in one run.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Clock, Console, Effect, FileSystem, Option, Schema } from "effect"
import { Command, Flag } from "effect/cli"
import { cpus, totalmem } from "node:os"
import * as Baseline from "./Baseline.ts"
import * as Catalogue from "./Catalogue.ts"
import * as Chart from "./Chart.ts"
import * as Page from "./Page.ts"
import * as Report from "./Report.ts"
import * as Rounds from "./Rounds.ts"
import { Sample } from "./Sample.ts"
import * as Servers from "./Servers.ts"

/** What `--json` writes and `--against` reads. */
const Run = Schema.fromJsonString(
  Schema.Struct({
    at: Schema.String,
    machine: Schema.Struct({ processor: Schema.String, processors: Schema.Int, memoryGb: Schema.Finite }),
    node: Schema.String,
    samples: Schema.Array(Sample)
  })
)

const machine = Effect.sync(() => {
  const all = cpus()
  return { processor: all[0]?.model ?? "unknown", processors: all.length, memoryGb: Math.round(totalmem() / 2 ** 30) }
})

const verdicts = (compared: ReadonlyArray<Baseline.Compared>) =>
  compared.map(
    ({ before, case: name, now, reference, subject, verdict }) =>
      `  ${name}, ${subject} against ${reference}: ${Report.figure(before.median)}× then, ` +
      `${Report.figure(now.median)}× now: ${verdict}`
  )

const command = Command.make(
  "bench",
  {
    quick: Flag.Boolean("quick").pipe(
      Flag.withDefault(false),
      Flag.withDescription("The short form: fewer cases, subjects, jobs and rounds")
    ),
    only: Flag.String("case").pipe(Flag.atLeast(0), Flag.withDescription("Of this case only; may be repeated")),
    subjects: Flag.String("subject").pipe(Flag.atLeast(0), Flag.withDescription("Of this one only; may be repeated")),
    rounds: Flag.Int("rounds").pipe(Flag.optional, Flag.withDescription("Default 5, with --quick 1")),
    json: Flag.String("json").pipe(Flag.optional, Flag.withDescription("Write every sample to this file")),
    chart: Flag.String("chart").pipe(Flag.optional, Flag.withDescription("Draw the ratios into this SVG file")),
    page: Flag.String("page").pipe(
      Flag.optional,
      Flag.withDescription("Put the figures into this Markdown file, between its marks")
    ),
    profile: Flag.String("profile").pipe(
      Flag.optional,
      Flag.withDescription("Write processor profiles into this folder")
    ),
    against: Flag.String("against").pipe(Flag.optional, Flag.withDescription("Compare with what --json wrote before"))
  },
  Effect.fnUntraced(function* (input) {
    const files = yield* FileSystem.FileSystem
    const known = new Set(Catalogue.cases.map(({ name }) => name))
    const unknown = [
      ...input.only.filter((name) => !known.has(name)),
      ...input.subjects.filter((name) => !Catalogue.subjects.has(name))
    ]
    if (unknown.length > 0) {
      const names = `cases: ${[...known].join(", ")}; subjects: ${[...Catalogue.subjects.keys()].join(", ")}`
      return yield* Effect.fail(new Error(`there is no ${unknown.join(", ")} to measure; ${names}`))
    }
    const before = Option.isNone(input.against)
      ? null
      : yield* Effect.flatMap(files.readFileString(input.against.value), Schema.decodeEffect(Run))
    const hasRedis = yield* Servers.hasRedis
    const without = new Set<string>()
    for (const [name, subject] of Catalogue.subjects) {
      const isWanted = input.subjects.length > 0 ? input.subjects.includes(name) : !input.quick || subject.isInQuick
      if (!isWanted) without.add(name)
      else if (subject.store === "redis" && !hasRedis) {
        without.add(name)
        yield* Console.log(`${subject.title} is left out: there is no redis-server in PATH.`)
      }
    }
    const cases = Catalogue.cases.filter(({ isInQuick, name }) =>
      input.only.length > 0 ? input.only.includes(name) : !input.quick || isInQuick
    )
    const plan = {
      cases,
      rounds: Option.getOrElse(input.rounds, () => (input.quick ? 1 : 5)),
      isQuick: input.quick,
      profile: Option.getOrNull(input.profile),
      without
    }
    const samples: Array<Sample> = []
    const total = Rounds.length(plan)
    const began = yield* Clock.currentTimeMillis
    yield* Rounds.run(plan, (sample) =>
      Effect.gen(function* () {
        samples.push(sample)
        const minutes = ((yield* Clock.currentTimeMillis) - began) / 60_000
        const unit = cases.find(({ name }) => name === sample.case)?.unit
        yield* Console.error(
          `${samples.length}/${total}  ${minutes.toFixed(1)} min  ${sample.case} ${sample.subject} ${Report.figure(sample.value)} ${unit}`
        )
      })
    )
    const at = new Date(yield* Clock.currentTimeMillis).toISOString()
    const run = { at, machine: yield* machine, node: process.version, samples }
    if (Option.isSome(input.json))
      yield* files.writeFileString(input.json.value, `${yield* Schema.encodeEffect(Run)(run)}\n`)
    if (Option.isSome(input.chart)) yield* files.writeFileString(input.chart.value, Chart.svg(cases, samples))
    if (Option.isSome(input.page)) {
      const page = yield* files.readFileString(input.page.value)
      yield* files.writeFileString(input.page.value, Page.withFigures(page, cases, samples))
    }
    if (input.quick) yield* Console.log("The short form: jobs are fewer than the titles say.")
    for (const one of cases) yield* Console.log(Report.tableOf(one, samples).join("\n"))
    yield* Console.log(["", "What each promises as measured:", ...Report.promises(samples)].join("\n"))
    if (before !== null) {
      const compared = Baseline.compare(cases, before.samples, samples)
      yield* Console.log(["", `Against the run of ${before.at}:`, ...verdicts(compared)].join("\n"))
      if (compared.some(({ verdict }) => verdict === "slower"))
        return yield* Effect.fail(new Error("a case became slower"))
    }
  }, Effect.scoped)
).pipe(Command.withDescription("Measure Fibercast beside other job queues, interleaved in one run"))

Command.run(command, { version: "1" }).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
