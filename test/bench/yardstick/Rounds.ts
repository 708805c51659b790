/**
 * Takes the samples: in each round every subject of every case once, the subjects in an order that changes from round to
 * round, so that what the machine does besides meets all of them alike.
 */
import { Effect, Random, Stream } from "effect"
import { type Case } from "./Case.ts"
import * as Catalogue from "./Catalogue.ts"
import { type Sample, type Task } from "./Sample.ts"
import * as SampleProcess from "./SampleProcess.ts"
import * as Servers from "./Servers.ts"
import { type Subject } from "./Subject.ts"

export interface Plan {
  readonly cases: ReadonlyArray<Case>
  readonly rounds: number
  readonly isQuick: boolean
  readonly profile: string | null
  /** Names of subjects that are left out. */
  readonly without: ReadonlySet<string>
}

/** After which a process is given up. */
const patience = "5 minutes"

/** The last line that the process prints. */
const lastLine = Effect.fnUntraced(function* (task: Task) {
  const child = yield* SampleProcess.start(task)
  const line = yield* child.stdout.pipe(Stream.decodeText, Stream.splitLines, Stream.runLast)
  const code = yield* child.exitCode
  const where = `${task.subject} in ${task.case} (${task.role})`
  if (code !== 0) return yield* Effect.die(new Error(`${where} ended with ${code}`))
  return line
})

const waitFor = (task: Task) => Effect.scoped(lastLine(task)).pipe(Effect.timeout(patience))

/** One sample on servers of its own. */
const take = Effect.fnUntraced(function* (
  of: { readonly name: string; readonly subject: Subject; readonly one: Case },
  servers: Servers.Servers,
  { isQuick, profile }: Plan
) {
  const task = { case: of.one.name, subject: of.name, isQuick, profile, servers }
  if (of.one.fill !== null) yield* waitFor({ ...task, role: "fill" })
  const line = yield* Effect.flatMap(waitFor({ ...task, role: "measure" }), Effect.fromOption)
  return yield* SampleProcess.answerOf(line)
})

const roundsOf = ({ mostRounds }: Case, { rounds }: Plan): number => Math.min(rounds, mostRounds ?? Infinity)

/** How many samples there will be. */
export const length = (plan: Plan): number =>
  plan.cases.reduce(
    (sum, one) => sum + one.subjects.filter((name) => !plan.without.has(name)).length * roundsOf(one, plan),
    0
  )

/** `taken`: called with each. */
export const run = Effect.fnUntraced(function* (plan: Plan, taken: (sample: Sample) => Effect.Effect<void>) {
  const serversFor = yield* Servers.make
  for (let round = 1; round <= plan.rounds; round++) {
    for (const one of plan.cases.filter((one) => round <= roundsOf(one, plan))) {
      const names = yield* Random.shuffle(one.subjects.filter((name) => !plan.without.has(name)))
      for (const name of names) {
        const subject = yield* Effect.fromNullishOr(Catalogue.subjects.get(name))
        const answer = yield* Effect.scoped(
          Effect.flatMap(serversFor(subject, one.provider), (servers) => take({ name, subject, one }, servers, plan))
        )
        yield* taken({ case: one.name, subject: name, round, ...answer })
      }
    }
  }
})
