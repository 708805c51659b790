import { assert, describe, it } from "@effect/vitest"
import { Counts } from "@fibercast/domain/Counts"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Config, Console, Effect, Random, Schema } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Program from "../cli/Program.ts"
import { tempFolder } from "../support/TempFolder.ts"

const recipients = 20_000
const rounds = 20
const concurrency = 50
/** What `send` holds claimed at once: four times what is under way. */
const inFlight = 4 * concurrency

const Report = Schema.Struct({
  campaign: Schema.Struct({ id: Schema.Int, status: Schema.String }),
  counts: Counts,
  balanced: Schema.Boolean
})

/** A mobile number for each row, all different, none in use: their prefix is not assigned. */
const audience = () =>
  `name,phone\n${Array.from({ length: recipients }, (_, at) => `Person ${at},0860${String(10_000_000 + at)}\n`).join("")}`

/** Kills the program at a random moment: some while it starts and reads, the others while it sends. */
const killed = Effect.fnUntraced(function* (round: number, place: Program.Place, args: ReadonlyArray<string>) {
  const provider = yield* FonnteSimulator
  const child = yield* Program.start(place, args)
  if (round < 5) {
    yield* Effect.sleep(yield* Random.nextIntBetween(200, 2500))
  } else {
    const until = (yield* provider.acceptedTotal) + (yield* Random.nextIntBetween(1, recipients / rounds))
    const reached = Effect.gen(function* () {
      while ((yield* provider.acceptedTotal) < until) yield* Effect.sleep("5 millis")
    })
    yield* Effect.raceFirst(reached, Effect.exit(child.exitCode))
  }
  yield* Effect.sync(() => process.kill(child.pid, "SIGKILL")).pipe(Effect.ignoreCause)
  yield* Effect.exit(child.exitCode)
}, Effect.scoped)

const campaign = Effect.fnUntraced(function* (guarantee: "at-most-once" | "at-least-once") {
  const provider = yield* FonnteSimulator
  const folder = yield* tempFolder
  yield* Program.write(`${folder}/contacts.csv`, audience())
  const { token, url } = provider
  const place = { folder, env: { FONNTE_TOKEN: token } }
  const asked = `send --audience contacts.csv --to phone --region ID --provider fonnte --url ${url} --rate 1500/s`
  const how = `--concurrency ${concurrency} --guarantee ${guarantee} --json`
  const args = [...asked.split(" "), ...how.split(" "), "--template", "Halo {{ name }}"]
  const began = yield* Clock.currentTimeMillis
  for (let round = 0; round < rounds; round++) yield* killed(round, place, args)
  const ran = yield* Program.run(place, args)
  const report = yield* Schema.decodeUnknownEffect(Report)(Program.lastJson(ran))
  const accepted = yield* provider.accepted
  const total = yield* provider.acceptedTotal
  const seconds = Math.round(((yield* Clock.currentTimeMillis) - began) / 1000)
  const { completed, unknown } = report.counts
  yield* Console.log(
    `${guarantee}: ${rounds} kills, ${completed} completed, ${unknown} unknown, ${accepted.size} targets reached, ${total - accepted.size} twice, ${seconds} s`
  )
  assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true])
  assert.deepStrictEqual([report.counts.planned, report.counts.open], [recipients, 0])
  return { accepted, total, counts: report.counts }
})

const seeded = <A, E, R>(test: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const seed = yield* Config.Int("FIBERCAST_SEED").pipe(
      Config.orElse(() => Config.succeed(Math.trunc(Number(process.hrtime.bigint() % 1_000_000n))))
    )
    yield* Console.log(`FIBERCAST_SEED=${seed}`)
    return yield* Random.withSeed(test, seed)
  }).pipe(Effect.scoped, Effect.provide(FonnteSimulator.layer()), Effect.provide(NodeServices.layer))

describe(`a campaign of ${recipients} recipients whose process is killed ${rounds} times`, () => {
  it.live("at-most-once: loses nobody, and no target is accepted twice", () =>
    seeded(
      Effect.gen(function* () {
        const { accepted, counts, total } = yield* campaign("at-most-once")
        assert.strictEqual(total, accepted.size)
        assert.strictEqual(counts.completed + counts.unknown, recipients)
        assert.isAtLeast(accepted.size, counts.completed)
        assert.isAtMost(accepted.size, counts.completed + counts.unknown)
      })
    )
  )

  it.live("at-least-once: reaches everybody, and at most what was in flight at a kill is accepted twice", () =>
    seeded(
      Effect.gen(function* () {
        const { accepted, counts, total } = yield* campaign("at-least-once")
        assert.deepStrictEqual([counts.completed, accepted.size], [recipients, recipients])
        assert.isAtMost(total - accepted.size, rounds * inFlight)
      })
    )
  )
})
