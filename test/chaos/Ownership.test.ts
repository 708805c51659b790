import { assert, describe, it } from "@effect/vitest"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Clock, Console, Effect, Random } from "effect"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"
import * as MovablePostgres from "../support/MovablePostgres.ts"

const recipients = 2000
const concurrency = 50
/** What `send` holds claimed at once: four times what is under way. */
const inFlight = 4 * concurrency

const guarantees: ReadonlyArray<Guarantee> = ["at-most-once", "at-least-once"]

/** A database that several processes share, and a command that starts one of them. */
const prepared = Effect.fnUntraced(function* (guarantee: Guarantee) {
  const provider = yield* FonnteSimulator
  const server = yield* MovablePostgres.make
  const sql = yield* server.client
  const options = { recipients, guarantee, provider, rate: "300/s", concurrency, databaseUrl: server.url }
  const { args, place } = yield* ChaosCampaign.given(options)
  const launch = ChaosCampaign.start(place, args)
  /** Waits until the provider has accepted so many, of whoever sends. */
  const accepts = (by: ChaosCampaign.Running, count: number) =>
    by.until(Effect.map(provider.acceptedTotal, (total) => total >= count))
  /** How often the workspace has been taken over. */
  const epoch = Effect.map(
    Effect.orDie(sql<{ readonly epoch: number }>`SELECT epoch FROM workspaces`),
    ([row]) => row?.epoch
  )
  const left = Effect.map(
    Effect.orDie(
      sql<{ readonly left: number }>`
      SELECT ((SELECT count(*) FROM claims) + (SELECT count(*) FROM deliveries WHERE workspace_id > 0))::int AS left`
    ),
    ([row]) => row?.left
  )
  return { provider, sql, launch, accepts, epoch, left }
})

type Prepared = Effect.Success<ReturnType<typeof prepared>>

/** The same, and the first of them has begun to send. */
const begun = Effect.fnUntraced(function* (guarantee: Guarantee) {
  const campaign = yield* prepared(guarantee)
  const first = yield* campaign.launch
  yield* campaign.accepts(first, 1)
  return { ...campaign, first }
})

/** The second process has the campaign and waits. However long it takes to start, the first is not done before. */
const waiting = Effect.fnUntraced(function* ({ launch, provider }: Prepared) {
  yield* provider.script([{ kind: "slow", millis: 1000 }])
  const second = yield* launch
  yield* second.until(Effect.sync(() => /Going on with campaign 1 /u.test(second.said())))
  yield* provider.script([])
  return second
})

/** The ledger and the provider agree on everybody, to the extent that the guarantee allows. */
const accounted = Effect.fnUntraced(function* (
  what: string,
  guarantee: Guarantee,
  { epoch, left, provider }: Prepared,
  last: ChaosCampaign.Running
) {
  const ran = yield* last.ran
  const report = yield* ChaosCampaign.reportOf(ran)
  const { completed, open, planned, unknown } = report.counts
  const total = yield* provider.acceptedTotal
  const { size } = yield* provider.accepted
  yield* Console.log(
    `${what}, ${guarantee}: ${completed} completed, ${unknown} unknown, ${size} reached, ${total - size} twice`
  )
  assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true], ran.stderr)
  assert.deepStrictEqual([planned, open, yield* left, yield* epoch], [recipients, 0, 0, 2])
  if (guarantee === "at-most-once") {
    assert.strictEqual(total, size)
    assert.strictEqual(completed + unknown, recipients)
    assert.isAtLeast(size, completed)
  } else {
    assert.deepStrictEqual([completed, size], [recipients, recipients])
    assert.isAtMost(total - size, inFlight)
  }
})

/** Answers how many milliseconds from now the second process had taken over. */
const takenOver = Effect.fnUntraced(function* ({ epoch }: Prepared, second: ChaosCampaign.Running) {
  const at = yield* Clock.currentTimeMillis
  yield* second.until(Effect.map(Effect.delay(epoch, "20 millis"), (now) => now === 2))
  return (yield* Clock.currentTimeMillis) - at
})

