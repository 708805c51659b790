/** Messages as a router makes them. */
import { type AlertMessage } from "@fibercast/ports/AlertSink"

export const one: AlertMessage = {
  id: "alert_1",
  at: 1_764_115_200_000,
  severity: "warning",
  title: "Deliveries of campaign 7 fail",
  sentence: "A delivery of campaign 7 failed: <b>no such number & more</b>",
  remedy: "fibercast campaign failures 7 --workspace 1",
  count: 1,
  subject: "DeliveryFailed/1/campaign/7",
  alert: {
    _tag: "DeliveryFailed",
    state: "failed",
    workspaceId: 1,
    deliveryId: 9_007_199_254_740_993n,
    campaignId: 7,
    pipeline: "broadcast",
    reason: "<b>no such number & more</b>"
  },
  parts: []
}

export const numbered = (number: number): AlertMessage => ({
  ...one,
  id: `alert_${number}`,
  title: `Trouble ${number}`
})

export const digest: AlertMessage = {
  id: "alert_digest",
  at: 1_764_115_200_000,
  severity: "critical",
  title: "312 more alerts",
  sentence: "and 312 more: 300 DeliveryFailed of campaign 7, 12 of other subjects",
  remedy: "fibercast doctor",
  count: 312,
  subject: null,
  alert: null,
  parts: [
    { subject: "DeliveryFailed/1/campaign/7", label: "DeliveryFailed of campaign 7", count: 300 },
    { subject: null, label: "of other subjects", count: 12 }
  ]
}
