/**
 * Batches and chains: photos are made smaller side by side, and then the album is published; a video goes through one
 * step after the other.
 */
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as Batches from "@fibercast/engine/Batches"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Context, type Effect, Schema } from "effect"

/** What the app does with its files. */
export class Files extends Context.Service<
  Files,
  { readonly run: (what: string, name: string) => Effect.Effect<void> }
>()("examples/Files") {}

const step = (name: string) =>
  Pipeline.make(name, { payload: Schema.String }).pipe(Pipeline.tap((file) => Files.use(({ run }) => run(name, file))))

export const Resize = step("photos.resize")
export const Publish = step("album.publish")
export const Complain = step("album.complain")
export const CleanUp = step("album.clean-up")
export const Encode = step("video.encode")

/** Three photos in a hundred may be broken. */
export const publishAlbum = (workspaceId: WorkspaceId, album: string, photos: ReadonlyArray<string>) =>
  Batches.dispatch({
    workspaceId,
    name: album,
    jobs: photos.map((photo) => Pipeline.job(Resize, photo)),
    allowFailures: Math.ceil(photos.length * 0.03),
    then: Pipeline.job(Publish, album),
    catch: Pipeline.job(Complain, album),
    finally: Pipeline.job(CleanUp, album)
  })

export const publishVideo = (workspaceId: WorkspaceId, video: string) =>
  Batches.chain({
    workspaceId,
    name: video,
    steps: [
      Pipeline.job(Encode, video),
      [Pipeline.job(Resize, `${video}.large`), Pipeline.job(Resize, `${video}.small`)],
      Pipeline.job(Publish, video, { delay: "1 minute" })
    ]
  })
