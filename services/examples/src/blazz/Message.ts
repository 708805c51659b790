/**
 * Single messages of Blazz: a login code overtakes a reply, which overtakes a notice, which overtakes every campaign.
 */
import { type Lane } from "@fibercast/domain/Lane"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { Schema } from "effect"

export const Message = Pipeline.make("blazz.message", {
  payload: Schema.Struct({ to: Schema.NonEmptyString, text: Schema.NonEmptyString }),
  retry: RetryPolicy.exponential("1 second", { tries: 5, cap: "30 seconds" })
}).pipe(Pipeline.send(Fonnte))

const lanes = { code: "urgent", reply: "high", notice: "normal" } as const satisfies Record<string, Lane>

export type Kind = keyof typeof lanes

/** `to` in E.164. Joins the caller's transaction. */
export const say = (workspaceId: WorkspaceId, kind: Kind, message: { readonly to: string; readonly text: string }) =>
  Pipeline.dispatch(Message, { workspaceId, lane: lanes[kind], payload: message })
