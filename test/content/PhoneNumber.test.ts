import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import * as fc from "fast-check"

type Accepted = readonly [
  input: string,
  region: string | undefined,
  e164: string,
  type: PhoneNumber.NumberType,
  country: string | undefined,
  repaired: ReadonlyArray<PhoneNumber.Repair>
]

const indonesian = "+6281234567890"

const plain: ReadonlyArray<Accepted> = [
  ["0812-3456-7890", "ID", indonesian, "mobile", "ID", []],
  ["+62 812 3456 7890", undefined, indonesian, "mobile", "ID", []],
  ["(+62) 812 3456 7890", "GB", indonesian, "mobile", "ID", []],
  ["021 5550123", "ID", "+62215550123", "fixed", "ID", []],
  ["08001234567", "ID", "+628001234567", "toll-free", "ID", []],
  ["07911 123456", "GB", "+447911123456", "mobile", "GG", []],
  ["020 7946 0018", "GB", "+442079460018", "fixed", "GB", []],
  ["347 1234567", "IT", "+393471234567", "mobile", "IT", []],
  ["3912345678", "IT", "+393912345678", "mobile", "IT", []],
  ["02 1234 5678", "IT", "+390212345678", "fixed", "IT", []],
  ["07 07 08 09 10", "CI", "+2250707080910", "mobile", "CI", []],
  ["(201) 555-0123", "US", "+12015550123", "mobile-or-fixed", "US", []],
  ["012-345 6789", "MY", "+60123456789", "mobile", "MY", []],
  ["011-1234 5678", "MY", "+601112345678", "mobile", "MY", []],
  ["9123 4567", "SG", "+6591234567", "mobile", "SG", []],
  ["6123 4567", "SG", "+6561234567", "fixed", "SG", []],
  ["081 234 5678", "TH", "+66812345678", "mobile", "TH", []],
  ["11 91234-5678", "BR", "+5511912345678", "mobile", "BR", []],
  ["(011) 15 2345-6789", "AR", "+5491123456789", "mobile", "AR", []],
  ["011 2345-6789", "AR", "+541123456789", "fixed", "AR", []],
  ["(55) 1234-5678", "MX", "+525512345678", "mobile-or-fixed", "MX", []],
  ["030/12345678", "DE", "+493012345678", "fixed", "DE", []],
  ["8 912 345-67-89", "RU", "+79123456789", "mobile", "RU", []],
  ["+800 12345678", undefined, "+80012345678", "toll-free", undefined, []],
  ["081234567890", "id", indonesian, "mobile", "ID", []]
]

const mended: ReadonlyArray<Accepted> = [
  ["'081234567890", "ID", indonesian, "mobile", "ID", ["apostrophe"]],
  ['="081234567890"', "ID", indonesian, "mobile", "ID", ["quotes"]],
  ["6.28123456789E+12", "ID", indonesian, "mobile", "ID", ["scientific", "missing plus"]],
  ["8,1234567890E+10", "ID", indonesian, "mobile", "ID", ["scientific", "missing trunk zero"]],
  ["81234567890.0", "ID", indonesian, "mobile", "ID", ["decimal point", "missing trunk zero"]],
  ["\u202A+62 812\u20113456\u20117890\u202C", "ID", indonesian, "mobile", "ID", ["invisible marks", "unicode dash"]],
  ["+62\u00A0812\u00A03456\u00A07890", "ID", indonesian, "mobile", "ID", ["unusual spaces"]],
  ["０８１２３４５６７８９０", "ID", indonesian, "mobile", "ID", ["full-width digits"]],
  ["＋６２８１２３４５６７８９０", "GB", indonesian, "mobile", "ID", ["full-width digits"]],
  ["٠٨١٢٣٤٥٦٧٨٩٠", "ID", indonesian, "mobile", "ID", ["other digits"]],
  ["۰۸۱۲۳۴۵۶۷۸۹۰", "ID", indonesian, "mobile", "ID", ["other digits"]],
  ["०८१२३४५६७८९०", "ID", indonesian, "mobile", "ID", ["other digits"]],
  ["tel:+6281234567890", "ID", indonesian, "mobile", "ID", ["link"]],
  ["https://wa.me/6281234567890?text=hi%201", "GB", indonesian, "mobile", "ID", ["link"]],
  ["https://api.whatsapp.com/send?phone=6281234567890&text=x", undefined, indonesian, "mobile", "ID", ["link"]],
  ["whatsapp:+6281234567890", undefined, indonesian, "mobile", "ID", ["link"]],
  ["0062 812 3456 7890", "ID", indonesian, "mobile", "ID", ["international prefix"]],
  ["00162 81234567890", "ID", indonesian, "mobile", "ID", ["international prefix"]],
  ["00762 81234567890", "ID", indonesian, "mobile", "ID", ["international prefix"]],
  ["01762 81234567890", "ID", indonesian, "mobile", "ID", ["international prefix"]],
  ["0062 812 3456 7890", "GB", indonesian, "mobile", "ID", ["international prefix"]],
  ["011 62 812 3456 7890", "US", indonesian, "mobile", "ID", ["international prefix"]],
  ["+0062 812 3456 7890", undefined, indonesian, "mobile", "ID", ["international prefix"]],
  ["+62 (0)812 3456 7890", "ID", indonesian, "mobile", "ID", ["trunk zero"]],
  ["+62 0812 3456 7890", "ID", indonesian, "mobile", "ID", ["trunk zero"]],
  ["62 0812 3456 7890", "ID", indonesian, "mobile", "ID", ["missing plus", "trunk zero"]],
  ["+0812 3456 7890", "ID", indonesian, "mobile", "ID", ["stray plus"]],
  ["6281234567890", "ID", indonesian, "mobile", "ID", ["missing plus"]],
  ["6281234567890", undefined, indonesian, "mobile", "ID", ["missing plus"]],
  ["81234567890", "ID", indonesian, "mobile", "ID", ["missing trunk zero"]],
  ["447911123456", "ID", "+447911123456", "mobile", "GG", ["missing plus"]],
  ["4915123456789", "DE", "+4915123456789", "mobile", "DE", ["missing plus"]],
  ["+521 55 1234 5678", undefined, "+525512345678", "mobile-or-fixed", "MX", ["mx mobile 1"]],
  ["5215512345678", "MX", "+525512345678", "mobile-or-fixed", "MX", ["missing plus", "mx mobile 1"]],
  ["044 55 1234 5678", "MX", "+525512345678", "mobile-or-fixed", "MX", ["mx mobile 1"]]
]

