/**
 * A phone number in the one form that identifies a subscriber: E.164 with its plus (ITU-T E.164).
 *
 * `parse` reads what people, spreadsheets and chats really write, repairs what has one meaning only,
 * says what it repaired, and refuses the rest with a reason. It is idempotent: its own `e164` comes
 * back unchanged, with nothing repaired, for every region. A valid number belongs to a numbering
 * plan; that it rings, or is registered with a messenger, only the provider can tell.
 *
 * Numbering plans are those of libphonenumber ("max" metadata), pinned by the lockfile.
 */
import { type Classified } from "@fibercast/domain/ErrorClass"
import { Result, Schema } from "effect"
import {
  type CountryCode,
  getCountryCallingCode,
  isSupportedCountry,
  parsePhoneNumberFromString,
  parsePhoneNumberWithError,
  type PhoneNumber as Parsed,
  validatePhoneNumberLength
} from "libphonenumber-js/max"
import { mend, type TextRepair } from "./internal/CellText.ts"

/** What was mended between the input and the number. */
export type Repair =
  | TextRepair
  | "missing plus"
  | "stray plus"
  | "international prefix"
  | "trunk zero"
  | "missing trunk zero"
  | "mx mobile 1"

export type NumberType = "mobile" | "fixed" | "mobile-or-fixed" | "voip" | "toll-free" | "other"

export interface PhoneNumber {
  /** `+` and up to 15 digits. */
  readonly e164: string
  /** `mobile-or-fixed` where the plan does not tell them apart (US, MX). SMS to `fixed` is lost. */
  readonly type: NumberType
  /** ISO 3166-1 alpha-2, or undefined for numbers of no country (+800, +882). May be a territory: GG for some of GB. */
  readonly country: string | undefined
  readonly repaired: ReadonlyArray<Repair>
}

const reasons = [
  "empty",
  "not a number",
  "too short",
  "too long",
  "unknown country code",
  "needs a region",
  "not valid for the country",
  "two numbers in one cell",
  "precision lost by the spreadsheet",
  "has an extension"
] as const

const advice: Readonly<Record<(typeof reasons)[number], string>> = {
  empty: "is empty",
  "not a number": "is not a phone number",
  "too short": "has too few digits",
  "too long": "has too many digits",
  "unknown country code": "starts with a country code that does not exist",
  "needs a region": "has no country code: write it with + and the country code, or give a default region",
  "not valid for the country": "is not valid",
  "two numbers in one cell": "holds two numbers: keep one",
  "precision lost by the spreadsheet":
    "lost digits in the spreadsheet: format the column as text and enter the number again",
  "has an extension": "has an extension, which cannot be messaged: remove it"
}

/** The text is not one valid phone number. Nothing was guessed. */
export class InvalidPhoneNumber
  extends Schema.TaggedError<InvalidPhoneNumber>()("InvalidPhoneNumber", {
    /** What was given, cut at 120 characters. */
    input: Schema.String,
    reason: Schema.Literals(reasons),
    /** The country whose numbering plan refused it, when one was known. */
    country: Schema.optionalKey(Schema.String)
  })
  implements Classified
{
  readonly errorClass = "recipientPermanent"

  override get message(): string {
    const where = this.country === undefined ? "" : ` for ${this.country}`
    return this.reason === "empty" ? "The phone number is empty" : `"${this.input}" ${advice[this.reason]}${where}`
  }
}

/** The region is not an ISO 3166-1 alpha-2 code with a numbering plan. */
export class UnknownRegion extends Schema.TaggedError<UnknownRegion>()("UnknownRegion", { region: Schema.String }) {
  override get message(): string {
    return `"${this.region}" is not a region. Write a two-letter country code, like ID, MY or US.`
  }
}

const supported = (region: string): Result.Result<CountryCode, UnknownRegion> => {
  const code = region.trim().toUpperCase()
  return isSupportedCountry(code) ? Result.succeed(code) : Result.fail(new UnknownRegion({ region }))
}

