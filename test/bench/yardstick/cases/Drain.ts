/**
 * Working off what is there: from the start of the workers until everything is done and recorded. The jobs were added by
 * another process.
 */
import { Deferred, Effect } from "effect"
import { type Case, type Ground } from "../Case.ts"
import * as Bloat from "../Bloat.ts"
import * as HeldSnapshot from "../HeldSnapshot.ts"
import * as Meter from "../Meter.ts"
import { payloadOf } from "../Subject.ts"

const bulk = 1000
/** How often it is asked whether all is done. */
const look = "10 millis"

interface Options {
  readonly jobs: number
  readonly quickJobs: number
  readonly concurrency: number
  readonly millis: number
  readonly processes: 1 | 2
  /** Whether a forgotten session holds a snapshot meanwhile. */
  readonly isHeld?: boolean
  /** Whether it is told what is left in the tables. */
  readonly tellsBloat?: boolean
}

const of = (options: Options): Pick<Case, "unit" | "further" | "beside" | "provider" | "fill" | "measure" | "help"> => {
  const { concurrency, isHeld = false, millis, processes, tellsBloat = false } = options
  const jobsOf = ({ isQuick }: Ground) => (isQuick ? options.quickJobs : options.jobs)
  const work = (begun: () => void) => ({ concurrency, millis, act: null, begun })
  return {
    unit: "/s",
    further: tellsBloat ? Bloat.further : {},
    beside: null,
    provider: null,
    fill: (ground) =>
      Effect.gen(function* () {
        for (let from = 0; from < jobsOf(ground); from += bulk) {
          const length = Math.min(bulk, jobsOf(ground) - from)
          yield* ground.opened.addAll(Array.from({ length }, (_, at) => payloadOf(from + at)))
        }
      }),
    measure: (ground) =>
      Effect.gen(function* () {
        const { opened, servers } = ground
        const jobs = jobsOf(ground)
        let begun = 0
        const all = yield* Deferred.make<void>()
        const helper = processes === 1 ? null : yield* ground.helper
        const empty = Effect.repeat(Effect.delay(opened.isEmpty, look), { until: (isEmpty) => isEmpty })
        const stillHeld = isHeld ? yield* HeldSnapshot.hold(servers) : Effect.void
        const draining = Effect.gen(function* () {
          if (helper !== null) yield* helper.go
          yield* opened.work(
            work(() => {
              if (++begun === jobs) Deferred.doneUnsafe(all, Effect.void)
            })
          )
          // Asked no earlier than it can be, as asking costs as well.
          if (helper === null) yield* Deferred.await(all)
          yield* empty
        })
        const { metered } = yield* Meter.measure(
          servers,
          helper === null ? {} : { helper: helper.pid },
          draining,
          () => jobs
        )
        if (helper === null && begun !== jobs)
          return yield* Effect.die(new Error(`${begun} of ${jobs} jobs were begun`))
        yield* stillHeld
        const more = tellsBloat && opened.tables !== undefined ? yield* Bloat.watch(servers, opened.tables) : {}
        return { value: jobs / metered.seconds, more, metered }
      }),
    help: processes === 1 ? null : ({ opened }) => opened.help(work(() => {}))
  }
}

const peers = ["graphile-worker", "pg-boss", "bullmq", "bee-queue"]
const inProcess = ["plain", "fibercast", ...peers]
const noop = { concurrency: 1000, millis: 0, processes: 1 } as const

export const cases: ReadonlyArray<Case> = [
  {
    ...of({ ...noop, jobs: 100_000, quickJobs: 30_000 }),
    name: "drain",
    title: "Drain 100,000 jobs that do nothing, one process",
    subjects: [...inProcess, "fibercast-jetstream"],
    isInQuick: true,
    mostRounds: null
  },
  {
    ...of({ ...noop, jobs: 100_000, quickJobs: 30_000, processes: 2 }),
    name: "drain-2",
    title: "Drain 100,000 jobs that do nothing, two processes",
    subjects: ["fibercast-jetstream", ...peers],
    isInQuick: false,
    mostRounds: null
  },
  {
    ...of({ jobs: 60_000, quickJobs: 10_000, concurrency: 100, millis: 5, processes: 1 }),
    name: "wait-100",
    title: "Jobs that wait 5 ms, 100 at once (at most 20,000/s)",
    subjects: inProcess,
    isInQuick: true,
    mostRounds: null
  },
  {
    ...of({ jobs: 100_000, quickJobs: 20_000, concurrency: 1000, millis: 5, processes: 1 }),
    name: "wait-1000",
    title: "Jobs that wait 5 ms, 1000 at once (at most 200,000/s)",
    subjects: inProcess,
    isInQuick: false,
    mostRounds: null
  },
  {
    ...of({ ...noop, jobs: 10_000, quickJobs: 10_000 }),
    name: "drain-10k",
    title: "Drain 10,000 jobs that do nothing, one process",
    subjects: ["plain", "fibercast", "graphile-worker"],
    isInQuick: false,
    mostRounds: null
  },
  {
    ...of({ ...noop, jobs: 100_000, quickJobs: 30_000, isHeld: true }),
    name: "drain-held",
    title: "Drain 100,000 jobs that do nothing while a forgotten session holds a snapshot",
    subjects: ["fibercast", "graphile-worker", "pg-boss"],
    beside: { case: "drain", title: "of without" },
    isInQuick: false,
    mostRounds: null
  },
  {
    ...of({ ...noop, jobs: 1_400_000, quickJobs: 1_400_000 }),
    name: "drain-1.4m",
    title: "Drain 1,400,000 jobs that do nothing, one process",
    subjects: ["plain", "fibercast", "graphile-worker", "fibercast-jetstream"],
    isInQuick: false,
    mostRounds: 1
  },
  {
    ...of({ ...noop, jobs: 1_000_000, quickJobs: 100_000, tellsBloat: true }),
    name: "bloat",
    title: "Drain 1,000,000 jobs that do nothing, and what is left in the tables",
    subjects: ["fibercast", "graphile-worker", "pg-boss"],
    isInQuick: false,
    mostRounds: 1
  }
]