type Refused = readonly [input: string, region: string | undefined, reason: string, message: string]

const refused: ReadonlyArray<Refused> = [
  ["", "ID", "empty", "The phone number is empty"],
  [" \u200B ", "ID", "empty", "The phone number is empty"],
  ["n/a", "ID", "not a number", '"n/a" is not a phone number'],
  ["0812-3456-789O", "ID", "not a number", '"0812-3456-789O" is not a phone number'],
  ["1-800-FLOWERS", "US", "not a number", '"1-800-FLOWERS" is not a phone number'],
  ["081234567890 (WA)", "ID", "not a number", '"081234567890 (WA)" is not a phone number'],
  ["1", "ID", "too short", '"1" has too few digits for ID'],
  ["0821", "ID", "too short", '"0821" has too few digits for ID'],
  ["07080910", "CI", "too short", '"07080910" has too few digits for CI'],
  ["081234567890123456", "ID", "too long", '"081234567890123456" has too many digits for ID'],
  ["+49 2010 0000 0000 0000", "DE", "too long", '"+49 2010 0000 0000 0000" has too many digits for DE'],
  ["+999123456789", "ID", "unknown country code", '"+999123456789" starts with a country code that does not exist'],
  ["081234567", "ID", "not valid for the country", '"081234567" is not valid for ID'],
  ["011-234 5678", "MY", "not valid for the country", '"011-234 5678" is not valid for MY'],
  ["(11) 9123-4567", "BR", "not valid for the country", '"(11) 9123-4567" is not valid for BR'],
  ["+1 876 123 4567", undefined, "not valid for the country", '"+1 876 123 4567" is not valid for JM'],
  ["12345678901", "ID", "not valid for the country", '"12345678901" is not valid for ID'],
  [
    "081234567890 / 081234567891",
    "ID",
    "two numbers in one cell",
    '"081234567890 / 081234567891" holds two numbers: keep one'
  ],
  [
    "081234567890, 081234567891",
    "ID",
    "two numbers in one cell",
    '"081234567890, 081234567891" holds two numbers: keep one'
  ],
  [
    "081234567890 atau 081234567891",
    "ID",
    "two numbers in one cell",
    '"081234567890 atau 081234567891" holds two numbers: keep one'
  ],
  [
    "081234567890 081234567891",
    "ID",
    "two numbers in one cell",
    '"081234567890 081234567891" holds two numbers: keep one'
  ],
  [
    "+6281234567890+6281234567891",
    "ID",
    "two numbers in one cell",
    '"+6281234567890+6281234567891" holds two numbers: keep one'
  ],
  ["021-1234567/8", "ID", "two numbers in one cell", '"021-1234567/8" holds two numbers: keep one'],
  [
    "+44 20 7946 0018 ext 5",
    "GB",
    "has an extension",
    '"+44 20 7946 0018 ext 5" has an extension, which cannot be messaged: remove it'
  ],
  [
    "+442079460018x5",
    "GB",
    "has an extension",
    '"+442079460018x5" has an extension, which cannot be messaged: remove it'
  ],
  [
    "8.12E+11",
    "ID",
    "precision lost by the spreadsheet",
    '"8.12E+11" lost digits in the spreadsheet: format the column as text and enter the number again'
  ],
  [
    "6.28123E+12",
    "ID",
    "precision lost by the spreadsheet",
    '"6.28123E+12" lost digits in the spreadsheet: format the column as text and enter the number again'
  ],
  [
    "081234567890",
    undefined,
    "needs a region",
    '"081234567890" has no country code: write it with + and the country code, or give a default region'
  ],
  [
    "081234567890",
    "XX",
    "needs a region",
    '"081234567890" has no country code: write it with + and the country code, or give a default region'
  ]
]

