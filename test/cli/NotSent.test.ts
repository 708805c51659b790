import * as NotSent from "@fibercast/cli/NotSent"
import { assert, it } from "@effect/vitest"

const lineOf = (input: string, reason = "too short") =>
  NotSent.csvLine({ row: 7, input, state: "skipped", reason, errorClass: null })

it("a cell of a stranger's is no formula to a spreadsheet; a number in E.164 stays as it is", () => {
  assert.strictEqual(lineOf('=HYPERLINK("http://x")'), `7,"'=HYPERLINK(""http://x"")",skipped,too short,\n`)
  for (const input of ["=1", "+1+1", "-1", "@SUM(A1)", "+62 812"]) {
    assert.strictEqual(lineOf(input), `7,'${input},skipped,too short,\n`)
  }
  assert.strictEqual(lineOf("1", "=cmd"), "7,1,skipped,'=cmd,\n")
  for (const input of ["+6286010001000", "0812", "a=1", ""]) {
    assert.strictEqual(lineOf(input), `7,${input},skipped,too short,\n`)
  }
})
