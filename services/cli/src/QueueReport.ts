/**
 * What a worker did in all, and why it ended.
 */
import { type News } from "@fibercast/engine/DeliveryListener"
import { type Over } from "@fibercast/engine/Stint"
import * as Figures from "./Figures.ts"

/** `drained`: an operator wished so; `interrupted`: by a signal. */
export type Ended = Over | "drained" | "interrupted"

type State = Extract<News, { readonly _tag: "Ended" }>["settlement"]["state"]

export type Counts = Record<State, number>

export const none = (): Counts => ({
  completed: 0,
  failed: 0,
  skipped: 0,
  cancelled: 0,
  expired: 0,
  unknown: 0,
  retry: 0,
  snooze: 0
})

const words: ReadonlyArray<readonly [State, string]> = [
  ["completed", "completed"],
  ["failed", "failed for good"],
  ["unknown", "unknown"],
  ["skipped", "skipped"],
  ["cancelled", "cancelled"],
  ["expired", "expired"],
  ["retry", "to be tried again"],
  ["snooze", "put off"]
]

const why: Readonly<Record<Ended, string>> = {
  deliveries: "As many were begun as asked for.",
  empty: "Nothing more is due.",
  time: "Its time is over.",
  memory: "It has grown too large.",
  drained: "It was drained by an operator.",
  interrupted: "It was stopped."
}

export interface Report {
  readonly ended: Ended
  readonly counts: Counts
  readonly millis: number
  /** Claimed, and given back unbegun; and cut off when the time to drain was over. */
  readonly returned: number
  readonly cut: number
}

/** `12 completed, 1 failed for good, in 3.1 s. Nothing more is due.` */
export const line = ({ counts, cut, ended, millis, returned }: Report): string => {
  const told = [
    ...words.flatMap(([state, word]) => (counts[state] === 0 ? [] : [`${Figures.amount(counts[state])} ${word}`])),
    ...(returned === 0 ? [] : [`${Figures.amount(returned)} given back`]),
    ...(cut === 0 ? [] : [`${Figures.amount(cut)} cut off`])
  ]
  return `${told.length === 0 ? "Nothing was done" : told.join(", ")}, in ${Figures.brief(millis)}. ${why[ended]}`
}

/** As `--json` prints it, on the last line. */
export const json = ({ counts, cut, ended, millis, returned }: Report) => ({
  summary: { ended, millis, ...counts, returned, cut }
})
