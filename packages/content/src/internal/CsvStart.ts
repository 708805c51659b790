/**
 * How a CSV begins: its delimiter and where its header starts. The delimiter is the one that a first
 * line `sep=;` names; else, in the first line that is not blank, the one of comma, semicolon, tab and
 * bar that occurs most outside quotes, the earlier in that order when they tie.
 *
 * csv-parse's own `delimiter_auto` fails on any letter beyond ASCII.
 */
import { lineBreaks } from "./CsvRecords.ts"

const candidates = [",", ";", "\t", "|"] as const

/** `sep=;` and blank lines. A CR at the end of the text is left: an LF may follow it. */
const preamble = /^(?:sep=([^"\r\n])(?:\r\n|\n|\r(?=[^\n])))?(?: *(?:\r\n|\n|\r(?=[^\n])))*/iu

export class CsvStart {
  private readonly counts = candidates.map(() => 0)
  private readonly limit: number
  private read = 0
  private quoted = false
  private blank = true
  private ended = false
  /** All text given so far: not one character of it is consumed. */
  text = ""

  /** `limit`: characters looked at, at most. */
  constructor(limit: number) {
    this.limit = limit
  }

  /** True once the line is complete, and at the limit. Stop feeding then. */
  feed(text: string): boolean {
    this.text += text
    for (const char of text) {
      if (this.ended || this.read++ === this.limit) return true
      if (char === '"') this.quoted = !this.quoted
      else if (this.quoted) continue
      else if (char === "\n" || char === "\r") {
        this.ended = !this.blank
        continue
      } else {
        const index = candidates.findIndex((candidate) => candidate === char)
        if (index >= 0) this.counts[index] = (this.counts[index] ?? 0) + 1
        else if (char === " ") continue
      }
      this.blank = false
    }
    return false
  }

  /** The text from its header on, and the physical line where that is. */
  get found(): { readonly delimiter: string; readonly text: string; readonly line: number } {
    const [skipped = "", named] = preamble.exec(this.text) ?? []
    const commonest = candidates[this.counts.indexOf(Math.max(...this.counts))] ?? ","
    return {
      delimiter: named ?? commonest,
      text: this.text.slice(skipped.length),
      line: 1 + lineBreaks(skipped)
    }
  }
}
