/**
 * The pipeline of Blazz's campaigns, in lane bulk. At-most-once: nobody wants an advertisement twice.
 */
import { Recipient } from "@fibercast/domain/Recipient"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Broadcast from "@fibercast/engine/Broadcast"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"

export const Campaign = Pipeline.make("blazz.campaign", {
  payload: Recipient,
  lane: "bulk",
  retry: RetryPolicy.backoff(["30 seconds", "2 minutes"], { tries: 3 }),
  guarantee: "at-most-once"
}).pipe(Broadcast.render, Pipeline.send(Fonnte))
