import { assert, describe, it } from "@effect/vitest"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Console, Effect, Random } from "effect"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"
import { postmasterPid } from "../support/PostmasterPid.ts"

const recipients = 3000
const kills = 3
/** Longer than an owner's lease. */
const away = 20_000

const guarantees: ReadonlyArray<Guarantee> = ["at-most-once", "at-least-once"]

/** The process that sends lives on, so it knows what became of everybody, whatever its promise. */
const nobodyLostNorTwice = Effect.fnUntraced(function* (what: string, running: ChaosCampaign.Running) {
  const provider = yield* FonnteSimulator
  const ran = yield* running.ran
  const report = yield* ChaosCampaign.reportOf(ran)
  const { completed, open, planned, unknown } = report.counts
  const total = yield* provider.acceptedTotal
  const { size } = yield* provider.accepted
  yield* Console.log(`${what}: ${completed} completed, ${unknown} unknown, ${size} reached, ${total - size} twice`)
  assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true], ran.stderr)
  assert.deepStrictEqual({ planned, completed, open }, { planned: recipients, completed: recipients, open: 0 })
  assert.deepStrictEqual([size, total], [recipients, recipients])
  return ran
})

const killing = Effect.fnUntraced(
  function* (guarantee: Guarantee) {
    const provider = yield* FonnteSimulator
    const options = { recipients, guarantee, provider, rate: "600/s", concurrency: 50 }
    const { args, place } = yield* ChaosCampaign.given(options)
    const running = yield* ChaosCampaign.start(place, args)
    const outages: Array<number> = []
    for (let kill = 0; kill < kills; kill++) {
      const after = ((kill + (yield* Random.next)) * recipients) / (kills + 0.3)
      yield* running.until(Effect.map(provider.acceptedTotal, (total) => total > after))
      const server = yield* postmasterPid(`${place.folder}/.fibercast`)
      const at = yield* Clock.currentTimeMillis
      yield* Effect.sync(() => process.kill(server, "SIGKILL"))
      yield* running.until(Effect.map(postmasterPid(`${place.folder}/.fibercast`), (pid) => pid > 0 && pid !== server))
      outages.push((yield* Clock.currentTimeMillis) - at)
    }
    const ran = yield* nobodyLostNorTwice(`${guarantee}, server away for ${outages.join(", ")} ms`, running)
    assert.match(ran.stderr, /ended unexpectedly; starting it again/u)
  },
  Effect.provide(FonnteSimulator.layer(), { local: true })
)

describe(`the embedded database is killed ${kills} times under a campaign of ${recipients}`, () => {
  it.live("under either guarantee the program goes on by itself, loses nobody and sends nothing twice", () =>
    ChaosCampaign.seeded(Effect.forEach(guarantees, killing, { concurrency: 2, discard: true }))
  )
})

const outage = Effect.fnUntraced(
  function* (guarantee: Guarantee) {
    const provider = yield* FonnteSimulator
    const server = yield* MovablePostgres.make
    const options = { recipients, guarantee, provider, rate: "600/s", concurrency: 50, databaseUrl: server.url }
    const { args, place } = yield* ChaosCampaign.given(options)
    const running = yield* ChaosCampaign.start(place, args)
    const after = ((yield* Random.next) * recipients) / 2
    const accepts = (count: number) => running.until(Effect.map(provider.acceptedTotal, (total) => total > count))
    yield* accepts(after)
    yield* server.stop
    const stopped = yield* provider.acceptedTotal
    yield* Effect.sleep(away)
    const before = yield* provider.acceptedTotal
    const at = yield* Clock.currentTimeMillis
    yield* server.start
    yield* accepts(before)
    const back = (yield* Clock.currentTimeMillis) - at
    const what = `${guarantee}, ${before - stopped} accepted while the server was away, on again ${back} ms after`
    yield* nobodyLostNorTwice(what, running)
    // What had been claimed when it went away may still be sent, and nothing else.
    assert.isAtMost(before - stopped, 4 * options.concurrency)
    assert.match(running.said(), /no answer from the database since/u)
  },
  Effect.provide(FonnteSimulator.layer(), { local: true })
)

describe(`the server of DATABASE_URL is away for ${away / 1000} s, longer than a lease`, () => {
  it.live("under either guarantee the program waits, goes on by itself, loses nobody and sends nothing twice", () =>
    ChaosCampaign.seeded(Effect.forEach(guarantees, outage, { concurrency: 2, discard: true }))
  )
})
