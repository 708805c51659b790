/**
 * The NodeRegistry knows the nodes: who is there, doing what, and what operators want of them.
 *
 * A node writes itself down and beats; one that has not beaten for a while is taken for gone. Instants are epoch milliseconds.
 */
import { Context, type Effect, Schema } from "effect"
import { type LedgerUnavailable } from "./Ledger.ts"

export const NodeRole = Schema.Literals(["engine", "sender"])
export type NodeRole = typeof NodeRole.Type

/** What an operator wants of a node. `cordoned`: take no work, stay. `drained`: give back all work, then end. */
export const NodeWish = Schema.Literals(["working", "cordoned", "drained"])
export type NodeWish = typeof NodeWish.Type

/** What a node says of itself. */
export interface NodeBeat {
  /** Unique to this run of this process. */
  readonly id: string
  /** For people; two live nodes may share it. */
  readonly name: string
  readonly roles: ReadonlyArray<NodeRole>
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
}

export interface KnownNode extends NodeBeat {
  readonly seenAt: number
  readonly wish: NodeWish
}

export class NodeNotFound extends Schema.TaggedError<NodeNotFound>()("NodeNotFound", { id: Schema.String }) {
  override get message(): string {
    return `there is no node ${this.id}`
  }
}

export class NodeRegistry extends Context.Service<
  NodeRegistry,
  {
    /** Writes it down as seen now, and answers what is wished of it; of a node that is new, `working`. */
    readonly beat: (beat: NodeBeat, now: number) => Effect.Effect<NodeWish, LedgerUnavailable>
    /** Nodes seen since the instant, inclusive, by name, then by start, then by id. */
    readonly list: (since: number) => Effect.Effect<ReadonlyArray<KnownNode>, LedgerUnavailable>
    /** The node learns of it with its next beat. */
    readonly wish: (id: string, wish: NodeWish) => Effect.Effect<void, LedgerUnavailable | NodeNotFound>
    /** Forgets those not seen since the instant; answers how many. */
    readonly forget: (before: number) => Effect.Effect<number, LedgerUnavailable>
  }
>()("fibercast/ports/NodeRegistry") {}
