/**
 * A first pipeline: a school tells parents that the monthly report is ready. A number that cannot be written to is
 * skipped with its reason; a device that is offline is tried again twice, a minute apart, and then the admin is told.
 */
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { Effect, Schema } from "effect"

export const MonthlyReport = Pipeline.make("school.monthly-report", {
  payload: Schema.Struct({ student: Schema.String, phone: Schema.String, month: Schema.String }),
  retry: RetryPolicy.after("60 seconds", { tries: 3 }),
  guarantee: "at-most-once"
}).pipe(
  Pipeline.mapEffect(({ month, phone, student }) =>
    Effect.map(Effect.fromResult(PhoneNumber.parse(phone, "ID")), ({ e164 }) => ({
      to: e164,
      text: `The report of ${student} for ${month} is ready.`
    }))
  ),
  Pipeline.send(Fonnte)
)
