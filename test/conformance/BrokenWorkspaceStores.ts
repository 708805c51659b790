/**
 * WorkspaceStores that keep every guarantee but one.
 */
import { Effect } from "effect"
import { type BrokenTwin, brokenWorkspaceStore } from "./BrokenTwin.ts"

export const brokenWorkspaceStores: ReadonlyArray<BrokenTwin> = [
  brokenWorkspaceStore(
    "gives an existing workspace the limits of the last call",
    "a name that exists is found again, with its own zone and limits",
    (workspaces) => ({
      ensure: (options) =>
        Effect.tap(workspaces.ensure(options), ({ id }) =>
          Effect.ignore(workspaces.setLimits(id, options.limits))
        ).pipe(Effect.map((workspace) => ({ ...workspace, limits: options.limits })))
    })
  ),
  brokenWorkspaceStore("keeps one workspace for all", "another name is another workspace", (workspaces) => ({
    ensure: (options) => workspaces.ensure({ ...options, name: "all" })
  })),
  brokenWorkspaceStore(
    "creates what it looks for",
    "a workspace is found by its name, and looking for one creates none",
    (workspaces) => ({ find: (name) => workspaces.ensure({ name, zone: "UTC", limits: {} }) })
  ),
  brokenWorkspaceStore("sets nothing aside", "a workspace is set aside with a reason and brought back", () => ({
    setQuarantine: () => Effect.void
  })),
  brokenWorkspaceStore(
    "leaves out those that are set aside",
    "all workspaces are listed by id, as they are",
    (workspaces) => ({
      list: Effect.map(workspaces.list, (all) => all.filter(({ quarantine }) => quarantine === null))
    })
  ),
  brokenWorkspaceStore(
    "forgets what was paused before",
    "lanes are paused with a note, besides those that are, and resumed one by one",
    (workspaces) => ({
      pauseLanes: (id, pause) =>
        Effect.andThen(
          workspaces.resumeLanes(id, ["urgent", "high", "normal", "bulk"]),
          workspaces.pauseLanes(id, pause)
        )
    })
  ),
  brokenWorkspaceStore(
    "adds to the limits instead of replacing them",
    "limits are replaced as a whole and read back as they were set",
    (workspaces) => ({
      setLimits: (id, limits) =>
        Effect.flatMap(workspaces.get(id), (known) => workspaces.setLimits(id, { ...known.limits, ...limits }))
    })
  ),
  brokenWorkspaceStore(
    "says nothing about a workspace that does not exist",
    "a workspace that does not exist is not found, by any call",
    (workspaces) => ({ setLimits: (id, limits) => Effect.ignore(workspaces.setLimits(id, limits)) })
  )
]
