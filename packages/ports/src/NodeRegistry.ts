/**
 * The NodeRegistry knows the nodes: who is there, doing what, and what operators want of them.
 *
 * A node writes itself down and beats; one that has not beaten for a while is taken for gone. Nodes belong to no
 * workspace. Instants are epoch milliseconds.
 */
import { Lane } from "@fibercast/domain/Lane"
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { Clock, Context, Effect, Layer, Schema } from "effect"
import { type LedgerUnavailable } from "./Ledger.ts"

export const NodeRole = Schema.Literals(["engine", "sender"])
export type NodeRole = typeof NodeRole.Type

/** What an operator wants of a node. `cordoned`: take no work, stay. `drained`: give back all work, then end. */
export const NodeWish = Schema.Literals(["working", "cordoned", "drained"])
export type NodeWish = typeof NodeWish.Type

/** An account that takes nothing now, as a node knows it. */
export const BrokenAccount = Schema.Struct({
  account: Schema.String,
  reason: Schema.String,
  /** It is not probed: somebody must mend it and reset it, or start the node again. */
  isFatal: Schema.Boolean
})
export type BrokenAccount = typeof BrokenAccount.Type

/** How much temporary work of a workspace, lane and pipeline has completed on a node, and left no record. */
export const Vanished = Schema.Struct({
  workspaceId: WorkspaceId,
  lane: Lane,
  pipeline: Schema.String,
  /** Since the node started; less than it said before: it has begun to count anew. */
  count: Schema.Int
})
export type Vanished = typeof Vanished.Type

/** A node names no more than so many. */
export const named = { pipelines: 500, accounts: 50, vanished: 100 }

/** What a node says of itself. */
export interface NodeBeat {
  /** Unique to this run of this process. */
  readonly id: string
  /** For people; two live nodes may share it. */
  readonly name: string
  readonly roles: ReadonlyArray<NodeRole>
  /** The lanes that it serves: of others it claims, or sends, nothing. */
  readonly lanes: ReadonlyArray<Lane>
  readonly app: string
  readonly release: string | null
  /** Where its health can be asked, as a URL; null: nowhere. */
  readonly address: string | null
  readonly startedAt: number
  /** `draining`: it is giving back its work. `gone`: it has ended in good order. */
  readonly state: "starting" | "working" | "cordoned" | "draining" | "gone"
  /** Workspaces whose actor runs there. */
  readonly workspaces: number
  /** Sends under way there. */
  readonly sending: number
  /** Sends that it may have under way at once. */
  readonly capacity: number
  /** What it can run, by name: the first `named.pipelines`; null: it has not said. */
  readonly pipelines: ReadonlyArray<string> | null
  /** At most `named.accounts`. */
  readonly brokenAccounts: ReadonlyArray<BrokenAccount>
  /** At most `named.vanished`: where some did last. */
  readonly vanished: ReadonlyArray<Vanished>
  /** By how many milliseconds its clock is ahead of the registry's; null: not measured. */
  readonly clockAhead: number | null
}

export interface KnownNode extends NodeBeat {
  readonly seenAt: number
  readonly wish: NodeWish
}

/** Unseen for so long, in milliseconds, a node that did not say goodbye is silent: its work is taken over by others. */
export const silentAfter = 10_000

export const isSilent = ({ seenAt, state }: Pick<KnownNode, "seenAt" | "state">, now: number): boolean =>
  state !== "gone" && now - seenAt > silentAfter

export class NodeNotFound extends Schema.TaggedError<NodeNotFound>()("NodeNotFound", { id: Schema.String }) {
  override get message(): string {
    return `there is no node ${this.id}`
  }
}

export class NodeRegistry extends Context.Service<
  NodeRegistry,
  {
    /**
     * Writes it down as seen now, in place of what it said before, and answers what is wished of it; of a node that is
     * new, or was forgotten, `working`.
     */
    readonly beat: (beat: NodeBeat, now: number) => Effect.Effect<NodeWish, LedgerUnavailable>
    /** Nodes seen since the instant, inclusive, by name, then by start, then by id. */
    readonly list: (since: number) => Effect.Effect<ReadonlyArray<KnownNode>, LedgerUnavailable>
    /** The node learns of it with its next beat. It holds until another is made. */
    readonly wish: (id: string, wish: NodeWish) => Effect.Effect<void, LedgerUnavailable | NodeNotFound>
    /** The time by the registry's own clock, by which nodes compare theirs. Epoch milliseconds. */
    readonly clock: Effect.Effect<number, LedgerUnavailable>
    /** Forgets those last seen before the instant, with what is wished of them; answers how many. */
    readonly forget: (before: number) => Effect.Effect<number, LedgerUnavailable>
  }
>()("fibercast/ports/NodeRegistry") {
  /** Lives and dies with this process. Memory: one record for each node until it is forgotten. */
  static readonly layerMemory: Layer.Layer<NodeRegistry> = Layer.sync(NodeRegistry, () => {
    const nodes = new Map<string, KnownNode>()
    return NodeRegistry.of({
      beat: (beat, now) =>
        Effect.sync(() => {
          const wish = nodes.get(beat.id)?.wish ?? "working"
          nodes.set(beat.id, { ...beat, seenAt: now, wish })
          return wish
        }),

      list: (since) =>
        Effect.sync(() =>
          Array.from(nodes.values())
            .filter(({ seenAt }) => seenAt >= since)
            .toSorted(byName)
        ),

      wish: Effect.fn("NodeRegistry.wish")(function* (id, wish) {
        const node = nodes.get(id)
        if (node === undefined) return yield* new NodeNotFound({ id })
        nodes.set(id, { ...node, wish })
      }),

      clock: Clock.currentTimeMillis,

      forget: (before) =>
        Effect.sync(() => {
          const known = nodes.size
          for (const { id, seenAt } of nodes.values()) if (seenAt < before) nodes.delete(id)
          return known - nodes.size
        })
    })
  })
}

const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b))

const byName = (a: KnownNode, b: KnownNode): number =>
  compare(a.name, b.name) || a.startedAt - b.startedAt || compare(a.id, b.id)
