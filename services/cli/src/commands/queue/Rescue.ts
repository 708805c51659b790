/**
 * `fibercast queue rescue`: takes back by force what stands in the claims of a workspace.
 */
import { Ledger } from "@fibercast/ports/Ledger"
import { Clock, Console, Effect, Random } from "effect"
import { Command, Flag } from "effect/cli"
import { agreed } from "../../Agreed.ts"
import * as Figures from "../../Figures.ts"
import * as Lookup from "../../Lookup.ts"
import { folder, json } from "../../SendFlags.ts"
import * as Table from "../../Table.ts"
import * as WorkspaceLookup from "../../WorkspaceLookup.ts"

/** Long enough to give it up again, in milliseconds. */
const lease = 15_000

const deliveries = (count: number): string => `${Figures.amount(count)} ${count === 1 ? "delivery" : "deliveries"}`

export const rescue = Command.make(
  "rescue",
  {
    workspace: Flag.String("workspace").pipe(
      Flag.withMetavar("NAME"),
      Flag.withDescription("The workspace whose claims are taken back")
    ),
    yes: Flag.Boolean("yes").pipe(Flag.withDefault(false), Flag.withDescription("Do not ask")),
    folder,
    json: json("Print one JSON object")
  },
  Effect.fnUntraced(function* (input) {
    yield* Effect.gen(function* () {
      const ledger = yield* Ledger
      const { id: workspaceId, name } = yield* WorkspaceLookup.find(input.workspace)
      const now = yield* Clock.currentTimeMillis
      const { held, ownedUntil, owner, started } = yield* ledger.holding(workspaceId)
      const count = Object.values(held).reduce((sum, one) => sum + one, 0)
      const isLive = owner !== null && (ownedUntil ?? 0) > now
      const shown = Table.visible(name)
      if (count === 0 && !input.json) {
        const whose = isLive ? ` ${owner} has it, and holds nothing.` : ""
        return yield* Console.log(`Nothing of ${shown} is claimed: there is nothing to rescue.${whose}`)
      }
      const who = isLive
        ? `${owner} is alive: it has ${shown} for another ${Figures.brief((ownedUntil ?? now) - now)} at least, and starts it again after this. What it is sending now may be sent twice.\n`
        : ""
      const doubt = started === 0 ? "" : ` ${deliveries(started)} that may have been sent will be unknown.`
      const question = `${who}Take back ${deliveries(count)} of ${shown}?${doubt}`
      if (count > 0 && !(yield* agreed(question, input.yes))) return yield* Console.log("Nothing was changed.")
      const by = `rescue/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
      const taken =
        count === 0
          ? { rescued: 0, unknown: 0 }
          : yield* Effect.gen(function* () {
              const { epoch, rescued, unknown } = yield* ledger.takeOver({
                workspaceId,
                owner: by,
                now: yield* Clock.currentTimeMillis,
                lease,
                force: true
              })
              yield* ledger.abandon({ workspaceId, epoch, now: yield* Clock.currentTimeMillis })
              return { rescued, unknown }
            }).pipe(Effect.uninterruptible)
      if (input.json) {
        return yield* Console.log(JSON.stringify({ workspace: name, ...taken, owner: isLive ? owner : null }))
      }
      const unknown =
        taken.unknown === 0
          ? ""
          : ` ${deliveries(taken.unknown)} may have been sent, and ${taken.unknown === 1 ? "is" : "are"} unknown.`
      const next = isLive ? ` ${owner} has lost it, and takes it again within seconds.` : ""
      yield* Console.log(
        `${deliveries(taken.rescued)} of ${shown} ${taken.rescued === 1 ? "is" : "are"} rescued: due as before, uncharged.${unknown}${next}`
      )
    }).pipe(Effect.provide(Lookup.layer(input.folder)))
  })
).pipe(
  Command.withDescription(
    "Take back what stands in the claims of a workspace, by force: what may have been sent at most once becomes unknown, the " +
      "rest is due again, uncharged. An owner that died is replaced by itself when its lease has ended; this is for one that " +
      "lives and does nothing."
  ),
  Command.withShortDescription("Take stuck claims back by force"),
  Command.withExamples([{ command: "fibercast queue rescue --workspace school --yes" }])
)