/** The region in its own form (`ID`), for `parse`. Letter case does not count. */
export const checkRegion = (region: string): Result.Result<string, UnknownRegion> => supported(region)

const typeOf = (number: Parsed): NumberType => {
  switch (number.getType()) {
    case "MOBILE":
      return "mobile"
    case "FIXED_LINE":
      return "fixed"
    case "FIXED_LINE_OR_MOBILE":
      return "mobile-or-fixed"
    case "VOIP":
      return "voip"
    case "TOLL_FREE":
      return "toll-free"
    default:
      return "other"
  }
}

interface Reading {
  readonly number: Parsed
  readonly repairs: ReadonlyArray<Repair>
}

/** A plus and 15 digits (ITU-T E.164). Germany's metadata alone would let 17 pass. */
const longest = 16

const valid = (text: string, region: CountryCode | undefined): Parsed | undefined => {
  const number = parsePhoneNumberFromString(
    text,
    region === undefined ? { extract: false } : { extract: false, defaultCountry: region }
  )
  return number?.isValid() === true && number.number.length <= longest ? number : undefined
}

/** Reads digits that start with a country code. */
const international = (digits: string, repairs: ReadonlyArray<Repair>): Reading | undefined => {
  const number = valid(`+${digits}`, undefined)
  if (number !== undefined) {
    const written = number.number === `+${digits}`
    return { number, repairs: written ? repairs : [...repairs, "trunk zero"] }
  }
  // Mexico dropped the 1 between country code and mobile number in 2019; WhatsApp ids still carry it.
  const mexican = /^521(\d{10})$/u.exec(digits)
  const without = mexican === null ? undefined : valid(`+52${mexican[1]}`, undefined)
  return without === undefined ? undefined : { number: without, repairs: [...repairs, "mx mobile 1"] }
}

/**
 * What stands before a country code that was dialled, not written with a plus: 00 (most of the
 * world), 011 (North America), and Indonesia's carriers 001, 007, 008, 009 and 017.
 */
const dialled = (region: CountryCode | undefined): RegExp =>
  region === "ID" ? /^(?:00[1789]?|01017|017)(?=62)|^00(?=[1-9])/u : /^00+(?=[1-9])|^011(?=[1-9]\d{8})/u

/** Only mobiles may have their plus supplied: a mistyped national number must not become a landline abroad. */
const mobile = (reading: Reading | undefined, region: CountryCode | undefined): Reading | undefined => {
  if (reading === undefined) return undefined
  const type = typeOf(reading.number)
  const own = region !== undefined && reading.number.countryCallingCode === getCountryCallingCode(region)
  return type === "mobile" || (own && type === "mobile-or-fixed") ? reading : undefined
}

/** Mexican prefixes for dialling a mobile, gone since 2019. */
const oldMexican = /^(?:0?44|0?45|01|1)(?=\d{10}$)/u

const national = (digits: string, region: CountryCode): Reading | undefined => {
  const number = valid(digits, region)
  if (number === undefined) {
    const stripped = region === "MX" ? digits.replace(oldMexican, "") : digits
    const mexican = stripped === digits ? undefined : valid(stripped, region)
    return mexican === undefined ? undefined : { number: mexican, repairs: ["mx mobile 1"] }
  }
  const e164 = number.number.slice(1)
  if (digits === e164) return { number, repairs: ["missing plus"] }
  if (digits === `${number.countryCallingCode}0${number.nationalNumber}`) {
    return { number, repairs: ["missing plus", "trunk zero"] }
  }
  if (digits.startsWith("0") && digits.endsWith(e164)) return { number, repairs: ["international prefix"] }
  const trunkless = !digits.startsWith("0") && number.formatNational().replaceAll(/\D/gu, "") === `0${digits}`
  return { number, repairs: trunkless ? ["missing trunk zero"] : [] }
}

