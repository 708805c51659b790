/**
 * `fibercast queue restart`: has every worker end in good order, so that whatever supervises it starts the new code.
 */
import { isSilent, NodeRegistry } from "@fibercast/ports/NodeRegistry"
import { Clock, Console, Effect } from "effect"
import { Command } from "effect/cli"
import * as Figures from "../../Figures.ts"
import * as NodeList from "../../NodeList.ts"
import * as NodeLookup from "../../NodeLookup.ts"
import { folder, json } from "../../SendFlags.ts"

export const restart = Command.make(
  "restart",
  { folder, json: json("Print one JSON object: the nodes that are told") },
  Effect.fnUntraced(function* (input) {
    yield* Effect.gen(function* () {
      const registry = yield* NodeRegistry
      const now = yield* Clock.currentTimeMillis
      const there = (yield* registry.list(now - NodeList.shownFor)).filter(
        ({ startedAt, state }) => state !== "gone" && startedAt < now
      )
      // One that was forgotten meanwhile is gone.
      for (const { id } of there)
        yield* Effect.catchTag(registry.wish(id, "drained"), "NodeNotFound", () => Effect.void)
      if (input.json) {
        const nodes = there.map((node) => ({ id: node.id, name: node.name, silent: isSilent(node, now) }))
        return yield* Console.log(JSON.stringify({ nodes }))
      }
      if (there.length === 0) return yield* Console.log("No node runs on this database: there is nothing to restart.")
      const lines = there.map((node) => {
        const silent = isSilent(node, now) ? `; silent for ${Figures.span(now - node.seenAt)}` : ""
        return `  ${node.name} (${NodeList.short(node)})${silent}`
      })
      const whose = there.length === 1 ? "ends in good order, and exits" : "end in good order, and exit"
      yield* Console.log(
        `${Figures.counted(there.length, "node")} ${whose} with 0, from the next beat on, within two seconds:\n${lines.join("\n")}\n` +
          "What supervises them starts them again, with the code that is there then. Nodes that start from now on are not meant."
      )
    }).pipe(Effect.provide(NodeLookup.layer(input.folder)))
  })
).pipe(
  Command.withDescription(
    "Have every worker on this database, `queue work` and `fibercast-node` alike, finish what is under way, give back the " +
      "rest and exit with 0, so that its supervisor starts the new code. Only those that have started before are meant; the " +
      "clocks of machines should be kept together."
  ),
  Command.withShortDescription("Have all workers end, to be started with new code")
)
