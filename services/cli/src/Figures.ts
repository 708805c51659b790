/**
 * Numbers as people read them: `1,234`, `63.2 %`, `2 min 5 s`, `198/s`.
 */
import * as SpanText from "@fibercast/domain/SpanText"

export const amount = (value: number): string => Math.round(value).toLocaleString("en-US")

/** Of 1. Rounded down, so that 100 % means all. */
export const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`

/** Milliseconds, in the two largest units that say something. */
export const span = SpanText.of

/** Milliseconds that may be few: `12 ms`, `1.2 s`; from ten seconds on as `span`. */
export const brief = (millis: number): string => {
  if (millis < 1000) return `${Math.max(0, Math.round(millis))} ms`
  return millis < 9950 ? `${(millis / 1000).toFixed(1)} s` : span(millis)
}

export const perSecond = (rate: number): string => `${rate >= 10 ? amount(rate) : rate.toFixed(1)}/s`

/** `1 row`, `2 rows`. */
export const counted = (value: number, noun: string): string => `${amount(value)} ${noun}${value === 1 ? "" : "s"}`
