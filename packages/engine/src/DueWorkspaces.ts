/**
 * The workspaces with due work that this engine may do: of its pipelines, in the lanes that it serves.
 */
import { type DueWorkspace, Ledger, type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { Effect } from "effect"
import { EngineConfig } from "./EngineConfig.ts"
import { Pipelines } from "./Pipelines.ts"

/** Workspaces asked for at first; what is due beyond them is asked for next. */
const page = 1000

/** All of them, page by page, whoever has them: those of other nodes must not hide this node's. */
export const find = Effect.fnUntraced(function* (
  by: number,
  now: number
): Effect.fn.Return<ReadonlyArray<DueWorkspace>, LedgerUnavailable, Ledger | Pipelines> {
  const { lanes, workspace } = yield* EngineConfig
  const { names: pipelines } = yield* Pipelines
  const ledger = yield* Ledger
  const all: Array<DueWorkspace> = []
  for (;;) {
    const after = all.at(-1)?.workspaceId
    const due = yield* ledger.dueWorkspaces({ by, now, limit: page, pipelines, lanes, after })
    all.push(...due)
    if (due.length < page) return workspace === null ? all : all.filter(({ workspaceId }) => workspaceId === workspace)
  }
})
