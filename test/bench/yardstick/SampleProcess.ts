/**
 * The process that takes one sample: it reads what is asked of it from its argument, and prints its answer as its last line.
 * A helper prints `ready`, and works from the first line that it is told until it is killed.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Schema, Stream } from "effect"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { type Ground } from "./Case.ts"
import * as Catalogue from "./Catalogue.ts"
import { Answer, Task } from "./Sample.ts"

const program = fileURLToPath(import.meta.url)

/** What Node keeps of code that it has read before, for all subjects alike. */
const compiled = join(tmpdir(), "fibercast-bench-compiled")

const TaskText = Schema.fromJsonString(Task)
const AnswerText = Schema.fromJsonString(Answer)

export const start = Effect.fnUntraced(function* (task: Task) {
  const text = yield* Effect.orDie(Schema.encodeEffect(TaskText)(task))
  const folder = `${task.profile}/${task.case} ${task.subject} ${task.role}`
  const profiling = task.profile === null ? [] : ["--cpu-prof", `--cpu-prof-dir=${folder}`]
  const flags = Catalogue.subjects.get(task.subject)?.flags ?? []
  return yield* ChildProcess.make(process.execPath, [...flags, ...profiling, program, text], {
    env: { NODE_COMPILE_CACHE: compiled },
    extendEnv: true,
    stdin: task.role === "help" ? "pipe" : "ignore",
    stderr: "inherit"
  })
})

export const answerOf = (line: string) => Schema.decodeEffect(AnswerText)(line)

const helper = (task: Task) =>
  Effect.gen(function* () {
    const child = yield* start({ ...task, role: "help" })
    const lines = child.stdout.pipe(Stream.decodeText, Stream.splitLines)
    yield* Stream.runHead(Stream.filter(lines, (line) => line === "ready"))
    const go = Stream.run(Stream.make(new TextEncoder().encode("go\n")), child.stdin)
    return { pid: child.pid, go: Effect.orDie(go) }
  }).pipe(Effect.orDie)

const told = Effect.callback<void>((resume) => {
  createInterface({ input: process.stdin }).once("line", () => resume(Effect.void))
})

const run = Effect.gen(function* () {
  const task = yield* Schema.decodeEffect(TaskText)(process.argv[2] ?? "")
  const subject = yield* Effect.fromNullishOr(Catalogue.subjects.get(task.subject))
  const { fill, help, measure } = yield* Effect.fromNullishOr(Catalogue.cases.find(({ name }) => name === task.case))
  const open = yield* subject.load
  const opened = yield* open(task.servers)
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const ground: Ground = {
    opened,
    servers: task.servers,
    isQuick: task.isQuick,
    helper: Effect.provideService(helper(task), ChildProcessSpawner.ChildProcessSpawner, spawner)
  }
  if (task.role === "fill") return yield* fill?.(ground) ?? Effect.void
  if (task.role === "help") {
    yield* Console.log("ready")
    yield* told
    yield* help?.(ground) ?? Effect.void
    return yield* Effect.never
  }
  const answer = yield* measure(ground)
  yield* Console.log(yield* Schema.encodeEffect(AnswerText)(answer))
})

if (process.argv[1] === program) run.pipe(Effect.scoped, Effect.provide(NodeServices.layer), NodeRuntime.runMain)
