/**
 * Jobs that belong together: side by side with something that follows, or one after the other.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Batches from "@fibercast/engine/Batches"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Schema } from "effect"
import { work } from "./Work.ts"

const step = (name: string) =>
  Pipeline.make(name, { payload: Schema.String, retry: RetryPolicy.never }).pipe(
    Pipeline.tap((file) => work(`${name} ${file}`))
  )

export const Fetch = step("import.fetch")
export const Part = step("import.part")
export const Publish = step("import.publish")
export const Complain = step("import.complain")
export const CleanUp = step("import.clean-up")

export const importParts = (workspaceId: WorkspaceId, file: string, parts: ReadonlyArray<string>) =>
  Batches.dispatch({
    workspaceId,
    name: `import of ${file}`,
    jobs: parts.map((part) => Pipeline.job(Part, part)),
    then: Pipeline.job(Publish, file),
    catch: Pipeline.job(Complain, file),
    finally: Pipeline.job(CleanUp, file)
  })

export const importFile = (workspaceId: WorkspaceId, file: string) =>
  Batches.chain({
    workspaceId,
    name: `import of ${file}`,
    steps: [
      Pipeline.job(Fetch, file),
      [Pipeline.job(Part, `${file}.1`), Pipeline.job(Part, `${file}.2`)],
      Pipeline.job(Publish, file)
    ],
    catch: Pipeline.job(Complain, file)
  })
