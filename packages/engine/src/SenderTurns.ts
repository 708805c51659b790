/**
 * Whom a sender asks for turns: the owner that last handed it something of the workspace.
 *
 * Held in memory: one owner for each workspace that the sender keeps pipelines ready for.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Chunk } from "@fibercast/ports/Chunk"
import { type SenderChannel, type TurnRequest } from "@fibercast/ports/SenderChannel"
import { Effect } from "effect"
import { type Asking, type Hold } from "./Turns.ts"

export class SenderTurns {
  readonly #channel: SenderChannel["Service"]
  readonly #owners = new Map<WorkspaceId, Pick<Chunk, "owner" | "epoch">>()

  constructor(channel: SenderChannel["Service"]) {
    this.#channel = channel
  }

  /** This came from an owner of its workspace; an older one than is known changes nothing. */
  heard({ epoch, owner, workspaceId }: Chunk) {
    const known = this.#owners.get(workspaceId)
    if (known === undefined || known.epoch < epoch) this.#owners.set(workspaceId, { owner, epoch })
  }

  forget(workspaceId: WorkspaceId) {
    this.#owners.delete(workspaceId)
  }

  of(workspaceId: WorkspaceId): Asking {
    const ask = (request: Pick<TurnRequest, "key" | "rate"> | Hold) =>
      Effect.suspend(() => {
        const known = this.#owners.get(workspaceId)
        if (known === undefined) return Effect.succeed(null)
        return this.#channel.ask(known.owner, { workspaceId, epoch: known.epoch, ...request })
      })
    return { stages: { count: 0 }, ask: (key, rate) => ask({ key, rate }), hold: ask }
  }
}
