/**
 * Bytes to text, strictly: UTF-8 with or without its mark, UTF-16 with its mark. What is not valid
 * in that encoding is refused with its place; no character is ever replaced.
 */
import { Result } from "effect"

export interface BadBytes {
  readonly reason: string
  /** Text that came before the bad byte and after all text returned so far. */
  readonly before: string
}

const save = 'Save the file as "CSV UTF-8" and try again.'

/** Signatures of files that are often uploaded in place of a CSV. */
const mistaken: ReadonlyArray<{ readonly bytes: ReadonlyArray<number>; readonly name: string }> = [
  { bytes: [0x50, 0x4b, 0x03, 0x04], name: "an Excel workbook (.xlsx) or another zip file" },
  { bytes: [0xd0, 0xcf, 0x11, 0xe0], name: "an old Excel workbook (.xls)" },
  { bytes: [0x25, 0x50, 0x44, 0x46], name: "a PDF" },
  { bytes: [0x1f, 0x8b], name: "a gzip file" }
]

const marks = [
  { bytes: [0xef, 0xbb, 0xbf], encoding: "utf-8" },
  { bytes: [0xff, 0xfe], encoding: "utf-16le" },
  { bytes: [0xfe, 0xff], encoding: "utf-16be" }
] as const

const starts = (bytes: Uint8Array, signature: ReadonlyArray<number>): boolean =>
  signature.every((byte, index) => bytes[index] === byte)

const strict = (encoding: string): InstanceType<typeof TextDecoder> =>
  new TextDecoder(encoding, { fatal: true, ignoreBOM: true })

/** The two in a row. The second alone is not copied. */
export const joined = (head: Uint8Array, tail: Uint8Array): Uint8Array => {
  if (head.length === 0) return tail
  const whole = new Uint8Array(head.length + tail.length)
  whole.set(head)
  whole.set(tail, head.length)
  return whole
}

/** Reads one file. Between calls it holds the bytes of one unfinished character, and four at the very start. */
export class CsvBytes {
  private encoding = "utf-8"
  private decoder: InstanceType<typeof TextDecoder> | undefined
  /** Bytes not yet decoded: the first ones, or the head of a character that goes on in the next call. */
  private held: Uint8Array = new Uint8Array(0)
  /** Where `held` starts in the file. */
  private offset = 0

  /** The text that these bytes complete. `last`: no more bytes come. */
  decode(bytes: Uint8Array, last: boolean): Result.Result<string, BadBytes> {
    let chunk = bytes
    if (this.decoder === undefined) {
      chunk = joined(this.held, bytes)
      if (chunk.length < 4 && !last) {
        this.held = chunk
        return Result.succeed("")
      }
      const other = mistaken.find((file) => starts(chunk, file.bytes))
      if (other !== undefined) return Result.fail({ reason: `This is ${other.name}, not a CSV. ${save}`, before: "" })
      const mark = marks.find((mark) => starts(chunk, mark.bytes))
      this.encoding = mark?.encoding ?? "utf-8"
      this.offset = mark?.bytes.length ?? 0
      chunk = chunk.subarray(this.offset)
      this.held = new Uint8Array(0)
      this.decoder = strict(this.encoding)
    }
    const decoder = this.decoder
    const text = Result.try(() => decoder.decode(chunk, { stream: !last }))
    const undecoded = joined(this.held, chunk)
    if (Result.isFailure(text)) return Result.fail(this.locate(undecoded, last))
    const length = this.encoding === "utf-8" ? new TextEncoder().encode(text.success).length : text.success.length * 2
    this.offset += length
    this.held = undecoded.slice(length)
    return Result.succeed(text.success)
  }

  /** Finds the first bad character by decoding one byte at a time. Runs once per file at most. */
  private locate(bytes: Uint8Array, last: boolean): BadBytes {
    const decoder = strict(this.encoding)
    let before = ""
    let start = 0
    for (let index = 0; index <= bytes.length; index++) {
      const end = index === bytes.length
      const text = Result.try(() =>
        end
          ? decoder.decode(undefined, { stream: !last })
          : decoder.decode(bytes.subarray(index, index + 1), { stream: true })
      )
      if (Result.isFailure(text)) break
      before += text.success
      if (text.success !== "") start = index + 1
    }
    const byte = `0x${(bytes[start] ?? 0).toString(16).padStart(2, "0").toUpperCase()}`
    const encoding = this.encoding.toUpperCase()
    return { reason: `Byte ${this.offset + start} (${byte}) is not valid ${encoding}. ${save}`, before }
  }
}
