/**
 * WorkspaceRuntimes that keep every guarantee but one.
 */
import { WorkspaceId } from "@fibercast/domain/Workspace"
import { type Runtime } from "@fibercast/engine/Engine"
import { EngineConfig, type EngineSettings } from "@fibercast/engine/EngineConfig"
import * as LocalRuntime from "@fibercast/engine/LocalRuntime"
import { RestartIntensity } from "@fibercast/engine/Supervisor"
import { Ledger } from "@fibercast/ports/Ledger"
import { Signal } from "@fibercast/ports/Signal"
import { WorkspaceRuntime, WorkspaceUnavailable } from "@fibercast/ports/WorkspaceRuntime"
import { Effect, Layer, Stream } from "effect"

export interface BrokenRuntime {
  /** What it does wrong: "it …". */
  readonly does: string
  /** The sentence that finds it out. */
  readonly breaks: string
  readonly runtime: Runtime<never>
}

type Shape = WorkspaceRuntime["Service"]

const local = LocalRuntime.layer({ alone: false })

const answers = (change: (runtime: Shape) => Partial<Shape>): Runtime<never> =>
  Layer.effect(
    WorkspaceRuntime,
    Effect.map(WorkspaceRuntime, (runtime) => WorkspaceRuntime.of({ ...runtime, ...change(runtime) }))
  ).pipe(Layer.provide(local))

const configured = (settings: Partial<EngineSettings>): Runtime<never> =>
  local.pipe(
    Layer.provide(
      Layer.effect(
        EngineConfig,
        Effect.map(EngineConfig, (defaults) => ({ ...defaults, ...settings }))
      )
    )
  )

export const brokenWorkspaceRuntimes: ReadonlyArray<BrokenRuntime> = [
  {
    does: "names no actor as running",
    breaks: "work that is due starts an actor, which does it",
    runtime: answers(() => ({ running: Effect.succeed([]) }))
  },
  {
    does: "starts an actor for whoever it knows",
    breaks: "a workspace without work has no actor",
    runtime: local.pipe(
      Layer.provide(
        Layer.effect(
          Ledger,
          Effect.map(Ledger, (ledger) =>
            Ledger.of({
              ...ledger,
              dueWorkspaces: () => Effect.succeed([{ workspaceId: WorkspaceId.make(1), owner: null, ownedUntil: null }])
            })
          )
        )
      )
    )
  },
  {
    does: "keeps actors that have nothing to do",
    breaks: "an actor without work ends, and new work starts another",
    runtime: configured({ idle: 36_000_000 })
  },
  {
    does: "hears no signals",
    breaks: "a signal is enough: work begins at once, with an actor there or not",
    runtime: local.pipe(
      Layer.provide(
        Layer.effect(
          Signal,
          Effect.map(Signal, (signal) => Signal.of({ ...signal, signals: Stream.never }))
        )
      )
    )
  },
  {
    does: "takes commands only for actors that run",
    breaks: "a command starts the actor that it needs",
    runtime: answers(({ ask, running }) => ({
      ask: (workspaceId, command) =>
        Effect.flatMap(running, (ids) =>
          ids.includes(workspaceId)
            ? ask(workspaceId, command)
            : Effect.fail(new WorkspaceUnavailable({ workspaceId, reason: "it is not running" }))
        )
    }))
  },
  {
    does: "pauses lanes without waiting for what is under way",
    breaks: "a pause of lanes reaches the actor that runs, holds, and says how it went; a resume goes on",
    runtime: answers(({ askLanes }) => ({
      askLanes: (workspaceId, command) => Effect.as(askLanes(workspaceId, command), { millis: 0, escaped: 0 })
    }))
  },
  {
    does: "says of every failure that the workspace is unavailable",
    breaks: "a campaign that does not exist is answered as that",
    runtime: answers(({ ask }) => ({
      ask: (workspaceId, command) =>
        Effect.mapError(
          ask(workspaceId, command),
          ({ message }) => new WorkspaceUnavailable({ workspaceId, reason: message })
        )
    }))
  },
  {
    does: "sets a workspace aside at its first crash",
    breaks: "an actor that crashes is restarted on its own, and no other notices",
    runtime: local.pipe(
      Layer.provide(Layer.succeed(RestartIntensity, { crashes: 0, within: 60_000, wait: 100, cap: 10_000 }))
    )
  },
  {
    does: "cuts its sends off when it is closed",
    breaks: "a runtime that is closed lets its sends end, gives the rest back, and gives its workspaces up",
    runtime: configured({ drain: 0 })
  }
]
