/**
 * The sweep looks for workspaces that need an actor here: due work of lanes that are served, a campaign to read or to start,
 * a batch that is to go on, or claims that a dead owner left. It looks from time to time, and when it is told to; workspaces
 * without work cost nothing.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { BatchStore } from "@fibercast/ports/BatchStore"
import { CampaignStore } from "@fibercast/ports/CampaignStore"
import { type DueWorkspace, type Ledger } from "@fibercast/ports/Ledger"
import { both, type Due, type News, Signal } from "@fibercast/ports/Signal"
import { Clock, Effect, type Scope, Stream } from "effect"
import * as DueWorkspaces from "./DueWorkspaces.ts"
import { EngineConfig } from "./EngineConfig.ts"
import { untilReachable } from "./Ownership.ts"
import { Pipelines } from "./Pipelines.ts"
import { type Start, type WorkspaceActors } from "./WorkspaceActors.ts"

export interface Options {
  readonly actors: WorkspaceActors
  /** Whether the actor of the workspace belongs here. */
  readonly isMine: (workspaceId: WorkspaceId) => boolean
  /** Whether to take what stands there: somebody may hold it. */
  readonly takes: (due: DueWorkspace, now: number) => boolean
  readonly start: Start
}

/** Starts under way at once. */
const starting = 16

/** A crash of it ends this one time, and is logged. */
const neverLast = <R>(what: string, effect: Effect.Effect<void, never, R>): Effect.Effect<void, never, R> =>
  Effect.catchDefect(effect, (defect) => Effect.logError(`${what} crashed`, defect))

/** What is new of each workspace. */
const merged = (news: ReadonlyArray<News>): ReadonlyMap<WorkspaceId, Due> => {
  const all = new Map<WorkspaceId, Due>()
  for (const { due, workspaceId } of news) {
    const earlier = all.get(workspaceId)
    all.set(workspaceId, earlier === undefined ? due : both(earlier, due))
  }
  return all
}

/** Looks, and listens to signals, until the scope closes. Answers how to look at once. */
export const run = Effect.fnUntraced(function* ({
  actors,
  isMine,
  start,
  takes
}: Options): Effect.fn.Return<
  Effect.Effect<void>,
  never,
  Ledger | CampaignStore | BatchStore | Pipelines | Signal | Scope.Scope
> {
  const settings = yield* EngineConfig
  const needs = yield* Effect.context<Ledger | Pipelines>()
  const campaigns = yield* CampaignStore
  const batches = yield* BatchStore
  const { names: pipelines } = yield* Pipelines

  const isWorked = (workspaceId: WorkspaceId) =>
    isMine(workspaceId) && (settings.workspace === null || settings.workspace === workspaceId)

  /** Why it could not be started: who moves at this moment is another's, who finds no room waits for a later look. */
  const begin = (workspaceId: WorkspaceId) =>
    start(workspaceId).pipe(
      Effect.as(null),
      Effect.catch((error) => Effect.succeed(error._tag === "ActorStopped" ? null : error.message))
    )
  const sweep = Effect.gen(function* () {
    const now = yield* Clock.currentTimeMillis
    const by = now + settings.sweep
    const due = [
      ...(yield* Effect.provideContext(untilReachable(DueWorkspaces.find(by, now)), needs)),
      ...(yield* untilReachable(campaigns.activeWorkspaces(by, pipelines))),
      ...(yield* untilReachable(batches.dueWorkspaces))
    ]
    const mine = due.filter(
      (found) => isWorked(found.workspaceId) && takes(found, now) && !actors.isRunning(found.workspaceId)
    )
    const ids = new Set(mine.map(({ workspaceId }) => workspaceId))
    const refused = (yield* Effect.forEach(ids, begin, { concurrency: starting })).filter((why) => why !== null)
    if (refused.length > 0) yield* Effect.logWarning(`${refused.length} workspaces must wait: ${refused[0]}`)
  })
  const look = neverLast("looking for due work", sweep)
  const sweeping = Effect.gen(function* () {
    for (;;) {
      yield* look
      yield* Effect.sleep(settings.sweep)
    }
  })
  yield* Effect.forkScoped(sweeping)

  /** Those that came while one looked are one more reason to look. */
  const wake = Effect.fnUntraced(function* (news: ReadonlyArray<News>) {
    let isAnyAsleep = false
    for (const [workspaceId, due] of merged(news)) {
      if (!isWorked(workspaceId)) continue
      if (actors.isRunning(workspaceId)) yield* actors.wake(workspaceId, due)
      else isAnyAsleep = true
    }
    // Whether their work is for this node's pipelines, the sweep knows.
    if (isAnyAsleep) yield* look
  })
  const waking = Stream.runForEachArray((yield* Signal).signals, (news) => neverLast("waking a workspace", wake(news)))
  yield* Effect.forkScoped(waking)
  return look
})
