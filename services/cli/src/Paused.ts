/**
 * Why a campaign is paused. Paused by a person it waits for one; paused by itself (its provider, its template,
 * an interrupted run) it goes on when its command is started again.
 */
import { type Campaign } from "@fibercast/domain/Campaign"

const mark = "by hand"

/** The note of a pause that a person asked for. */
export const byHand = (why?: string): string => (why === undefined ? mark : `${mark}: ${why}`)

export const isByHand = ({ note, status }: Campaign): boolean =>
  status === "paused" && (note === mark || note?.startsWith(`${mark}: `) === true)

/** Paused, and not by a person. */
export const isHeld = (campaign: Campaign): boolean => campaign.status === "paused" && !isByHand(campaign)

/** The note of a run that was interrupted. */
export const interrupted = "its command was interrupted"
