import { admit, type Admission, type Overlap } from "@fibercast/domain/Overlap"
import { assert, describe, it } from "@effect/vitest"
import * as FastCheck from "fast-check"

const quiet = { running: 0, waiting: 0 }
const busy = { running: 1, waiting: 0 }

const inOrder: FastCheck.Arbitrary<Overlap> = FastCheck.oneof(
  FastCheck.constantFrom<Overlap>({ _tag: "Skip" }, { _tag: "BufferOne" }),
  FastCheck.integer({ min: 1, max: 20 }).map((cap): Overlap => ({ _tag: "BufferAll", cap }))
)
const newest: FastCheck.Arbitrary<Overlap> = FastCheck.constantFrom<Overlap>(
  { _tag: "CancelOther" },
  { _tag: "TerminateOther" }
)
const states = FastCheck.record({ running: FastCheck.nat({ max: 5 }), waiting: FastCheck.nat({ max: 20 }) })
const counts = FastCheck.nat({ max: 40 })

const count = (admissions: ReadonlyArray<Admission>, wanted: Admission) =>
  admissions.filter((admission) => admission === wanted).length

describe("Overlap", () => {
  it.each<readonly [Overlap, ReadonlyArray<Admission>, ReadonlyArray<Admission>]>([
    [{ _tag: "Allow" }, ["run", "run", "run"], ["run", "run", "run"]],
    [{ _tag: "Skip" }, ["run", "overlap", "overlap"], ["overlap", "overlap", "overlap"]],
    [{ _tag: "BufferOne" }, ["run", "wait", "buffer-full"], ["wait", "buffer-full", "buffer-full"]],
    [{ _tag: "BufferAll", cap: 2 }, ["run", "wait", "wait"], ["wait", "wait", "buffer-full"]],
    [{ _tag: "CancelOther" }, ["overlap", "overlap", "run"], ["overlap", "overlap", "wait"]],
    [{ _tag: "TerminateOther" }, ["overlap", "overlap", "run"], ["overlap", "overlap", "run"]]
  ])("%o makes of three that are due together %o, and beside a run %o", (overlap, alone, beside) => {
    assert.deepStrictEqual(admit(overlap, quiet, 3).admissions, alone)
    assert.deepStrictEqual(admit(overlap, busy, 3).admissions, beside)
  })

  it("never lets two of a key run, unless they may", () => {
    FastCheck.assert(
      FastCheck.property(inOrder, states, counts, (overlap, state, due) => {
        const { admissions, stop } = admit(overlap, state, due)
        assert.strictEqual(admissions.length, due)
        assert.isNull(stop)
        assert.strictEqual(count(admissions, "run"), state.running + state.waiting === 0 && due > 0 ? 1 : 0)
        const most = overlap._tag === "BufferAll" ? overlap.cap : overlap._tag === "BufferOne" ? 1 : 0
        assert.isAtMost(count(admissions, "wait"), Math.max(0, most - state.waiting))
      })
    )
  })

  it("gives the same fates whether what is due is looked at at once or one by one", () => {
    FastCheck.assert(
      FastCheck.property(inOrder, states, counts, (overlap, state, due) => {
        const oneByOne: Array<Admission> = []
        let { running, waiting } = state
        for (let index = 0; index < due; index++) {
          const [admission] = admit(overlap, { running, waiting }, 1).admissions
          if (admission === undefined) break
          if (admission === "run") running += 1
          if (admission === "wait") waiting += 1
          oneByOne.push(admission)
        }
        assert.deepStrictEqual(admit(overlap, state, due).admissions, oneByOne)
      })
    )
  })

  it("keeps only the newest where a later run takes the place of an earlier one, and stops something only if it is busy", () => {
    FastCheck.assert(
      FastCheck.property(newest, states, counts, (overlap, state, due) => {
        const { admissions, stop } = admit(overlap, state, due)
        assert.isTrue(admissions.slice(0, -1).every((admission) => admission === "overlap"))
        assert.strictEqual(admissions.length, due)
        assert.strictEqual(stop !== null, due > 0 && state.running + state.waiting > 0)
      })
    )
  })
})
