/**
 * A campaign of the real program that a test does harm to: its audience, its command, and the report it must end
 * with whatever happened. Chance comes from FIBERCAST_SEED, which is printed, so that a run can be repeated.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { Counts } from "@fibercast/domain/Counts"
import { Config, Console, Effect, Fiber, Random, Schema, Stream } from "effect"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "./TempFolder.ts"

export const Report = Schema.Struct({
  campaign: Schema.Struct({ id: Schema.Int, status: Schema.String, note: Schema.NullOr(Schema.String) }),
  counts: Counts,
  balanced: Schema.Boolean
})

export const reportOf = (ran: Program.Ran) =>
  Effect.suspend(() => Schema.decodeUnknownEffect(Report)(Program.lastJson(ran))).pipe(
    Effect.catchCause(() => Effect.die(new Error(`no report; the program ended with ${ran.code}:\n${ran.stderr}`)))
  )

export interface Options {
  readonly recipients: number
  readonly guarantee: Guarantee
  readonly provider: { readonly url: string; readonly token: string }
  readonly rate: string
  readonly concurrency: number
  readonly databaseUrl?: string | undefined
  readonly folder?: string | undefined
}

/** A folder with the audience in it, and the command that sends to it. */
export const given = Effect.fnUntraced(function* (options: Options) {
  const { concurrency, databaseUrl, guarantee, provider, rate, recipients } = options
  const folder = options.folder ?? (yield* tempFolder)
  yield* Program.write(`${folder}/contacts.csv`, Program.contacts(recipients))
  const database: Readonly<Record<string, string>> = databaseUrl === undefined ? {} : { DATABASE_URL: databaseUrl }
  const place: Program.Place = { folder, env: { FONNTE_TOKEN: provider.token, ...database } }
  const whom = `--audience contacts.csv --to phone --region ID --provider fonnte --url ${provider.url}`
  const how = `--rate ${rate} --concurrency ${concurrency} --guarantee ${guarantee} --json`
  const args = ["send", ...`${whom} ${how}`.split(" "), "--template", "Halo {{ name }}"]
  return { place, args }
})

export interface Running {
  readonly pid: number
  /** What it wrote on stderr up to now. */
  readonly said: () => string
  /** How it ended; `code` is -1 when it was killed. */
  readonly ran: Effect.Effect<Program.Ran>
  /** Waits until it holds; looks every 5 milliseconds, and fails when the program ends before. */
  readonly until: <R>(holds: Effect.Effect<boolean, never, R>) => Effect.Effect<void, never, R>
  readonly signal: (name: "SIGKILL" | "SIGSTOP" | "SIGCONT" | "SIGINT") => Effect.Effect<void>
}

const reading = (output: Stream.Stream<Uint8Array, unknown>, keep: (text: string) => void) =>
  Stream.runForEach(Stream.decodeText(output), (text) => Effect.sync(() => keep(text)))

/** Started, and killed with the scope at the latest, also when it is stopped then. */
export const start = Effect.fnUntraced(function* (place: Program.Place, args: ReadonlyArray<string>) {
  const child = yield* Program.start(place, args)
  let stdout = ""
  let stderr = ""
  const signal = (name: NodeJS.Signals) => Effect.ignoreCause(Effect.sync(() => process.kill(child.pid, name)))
  yield* Effect.addFinalizer(() => signal("SIGKILL"))
  const ending = yield* Effect.forkScoped(
    Effect.all(
      [
        reading(child.stdout, (text) => (stdout += text)),
        reading(child.stderr, (text) => (stderr += text)),
        Effect.orElseSucceed(child.exitCode, () => -1)
      ],
      { concurrency: "unbounded" }
    )
  )
  const ran = Effect.map(Effect.orDie(Fiber.join(ending)), ([, , code]) => ({ code, stdout, stderr }))
  const gone = Effect.flatMap(ran, ({ code }) => Effect.die(new Error(`it ended too soon, with ${code}:\n${stderr}`)))
  const until: Running["until"] = (holds) =>
    Effect.raceFirst(Effect.asVoid(Effect.repeat(Effect.delay(holds, "5 millis"), { until: (held) => held })), gone)
  return { pid: child.pid, said: () => stderr, ran, until, signal } satisfies Running
})

/** Runs the test under a seed that is printed. */
export const seeded = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const seed = yield* Config.Int("FIBERCAST_SEED").pipe(
      Config.orElse(() => Config.succeed(Math.trunc(Number(process.hrtime.bigint() % 1_000_000n))))
    )
    yield* Console.log(`FIBERCAST_SEED=${seed}`)
    return yield* Random.withSeed(test, seed)
  }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