/** The reading of digits without a plus: national first, unless the text means a country code more plainly. */
const unmarked = (digits: string, region: CountryCode | undefined): Reading | undefined => {
  const here = region === undefined ? undefined : national(digits, region)
  if (here !== undefined && (digits.startsWith("0") || typeOf(here.number) === "mobile")) return here
  const prefix = dialled(region)
  if (prefix.test(digits)) return here ?? international(digits.replace(prefix, ""), ["international prefix"])
  if (digits.startsWith("0")) return here
  // 4915123456789 in DE is a well-formed fixed line, and the mobile +49 1512 3456789 to everyone who reads it.
  const abroad = mobile(international(digits, ["missing plus"]), region)
  if (here === undefined) return digits.length < 10 ? undefined : abroad
  return abroad?.number.countryCallingCode === here.number.countryCallingCode ? abroad : here
}

const read = (digits: string, plus: boolean, region: CountryCode | undefined): Reading | undefined => {
  if (!plus) return unmarked(digits, region)
  const written = international(digits, [])
  if (written !== undefined || !digits.startsWith("0")) return written
  const prefixed = international(digits.replace(/^0+/u, ""), ["international prefix"])
  if (digits.startsWith("00")) return prefixed
  const here = region === undefined ? undefined : national(digits, region)
  return here === undefined ? prefixed : { number: here.number, repairs: ["stray plus", ...here.repairs] }
}

const failure = (
  text: string,
  region: CountryCode | undefined
): Pick<InvalidPhoneNumber, "reason"> & { country?: string } => {
  if (!text.startsWith("+") && region === undefined) return { reason: "needs a region" }
  const options = region === undefined ? {} : { defaultCountry: region }
  const parsed = Result.getOrUndefined(
    Result.try(() => parsePhoneNumberWithError(text, { ...options, extract: false }))
  )
  const owner = parsed?.country ?? (text.startsWith("+") ? undefined : region)
  const where = owner === undefined ? {} : { country: owner }
  switch (validatePhoneNumberLength(text, options)) {
    case "TOO_SHORT":
      return { reason: "too short", ...where }
    case "TOO_LONG":
      return { reason: "too long", ...where }
    case "INVALID_COUNTRY":
      return { reason: "unknown country code" }
    case "NOT_A_NUMBER":
      return { reason: "not a number" }
    default:
      return { reason: (parsed?.number.length ?? 0) > longest ? "too long" : "not valid for the country", ...where }
  }
}

/**
 * Reads one phone number. `region` (ISO 3166-1 alpha-2) is where numbers without a country code
 * belong; check it once with `checkRegion`: an unknown one counts as none.
 *
 * A number without plus is first read as a number of its region. Only when that gives nothing is it
 * read as if the plus was forgotten, and then accepted only for mobiles, so a mistyped national
 * number never becomes somebody's landline abroad.
 */
export const parse = (input: string, region?: string): Result.Result<PhoneNumber, InvalidPhoneNumber> => {
  const shown = input.length > 120 ? `${input.slice(0, 119)}…` : input
  const mended = mend(input)
  if (Result.isFailure(mended)) return Result.fail(new InvalidPhoneNumber({ input: shown, reason: mended.failure }))
  const { text, repaired } = mended.success

  const home = region === undefined ? undefined : Result.getOrUndefined(supported(region))
  const bracketed = /^\s*(?:\+|00)/u.test(text) ? text.replace(/\(\s*0\s*\)/u, "") : text
  const digits = bracketed.replaceAll(/\D/gu, "")
  const plus = mended.success.international || bracketed.trimStart().replace(/^\(/u, "").startsWith("+")
  const reading = read(digits, plus, home)
  if (reading === undefined) {
    return Result.fail(new InvalidPhoneNumber({ input: shown, ...failure(plus ? `+${digits}` : digits, home) }))
  }
  const trunk: ReadonlyArray<Repair> = bracketed === text ? [] : ["trunk zero"]
  return Result.succeed({
    e164: reading.number.number,
    type: typeOf(reading.number),
    country: reading.number.country,
    repaired: [...repaired, ...trunk, ...reading.repairs]
  })
}
