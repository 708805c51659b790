/**
 * What can happen to a fleet of nodes. Each fault has its harm, and what ends it; chance says whom it hits.
 */
import { assert } from "@effect/vitest"
import { Effect, Random } from "effect"
import { type NodeFleet, type Place, type Role } from "./NodeFleet.ts"

export interface Fault {
  readonly name: string
  /** It may take workspaces from an engine: they go on once somebody has shown that he owns them. */
  readonly hitsEngine: boolean
  /** What is settled before its end may be what was under way; that work goes on shows after it. */
  readonly showsAfterEnd: boolean
  /** Whether it may cut sends off: those of at-least-once work are done twice then. */
  readonly cutsOff: boolean
  readonly harm: Effect.Effect<void>
  readonly end: Effect.Effect<void>
}

/** Longer than the lease of an owner and of its shards, in milliseconds. */
const longer = 9000

const usual = { hitsEngine: false, showsAfterEnd: false, cutsOff: true, end: Effect.void }

const killed = (place: Place, fleet: NodeFleet): Fault => ({
  ...usual,
  name: `kill -9 of ${place.name}`,
  hitsEngine: place.role === "engine",
  harm: Effect.suspend(() => place.node.signal("SIGKILL")),
  end: Effect.asVoid(fleet.replace(place))
})

const frozen = (place: Place): Fault => ({
  ...usual,
  name: `${place.name} frozen for ${longer} ms`,
  hitsEngine: place.role === "engine",
  harm: Effect.suspend(() => place.node.signal("SIGSTOP")),
  end: Effect.andThen(
    Effect.sleep(longer),
    Effect.suspend(() => place.node.signal("SIGCONT"))
  )
})

const parted = ({ name, network, role }: Place, state: "cut" | "silent", millis: number): Fault => ({
  ...usual,
  name: `${name} and Postgres: ${state} for ${millis} ms`,
  hitsEngine: role === "engine",
  harm: network?.state(state) ?? Effect.void,
  end: Effect.andThen(Effect.sleep(millis), network?.state("whole") ?? Effect.void)
})

/** Successors start while those who were there leave. Who is told to leave has begun: before that, nobody hears a signal. */
const deployed = (places: ReadonlyArray<Place>, fleet: NodeFleet): Fault => ({
  ...usual,
  name: `deploy of ${places.map(({ name }) => name).join(" and ")}`,
  showsAfterEnd: true,
  cutsOff: false,
  harm: Effect.void,
  end: Effect.gen(function* () {
    yield* Effect.forEach(places, ({ node }) => node.ready, { concurrency: "unbounded", discard: true })
    const old = yield* Effect.forEach(places, fleet.replace)
    yield* Effect.forEach(old, (node) => node.signal("SIGTERM"))
    for (const { ended, name } of old) assert.strictEqual(yield* ended, 0, `how ${name} ended`)
  })
})

/** Every fault once, in an order that is chance's. */
export const all = Effect.fnUntraced(function* (fleet: NodeFleet) {
  const { killPostgres, nats, places } = fleet
  const of = Effect.fnUntraced(function* (role: Role, needsNetwork: boolean) {
    const fit = places.filter((place) => place.role === role && (place.network !== null || !needsNetwork))
    return fit[yield* Random.nextIntBetween(0, fit.length - 1)] ?? (yield* Effect.die(new Error(`there is no ${role}`)))
  })
  const engine = of("engine", false)
  const sender = of("sender", false)
  const natsAway = yield* Random.nextIntBetween(1000, 3000)
  const roles = yield* Random.shuffle(["engine", "sender"] as const)
  const [silent = "engine", cut = "sender"] = Array.from(roles)
  const faults: ReadonlyArray<Fault> = [
    killed(yield* engine, fleet),
    killed(yield* sender, fleet),
    {
      ...usual,
      name: `kill -9 of nats-server, away for ${natsAway} ms`,
      showsAfterEnd: true,
      harm: nats.kill,
      end: Effect.andThen(Effect.sleep(natsAway), Effect.orDie(nats.start))
    },
    { ...usual, name: "kill -9 of Postgres", harm: killPostgres },
    frozen(yield* engine),
    frozen(yield* sender),
    parted(yield* of(silent, true), "silent", longer),
    parted(yield* of(cut, true), "cut", 3000),
    parted(yield* of(silent, true), "cut", 3000),
    deployed([yield* engine, yield* sender], fleet)
  ]
  return yield* Random.shuffle(faults)
})
