import { assert, describe, it } from "@effect/vitest"
import { type Guarantee } from "@fibercast/domain/Campaign"
import { FonnteSimulator, type FonnteSimulatorOptions } from "@fibercast/simulator/Fonnte"
import { type Faults } from "@fibercast/simulator/Faults"
import { Console, Context, Effect, Exit, Layer, Random, Scope } from "effect"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"

const recipients = 2000
const concurrency = 50
/** Failures without an answer in a row after which an account is not asked any more. */
const patience = 20

const guarantees: ReadonlyArray<Guarantee> = ["at-most-once", "at-least-once"]

/** A provider that can go down, all its connections cut at once, and come back at the same address, counts kept. */
const mortal = Effect.gen(function* () {
  let scope = yield* Scope.make()
  const up = Effect.fnUntraced(function* (options: FonnteSimulatorOptions) {
    const context = yield* Layer.buildWithScope(FonnteSimulator.layer(options), scope)
    return Context.get(context, FonnteSimulator)
  }, Effect.orDie)
  let now = yield* up({})
  const port = Number(new URL(now.url).port)
  const down = Effect.suspend(() => Scope.close(scope, Exit.void))
  yield* Effect.addFinalizer(() => down)
  return {
    provider: { url: now.url, token: now.token },
    accepted: Effect.suspend(() => now.accepted),
    total: Effect.suspend(() => now.acceptedTotal),
    requests: Effect.suspend(() => now.requests),
    script: (plan: Faults) => Effect.suspend(() => now.script(plan)),
    down,
    /** With another token, if one is given, than the one it had at first. */
    up: Effect.fnUntraced(function* (options: Pick<FonnteSimulatorOptions, "token"> = {}) {
      const accepted = yield* now.accepted
      scope = yield* Scope.make()
      now = yield* up({ ...options, port, accepted })
    })
  }
})

type Mortal = Effect.Success<typeof mortal>

const begun = Effect.fnUntraced(function* (guarantee: Guarantee, provider: Mortal) {
  const options = { recipients, guarantee, provider: provider.provider, rate: "600/s", concurrency }
  const { args, place } = yield* ChaosCampaign.given(options)
  const running = yield* ChaosCampaign.start(place, args)
  const after = yield* Random.nextIntBetween(1, recipients / 2)
  yield* running.until(Effect.map(provider.total, (total) => total >= after))
  return { running, place, args }
})

/** Everybody is accounted for, as the provider counts them; answers how many are in doubt and how many got it twice. */
const accounted = Effect.fnUntraced(function* (
  what: string,
  guarantee: Guarantee,
  provider: Mortal,
  running: ChaosCampaign.Running
) {
  const ran = yield* running.ran
  const report = yield* ChaosCampaign.reportOf(ran)
  const { completed, failed, open, planned, unknown } = report.counts
  const total = yield* provider.total
  const { size } = yield* provider.accepted
  const twice = total - size
  yield* Console.log(
    `${what}, ${guarantee}: ${completed} completed, ${failed} failed, ${unknown} unknown, ${size} reached, ${twice} twice`
  )
  assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true], ran.stderr)
  assert.deepStrictEqual([planned, open, failed, completed + unknown], [recipients, 0, 0, recipients])
  assert.isAtLeast(size, completed)
  if (guarantee === "at-most-once") assert.strictEqual(twice, 0)
  else assert.deepStrictEqual([completed, size], [recipients, recipients])
  return { unknown, twice, said: ran.stderr }
})

