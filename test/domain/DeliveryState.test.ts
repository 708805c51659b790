import { assert, describe, it } from "@effect/vitest"
import { isBalanced, none, planned, settled } from "@fibercast/domain/Counts"
import { type Event, finalStates, isFinal, State, transition } from "@fibercast/domain/DeliveryState"
import { Option, Schema } from "effect"

const Happening = Schema.Union([
  Schema.TaggedStruct("Claim", {}),
  Schema.TaggedStruct("Release", {}),
  Schema.TaggedStruct("Retry", {}),
  Schema.TaggedStruct("Snooze", {}),
  Schema.TaggedStruct("Rescue", {}),
  Schema.TaggedStruct("Settle", { state: Schema.Literals(finalStates) })
])
const History = Schema.Array(Happening)

/** The states it went through; what cannot happen is passed over. */
const lived = (history: ReadonlyArray<Event>): ReadonlyArray<State> => {
  const states: Array<State> = ["scheduled"]
  for (const event of history) {
    const state = states.at(-1) ?? "scheduled"
    Option.match(transition(state, event), { onNone: () => {}, onSome: (next) => states.push(next) })
  }
  return states
}

/** The final states that a settle brings it to. */
const endsOf = (state: State) =>
  finalStates.filter((end) => Option.contains(transition(state, { _tag: "Settle", state: end }), end))

describe("transition", () => {
  it.prop("a final state is left by nothing", [Schema.Literals(finalStates), Happening], ([state, event]) => {
    assert.isTrue(isFinal(state))
    assert.isTrue(Option.isNone(transition(state, event)))
  })

  it.prop(
    "whatever happens, a delivery comes to at most one final state, and it is the last",
    [History],
    ([history]) => {
      const states = lived(history)
      const ends = states.filter(isFinal)
      assert.isAtMost(ends.length, 1)
      assert.deepStrictEqual(ends, states.slice(states.length - ends.length))
    }
  )

  it.prop(
    "nothing is tried without a claim: only a claimed delivery ends otherwise than cancelled or expired",
    [History],
    ([history]) => {
      const states = lived(history)
      for (const [index, state] of states.entries()) {
        if (!isFinal(state) || state === "cancelled" || state === "expired") continue
        assert.strictEqual(states[index - 1], "claimed")
      }
    }
  )

  it.prop("no two claims follow each other", [History], ([history]) => {
    const states = lived(history)
    for (const [index, state] of states.entries()) {
      if (state === "claimed") assert.strictEqual(states[index - 1], "scheduled")
    }
  })

  it.prop(
    "whatever happens to many, the conservation law holds after each event",
    [Schema.Array(History)],
    ([histories]) => {
      let counts = planned(none, histories.length)
      for (const history of histories) {
        for (const state of lived(history).filter(isFinal)) {
          counts = settled(counts, state)
          assert.isTrue(isBalanced(counts))
          assert.isAtLeast(counts.open, 0)
        }
      }
    }
  )

  it("is this table", () => {
    const events: ReadonlyArray<Event> = [
      { _tag: "Claim" },
      { _tag: "Release" },
      { _tag: "Retry" },
      { _tag: "Snooze" },
      { _tag: "Rescue" }
    ]
    const row = (state: State) => events.map((event) => Option.getOrNull(transition(state, event)))
    assert.deepStrictEqual(row("scheduled"), ["claimed", null, null, null, null])
    assert.deepStrictEqual(row("claimed"), [null, "scheduled", "scheduled", "scheduled", "scheduled"])
    assert.deepStrictEqual(endsOf("scheduled"), ["cancelled", "expired"])
    assert.deepStrictEqual(endsOf("claimed"), [...finalStates])
  })
})

describe("isFinal", () => {
  it("tells the open states from the final ones", () => {
    assert.deepStrictEqual(State.literals.filter(isFinal), [...finalStates])
    assert.deepStrictEqual(
      State.literals.filter((state) => !isFinal(state)),
      ["scheduled", "claimed"]
    )
  })
})
