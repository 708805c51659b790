import { assert, it } from "@effect/vitest"
import { TriggerStore } from "@fibercast/ports/TriggerStore"
import { Effect, Logger } from "effect"
import { SqlClient } from "effect/sql"
import { base, freshWorkspace } from "../conformance/Given.ts"
import { advanceOf, definitionOf, dueTrigger, dueTriggers, stores, waitingAt } from "./GivenDue.ts"

/** What is logged meanwhile. */
const listened = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const messages: Array<string> = []
  const logger = Logger.make(({ message }) => void messages.push(String(message)))
  const answer = yield* Effect.provide(effect, Logger.layer([logger]))
  return { answer, messages }
})

it.layer(stores, { timeout: "30 seconds" })("definitions in Postgres", (it) => {
  it.effect("one that this release cannot read hides no other: it is left out, and said once", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const triggers = yield* TriggerStore
      const { id: workspaceId } = yield* freshWorkspace
      const [first, second, third] = yield* dueTriggers(workspaceId, 3, { overlapKey: "line" })
      if (first === undefined || second === undefined || third === undefined) return assert.fail("three were put")
      yield* triggers.record({
        now: base,
        advances: [first, third].map((trigger) =>
          advanceOf(trigger, { occurrences: [waitingAt(base)], nextCursor: base + 1, nextDue: base })
        )
      })
      yield* sql`UPDATE triggers SET definition = '{"target":{"_tag":"Teleport"}}', revision = revision + 1
        WHERE id IN (${first.id}, ${second.id})`

      const due = triggers.due({ app: null, now: base, after: null, limit: 1 })
      const { answer, messages } = yield* listened(Effect.andThen(due, due))
      assert.deepStrictEqual(
        answer.map(({ id }) => id),
        [third.id]
      )
      assert.lengthOf(messages, 2)
      assert.match(messages[0] ?? "", new RegExp(`trigger "trigger-0" in workspace ${workspaceId} cannot be read`))
      assert.deepStrictEqual(
        (yield* triggers.list({ workspaceId })).map(({ id }) => id),
        [third.id]
      )
      // The first in line is not the third's to pass by.
      assert.deepStrictEqual(yield* triggers.ready({ app: null, limit: 10 }), [])

      const error = yield* Effect.flip(triggers.find(workspaceId, "trigger-1"))
      assert.match(error.message, /the ledger could not find a trigger: .*"trigger-1".*cannot be read/)
    })
  )

  it.effect("one that was read in a transaction that was rolled back is not remembered", () =>
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      const triggers = yield* TriggerStore
      const { id: workspaceId } = yield* freshWorkspace
      const trigger = yield* dueTrigger(workspaceId, "changed")
      const { app, cursor, nextDue, revision, rules, zone } = trigger
      const change = (description: string) => {
        const definition = definitionOf("changed", { description })
        return triggers.put({
          workspaceId,
          app,
          cursor,
          nextDue,
          rules,
          zone,
          definition,
          seen: { revision },
          now: base
        })
      }
      yield* Effect.exit(sql.withTransaction(Effect.andThen(change("never mind"), Effect.fail("changed my mind"))))
      const changed = yield* change("this")

      assert.strictEqual(changed?.definition.description, "this")
      assert.strictEqual((yield* triggers.find(workspaceId, "changed"))?.definition.description, "this")
    })
  )
})