const regions = ["ID", "MY", "SG", "TH", "US", "GB", "DE", "IT", "CI", "MX", "BR", "AR", "RU", "JP", "IN", undefined]

describe("PhoneNumber", () => {
  for (const [input, region, e164, type, country, repaired] of [...plain, ...mended]) {
    it(`${JSON.stringify(input)} in ${region ?? "no region"} is ${e164}, mended: ${repaired.join(", ") || "nothing"}`, () => {
      assert.deepStrictEqual(Result.getOrThrow(PhoneNumber.parse(input, region)), { e164, type, country, repaired })
    })
  }

  for (const [input, region, reason, message] of refused) {
    it(`${JSON.stringify(input)} in ${region ?? "no region"} is refused: ${reason}`, () => {
      const failure = Result.getOrThrow(Result.flip(PhoneNumber.parse(input, region)))
      assert.strictEqual(failure.reason, reason)
      assert.strictEqual(failure.message, message)
      assert.strictEqual(failure.errorClass, "recipientPermanent")
    })
  }

  it("prose is refused, and only its beginning is kept in the error", () => {
    const failure = Result.getOrThrow(Result.flip(PhoneNumber.parse("0812 ".repeat(1000), "ID")))
    assert.strictEqual(failure.reason, "too long")
    assert.strictEqual(failure.input.length, 120)
  })

  it("an accepted number reads as itself in every region, with nothing mended", () => {
    const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 6, maxLength: 14 })
    const heads = fc.constantFrom(
      "",
      "+",
      "0",
      "00",
      "62",
      "+62",
      "+1",
      "+44",
      "+521",
      "+549",
      "+39",
      "+49",
      "08",
      "+55"
    )
    let accepted = 0
    fc.assert(
      fc.property(
        heads,
        digits,
        fc.constantFrom(...regions),
        fc.constantFrom(...regions),
        (head, tail, region, other) => {
          const first = PhoneNumber.parse(head + tail.join(""), region)
          if (Result.isFailure(first)) return
          accepted++
          assert.match(first.success.e164, /^\+[1-9]\d{5,14}$/)
          assert.deepStrictEqual(
            PhoneNumber.parse(first.success.e164, other),
            Result.succeed({ ...first.success, repaired: [] })
          )
        }
      ),
      { numRuns: 2000 }
    )
    assert.isAbove(accepted, 100)
  })

  it("punctuation between digits changes nothing", () => {
    const gap = fc.constantFrom("", " ", "-", ".", " - ", "\u00A0", "\u2011", "\u200E")
    fc.assert(
      fc.property(fc.array(gap, { minLength: 12, maxLength: 12 }), (gaps) => {
        const written = Array.from("081234567890", (digit, index) => digit + (gaps[index] ?? "")).join("")
        assert.strictEqual(
          Result.getOrThrow(PhoneNumber.parse(written.replace(/[-.\s\u2011]+$/u, ""), "ID")).e164,
          indonesian
        )
      })
    )
  })

  it("no text makes it throw", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 40 }), fc.constantFrom(...regions), (input, region) => {
        assert.isTrue(Result.isResult(PhoneNumber.parse(input, region)))
      }),
      { numRuns: 1000 }
    )
  })

  it("a region is known by its two letters, in any case", () => {
    assert.deepStrictEqual(PhoneNumber.checkRegion("id"), Result.succeed("ID"))
    const failure = Result.getOrThrow(Result.flip(PhoneNumber.checkRegion("XX")))
    assert.strictEqual(failure._tag, "UnknownRegion")
    assert.strictEqual(failure.message, '"XX" is not a region. Write a two-letter country code, like ID, MY or US.')
  })
})