const frozen = Effect.fnUntraced(
  function* (guarantee: Guarantee) {
    const campaign = yield* begun(guarantee)
    const { accepts, first, provider } = campaign
    const second = yield* waiting(campaign)
    yield* accepts(first, (yield* provider.acceptedTotal) + (yield* Random.nextIntBetween(1, recipients / 10)))
    yield* first.signal("SIGSTOP")
    const after = yield* takenOver(campaign, second)
    yield* accepts(second, (yield* provider.acceptedTotal) + (yield* Random.nextIntBetween(1, recipients / 10)))
    yield* first.signal("SIGCONT")
    yield* accounted(`frozen, taken over ${after} ms later`, guarantee, campaign, second)
    const ran = yield* first.ran
    assert.deepStrictEqual([ran.code, (yield* ChaosCampaign.reportOf(ran)).campaign.status], [0, "completed"])
    assert.match(ran.stderr, /workspace 1 was taken over from epoch 1/u)
  },
  Effect.provide(FonnteSimulator.layer(), { local: true })
)

const killed = Effect.fnUntraced(
  function* (guarantee: Guarantee) {
    const campaign = yield* begun(guarantee)
    const { accepts, first, provider } = campaign
    const second = yield* waiting(campaign)
    yield* accepts(first, (yield* provider.acceptedTotal) + (yield* Random.nextIntBetween(1, recipients / 10)))
    yield* first.signal("SIGKILL")
    const after = yield* takenOver(campaign, second)
    yield* accounted(`killed, taken over ${after} ms later`, guarantee, campaign, second)
  },
  Effect.provide(FonnteSimulator.layer(), { local: true })
)

describe.concurrent("two processes that were told to send the same campaign, on one database", () => {
  it.live("one that is frozen for longer than its lease is replaced, and writes nothing when it wakes", () =>
    ChaosCampaign.seeded(Effect.forEach(guarantees, frozen, { concurrency: 2, discard: true }))
  )

  it.live("one that is killed is replaced when its lease has run out", () =>
    ChaosCampaign.seeded(Effect.forEach(guarantees, killed, { concurrency: 2, discard: true }))
  )
})

describe("two processes that were told to send the same campaign, on one database", () => {
  it.live("one of two that are started at once sends it, and both report the same", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const campaign = yield* prepared("at-least-once")
        const running = yield* Effect.all([campaign.launch, campaign.launch])
        const reports = yield* Effect.forEach(running, ({ ran }) => Effect.flatMap(ran, ChaosCampaign.reportOf))
        assert.deepStrictEqual(reports[0], reports[1])
        assert.deepStrictEqual([reports[0]?.campaign.status, reports[0]?.counts.completed], ["completed", recipients])
        const total = yield* campaign.provider.acceptedTotal
        assert.deepStrictEqual([total, (yield* campaign.provider.accepted).size], [recipients, recipients])
        assert.deepStrictEqual([yield* campaign.left, yield* campaign.epoch], [0, 1])
      }).pipe(Effect.provide(FonnteSimulator.layer()))
    )
  )

  it.live("one that waits says so, and leaves the other alone when it is interrupted", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const campaign = yield* begun("at-most-once")
        const second = yield* waiting(campaign)
        yield* second.until(Effect.sync(() => /held by another process/u.test(second.said())))
        yield* second.signal("SIGINT")
        const ran = yield* second.ran
        assert.strictEqual(ran.code, 130)
        assert.match(ran.stderr, /Interrupted\. Campaign 1 is left as it is/u)
        const report = yield* ChaosCampaign.reportOf(yield* campaign.first.ran)
        assert.deepStrictEqual([report.campaign.status, report.counts.completed], ["completed", recipients])
      }).pipe(Effect.provide(FonnteSimulator.layer()))
    )
  )

  it.live("one that finds the campaign paused by a run that was killed waits for its lease and goes on", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const campaign = yield* begun("at-most-once")
        const { accepts, first, launch, provider, sql } = campaign
        yield* provider.script([{ kind: "slow", millis: 5000 }])
        yield* accepts(first, (yield* provider.acceptedTotal) + 1)
        yield* first.signal("SIGINT")
        const paused = Effect.orDie(sql`SELECT 1 FROM campaigns WHERE status = 'paused'`)
        yield* first.until(Effect.map(Effect.delay(paused, "20 millis"), (rows) => rows.length > 0))
        yield* first.signal("SIGKILL")
        yield* provider.script([])
        yield* accounted("interrupted and killed", "at-most-once", campaign, yield* launch)
      }).pipe(Effect.provide(FonnteSimulator.layer()))
    )
  )
})
