/**
 * Cell text is what a spreadsheet, a chat or a keyboard leaves in a phone column. `mend` takes the
 * wrapping off and says what it took; it never invents or drops a digit of the number itself.
 */
import { Result } from "effect"

/** What was mended in the text. */
export type TextRepair =
  | "invisible marks"
  | "unusual spaces"
  | "full-width digits"
  | "other digits"
  | "unicode dash"
  | "apostrophe"
  | "quotes"
  | "link"
  | "scientific"
  | "decimal point"

/** Why the text cannot be one number. */
export type TextFlaw =
  | "empty"
  | "not a number"
  | "too long"
  | "precision lost by the spreadsheet"
  | "has an extension"
  | "two numbers in one cell"

export interface Mended {
  /** Digits, a leading plus, and the punctuation people put between them. */
  readonly text: string
  /** The text was a link that always carries a full international number, with or without its plus. */
  readonly international: boolean
  readonly repaired: ReadonlyArray<TextRepair>
}

/** More than any written number needs; what is longer is prose. */
const longest = 120

/** Zero-width and direction marks, soft hyphen, byte order mark. Chats wrap copied numbers in them. */
const invisible = /[\u00AD\u061C\u180E\u200B-\u200F\u202A-\u202E\u2060-\u206F\uFEFF]/gu
const oddSpace = /[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/gu
const oddDash = /[\u00AF\u02D7\u2010-\u2015\u2043\u2212\u30FC\uFE58\uFE63\uFF0D]/gu
const fullWidth = /[\uFF08-\uFF0F\uFF10-\uFF19]/gu

/** Code points of the zero of each script whose digits phones and spreadsheets produce. */
const zeros = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0e50, 0x0ed0,
  0x0f20, 0x1040, 0x17e0, 0x1810, 0x1b50, 0xa9d0
]

const latinDigit = (digit: string): string => {
  const code = digit.codePointAt(0) ?? 0
  const zero = zeros.find((zero) => code >= zero && code <= zero + 9)
  return zero === undefined ? digit : String(code - zero)
}

/** Links whose number is always in full international form. */
const chatLink = /^(?:https?:\/\/)?(?:wa\.me\/|api\.whatsapp\.com\/send\/?\?phone=)/iu
const label = /^(?:tel|sms|whatsapp|wa|phone)\s*:\s*(?:\/\/)?/iu

const scientific = /^(\+?\d)(?:[.,](\d+))?e\+?(\d{1,2})$/iu
const decimal = /^(\+?\d{6,})[.,]0{1,2}$/u
const extension = /(?:;ext=|\b(?:extension|ext|ekst|ekstensi|x|pes|pesawat)\b\.?:?|#)\s*\d{1,7}$/iu
const gluedExtension = /\d\s*x\s*\d{1,7}$/iu
const between = /\s*(?:[,;|&\n\r]|\/\/|\s(?:or|and|atau|dan|y|e|und|oder)\s)\s*/iu

const digitCount = (text: string): number => text.replaceAll(/\D/gu, "").length

/**
 * Two numbers: both sides of a separator could be one; or a second plus; or more digits than E.164
 * allows (15, ITU-T E.164) in spaced groups that could each be one; or the short form "555 1234/5".
 */
const isTwo = (text: string): boolean => {
  const parts = text.split(between).filter((part) => digitCount(part) >= 7)
  if (parts.length > 1) return true
  if (/\d.*\+\s*\d/u.test(text)) return true
  const slash = text.indexOf("/")
  if (slash > 0 && digitCount(text.slice(0, slash)) >= 7 && digitCount(text.slice(slash)) > 0) return true
  const groups = text.split(/\s+/u).filter((group) => digitCount(group) >= 8)
  return digitCount(text) > 15 && groups.length > 1
}

/**
 * A number in exponent form, written out. Spreadsheets show at most 6 of its digits this way and
 * lose the rest; programs drop trailing zeros only, so at most two digits may be filled with zeros.
 */
const expand = (parts: RegExpExecArray): Result.Result<string, TextFlaw> => {
  const digits = `${parts[1] ?? ""}${parts[2] ?? ""}`
  const missing = Number(parts[3]) - (parts[2] ?? "").length
  if (missing < 0) return Result.fail("not a number")
  return missing > 2 || digits.length < 9
    ? Result.fail("precision lost by the spreadsheet")
    : Result.succeed(digits + "0".repeat(missing))
}

export const mend = (input: string): Result.Result<Mended, TextFlaw> => {
  if (input.length > longest) return Result.fail("too long")
  const repaired: Array<TextRepair> = []
  let text = input
  const replace = (repair: TextRepair, pattern: RegExp, by: string | ((found: string) => string)): void => {
    const next = typeof by === "string" ? text.replace(pattern, by) : text.replace(pattern, by)
    if (next !== text) repaired.push(repair)
    text = next
  }

  if (/[^\x20-\x7E]/u.test(text)) {
    replace("invisible marks", invisible, "")
    replace("unusual spaces", oddSpace, " ")
    replace("unicode dash", oddDash, "-")
    replace("full-width digits", fullWidth, (found) => String.fromCharCode(found.charCodeAt(0) - 0xfee0))
    replace("other digits", /\p{Nd}/gu, latinDigit)
  }
  text = text.trim()
  replace("quotes", /^=?"(.*)"$/u, "$1")
  replace("apostrophe", /^['\u2018\u2019`]\s*|\s*['\u2018\u2019`]$/gu, "")
  const international = chatLink.test(text)
  replace("link", chatLink, "")
  if (international) text = text.replace(/[?&#/].*$/u, "")
  replace("link", label, "")
  text = text.trim()

  if (text === "") return Result.fail("empty")
  const exponent = scientific.exec(text)
  if (exponent !== null) {
    const written = expand(exponent)
    if (Result.isFailure(written)) return Result.fail(written.failure)
    text = written.success
    repaired.push("scientific")
  }
  replace("decimal point", decimal, "$1")
  if (!/\d/u.test(text)) return Result.fail("not a number")
  if (isTwo(text)) return Result.fail("two numbers in one cell")
  if (extension.test(text) || gluedExtension.test(text)) return Result.fail("has an extension")
  if (!/^[\d+\-\s()./~]+$/u.test(text) || text.lastIndexOf("+") > text.search(/\d/u)) {
    return Result.fail("not a number")
  }
  return Result.succeed({ text, international, repaired })
}
