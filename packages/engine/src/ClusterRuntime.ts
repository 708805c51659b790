/**
 * The cluster runtime runs the actors of those workspaces whose shard this node holds, and reaches all others where
 * they are: each workspace is one node's, they are spread evenly, and they move when nodes come and go.
 *
 * Callers may rely on this: a workspace that moves has stopped here, its sends under way ended and the rest given back,
 * before another node may have it, unless this node is taken for dead; then its lease in the ledger is waited for, and
 * its epoch keeps it from writing. When the locks cannot be kept, actors stop until they can. A workspace without work
 * costs nothing, and there is no traffic between nodes but commands.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type CampaignNotFound } from "@fibercast/ports/CampaignStore"
import { type LedgerUnavailable } from "@fibercast/ports/Ledger"
import { type Signal } from "@fibercast/ports/Signal"
import { WorkspaceRuntime, type WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { Cause, Effect, Exit, Layer, Random, Schedule } from "effect"
import { type ClusterError, ShardId, Sharding } from "effect/cluster"
import { ClusterConfig } from "./ClusterConfig.ts"
import { EngineConfig } from "./EngineConfig.ts"
import * as Sweep from "./Sweep.ts"
import { ActorStopped, type Needs } from "./WorkspaceActor.ts"
import * as WorkspaceActors from "./WorkspaceActors.ts"
import { currentWorkspace, entityId, WorkspaceEntity } from "./WorkspaceEntity.ts"

/** How long placing one workspace here may take, in milliseconds: its shard may just be leaving. */
const placing = 2000

/** Between two tries to reach the owner of a workspace that moves or restarts, in milliseconds. */
const reaching = 250

const noRoom = "its node has no room for it now"

/** Why a command was not carried out: by the owner, or because it could not be reached. */
type Unanswered =
  | CampaignNotFound
  | LedgerUnavailable
  | WorkspaceUnavailable
  | ActorStopped
  | ClusterError.MailboxFull
  | ClusterError.EntityNotAssignedToRunner
  | ClusterError.AlreadyProcessingMessage
  | ClusterError.PersistenceError

/** Who was asked is gone before it answered. */
const isGone = (exit: Exit.Exit<unknown, unknown>): boolean =>
  Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)

export const layer: Layer.Layer<WorkspaceRuntime, never, Sharding.Sharding | Signal | Needs> = Layer.effect(
  WorkspaceRuntime,
  Effect.gen(function* () {
    const { answer, heartbeat, lease, look, rest, shards } = yield* ClusterConfig
    const settings = { ...(yield* EngineConfig), lease, heartbeat }
    const sharding = yield* Sharding.Sharding
    const workspace = yield* WorkspaceEntity.client
    const owner = `cluster/${(yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)).toString(36)}`
    const actors = yield* Effect.provideService(
      WorkspaceActors.make({ owner, force: false, held: "wait" }),
      EngineConfig,
      settings
    )

    const start: WorkspaceActors.Start = (workspaceId) =>
      workspace(String(workspaceId))
        .Run(undefined, { discard: true })
        .pipe(
          Effect.timeout(placing),
          Effect.mapError(({ _tag }) =>
            _tag === "MailboxFull" ? WorkspaceActors.unavailable(workspaceId, noRoom) : new ActorStopped()
          )
        )

    yield* sharding.registerEntity(
      WorkspaceEntity,
      Effect.map(currentWorkspace, (workspaceId) =>
        WorkspaceEntity.of({
          Run: () => actors.run(workspaceId),
          Ask: ({ payload }) => actors.tell(workspaceId, (actor) => actor.carryOut(payload), start),
          AskLanes: ({ payload }) => actors.tell(workspaceId, (actor) => actor.carryOutLanes(payload), start)
        })
      ),
      { concurrency: "unbounded", disableFatalDefects: true, maxIdleTime: rest }
    )

    const lookNow = yield* Sweep.run({
      actors,
      start,
      isMine: (workspaceId) => {
        const id = entityId(workspaceId)
        return sharding.hasShardId(sharding.getShardId(id, WorkspaceEntity.getShardGroup(id)))
      },
      takes: () => true
    })

    const all = Array.from({ length: shards }, (_, index) => ShardId.make("default", index + 1))
    const watching = Effect.gen(function* () {
      let held = new Set<ShardId.ShardId>()
      for (;;) {
        yield* Effect.sleep(look)
        const holds = all.filter((shard) => sharding.hasShardId(shard))
        const isMore = holds.some((shard) => !held.has(shard))
        held = new Set(holds)
        if (isMore) yield* lookNow
      }
    })
    yield* Effect.forkScoped(watching)

    /** `asking` says what to ask of the owner, each time one is asked. */
    const answered = <A>(
      workspaceId: WorkspaceId,
      asking: (owner: ReturnType<typeof workspace>) => Effect.Effect<A, Unanswered>
    ) => {
      const unavailable = (reason: string) => WorkspaceActors.unavailable(workspaceId, reason)
      return Effect.exit(Effect.suspend(() => asking(workspace(String(workspaceId))))).pipe(
        Effect.flatMap((exit) => (isGone(exit) ? Effect.fail(new ActorStopped()) : exit)),
        // A command may be given twice: an actor that stopped meanwhile has a successor, here or elsewhere.
        Effect.retry({ while: (error) => error._tag === "ActorStopped", schedule: Schedule.spaced(reaching) }),
        Effect.catchTags({
          ActorStopped: () => Effect.fail(unavailable("it stopped while carrying the command out")),
          MailboxFull: () => Effect.fail(unavailable(noRoom)),
          EntityNotAssignedToRunner: () => Effect.fail(unavailable("it is stopping")),
          AlreadyProcessingMessage: () => Effect.fail(unavailable("it is being asked already")),
          PersistenceError: () => Effect.fail(unavailable("it could not be reached"))
        }),
        Effect.timeoutOrElse({
          duration: answer,
          orElse: () => Effect.fail(unavailable(`no answer in ${answer / 1000} s; it may carry the command out yet`))
        })
      )
    }

    return WorkspaceRuntime.of({
      ask: (workspaceId, command) => answered(workspaceId, (owner) => owner.Ask(command)),
      askLanes: (workspaceId, command) =>
        answered(workspaceId, (owner) => owner.AskLanes(command)).pipe(
          // It is no question about a campaign.
          Effect.catchTag("CampaignNotFound", Effect.die)
        ),
      running: Effect.sync(actors.running)
    })
  })
)