describe(`the provider of a campaign of ${recipients}`, () => {
  it.live("goes away and comes back: only what was under way is in doubt, and nobody is lost", () =>
    ChaosCampaign.seeded(
      Effect.forEach(
        guarantees,
        Effect.fnUntraced(function* (guarantee) {
          const provider = yield* mortal
          const { running } = yield* begun(guarantee, provider)
          yield* provider.down
          yield* Effect.sleep("5 seconds")
          yield* provider.up()
          const { said, twice, unknown } = yield* accounted("away for 5 s", guarantee, provider, running)
          assert.isAtMost(unknown + twice, concurrency)
          assert.match(
            said,
            /! The account fonnte:default cannot send: the (?:connection was lost|provider could not be reached)/u
          )
        }),
        { concurrency: 2, discard: true }
      )
    )
  )

  it.live(
    "refuses its token from now on: the campaign is held, and the same command goes on once it is put right",
    () =>
      ChaosCampaign.seeded(
        Effect.forEach(
          guarantees,
          Effect.fnUntraced(function* (guarantee) {
            const provider = yield* mortal
            const { args, place, running } = yield* begun(guarantee, provider)
            yield* provider.script([{ kind: "reason", reason: "token invalid" }])
            const held = yield* running.ran
            const { balanced, campaign, counts } = yield* ChaosCampaign.reportOf(held)
            assert.deepStrictEqual([held.code, campaign.status, balanced], [1, "paused", true])
            assert.match(held.stderr, /It is held: token invalid\. Once that is put right, the same command goes on/u)
            assert.deepStrictEqual(
              [counts.completed, counts.open],
              [yield* provider.total, recipients - counts.completed]
            )
            yield* provider.down
            yield* provider.up({ token: "the-new-one" })

            const refused = yield* ChaosCampaign.start(place, args)
            const ran = yield* refused.ran
            assert.deepStrictEqual([ran.code, yield* provider.requests], [1, 0])
            assert.match(ran.stderr, /cannot send: token invalid\. Nothing was sent\. Check FONNTE_TOKEN/u)

            const right = { ...place, env: { ...place.env, FONNTE_TOKEN: "the-new-one" } }
            const again = yield* ChaosCampaign.start(right, args)
            const { twice, unknown } = yield* accounted("token revoked and renewed", guarantee, provider, again)
            assert.deepStrictEqual([unknown, twice], [0, 0])
          }),
          { concurrency: 2, discard: true }
        )
      )
  )
})

describe.concurrent(`the provider of a campaign of ${recipients}`, () => {
  it.live("takes requests and never answers: those are in doubt, the rest waits until it answers again", () =>
    ChaosCampaign.seeded(
      Effect.forEach(
        guarantees,
        Effect.fnUntraced(function* (guarantee) {
          const provider = yield* mortal
          const { running } = yield* begun(guarantee, provider)
          yield* provider.script([{ kind: "hang", accepted: true }])
          yield* running.until(Effect.sync(() => / cannot send/u.test(running.said())))
          yield* provider.script([])
          const { said, twice, unknown } = yield* accounted("silent", guarantee, provider, running)
          assert.isAtMost(unknown + twice, concurrency + patience)
          assert.match(said, /! The account fonnte:default cannot send: no answer within 20s/u)
        }),
        { concurrency: 2, discard: true }
      )
    )
  )

  it.live("answers everything with HTTP 500: a few are in doubt, the rest waits until it answers again", () =>
    ChaosCampaign.seeded(
      Effect.forEach(
        guarantees,
        Effect.fnUntraced(function* (guarantee) {
          const provider = yield* mortal
          const { running } = yield* begun(guarantee, provider)
          yield* provider.script([{ kind: "status", status: 500, accepted: true }])
          yield* running.until(Effect.sync(() => / cannot send/u.test(running.said())))
          const requests = yield* provider.requests
          yield* Effect.sleep("3 seconds")
          assert.isAtMost((yield* provider.requests) - requests, concurrency)
          yield* provider.script([])
          const { said, twice, unknown } = yield* accounted("HTTP 500", guarantee, provider, running)
          assert.isAtMost(unknown + twice, concurrency + patience)
          assert.match(said, /! The account fonnte:default cannot send: HTTP 500/u)
        }),
        { concurrency: 2, discard: true }
      )
    )
  )
})
