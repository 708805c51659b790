/**
 * Sending the monthly report: one campaign for a class and a month, one message for each child.
 *
 * Sent again, it goes to nobody but those who have joined the class since and were not told elsewhere. A number that
 * cannot be written to is skipped by the campaign, costs no try, and is told to the admins.
 */
import * as PhoneNumber from "@fibercast/content/PhoneNumber"
import { Launcher } from "@fibercast/engine/Launcher"
import * as Pipeline from "@fibercast/engine/Pipeline"
import * as Dispatch from "@fibercast/ports/Dispatch"
import { WorkspaceStore } from "@fibercast/ports/WorkspaceStore"
import { DateTime, Effect, Result } from "effect"
import { type Notice, TellAdmins } from "./Admins.ts"
import { MonthlyReport, template } from "./MonthlyReport.ts"
import { Register, type Round, type Student } from "./Register.ts"

export const zone = "Asia/Jakarta"

/** `2026-01` as parents read it: `Januari 2026`. */
export const periodOf = (month: string): string =>
  DateTime.formatUtc(DateTime.makeUnsafe(`${month}-01`), { locale: "id-ID", month: "long", year: "numeric" })

/** The month before the one that a wall time is in. */
export const monthBefore = (wallTime: string): string =>
  DateTime.formatIsoDateUtc(DateTime.subtract(DateTime.makeUnsafe(`${wallTime.slice(0, 7)}-01`), { months: 1 })).slice(
    0,
    7
  )

export const workspace = Effect.flatMap(WorkspaceStore, (workspaces) =>
  workspaces.ensure({ name: "school", zone, limits: {} })
)

const rowOf =
  ({ month }: Round) =>
  ({ className, name, nis, phone }: Student) => ({ nis, name, phone, class: className, month, period: periodOf(month) })

const badNumber =
  ({ month }: Round) =>
  ({ className, name, phone }: Student): ReadonlyArray<Notice> =>
    Result.match(PhoneNumber.parse(phone, "ID"), {
      onSuccess: () => [],
      onFailure: ({ reason }) => [{ child: name, className, month, phone, what: "bad number", reason }]
    })

/**
 * The campaign that it launched; null: everybody was told before, or there is nobody. It fails, and nobody is told, while
 * notices to the admins are refused.
 */
export const send = Effect.fn("Reports.send")(function* (round: Round) {
  const { className, month } = round
  const { tell } = yield* Register
  const { launch } = yield* Launcher
  const { id: workspaceId } = yield* workspace
  return yield* tell(round, ({ before, children }) =>
    Effect.gen(function* () {
      const late = before === 0 ? "" : ` (after ${before})`
      const notices = { workspaceId, payloads: children.flatMap(badNumber(round)) }
      yield* Dispatch.orFail(yield* Pipeline.dispatchMany(TellAdmins, notices))
      const { campaign } = yield* launch({
        workspaceId,
        name: `report ${month} ${className}${late}`,
        pipeline: MonthlyReport.name,
        template,
        audience: { _tag: "Inline", rows: children.map(rowOf(round)) },
        addressColumn: "phone",
        identityColumn: "nis",
        region: "ID"
      })
      return campaign
    })
  )
})

/** The same for every class. */
export const sendAll = Effect.fn("Reports.sendAll")(function* (month: string) {
  const { classes } = yield* Register
  const launched = yield* Effect.forEach(yield* classes, (className) => send({ month, className }))
  return `${launched.filter((campaign) => campaign !== null).length} of ${launched.length} classes are told of ${month}`
})
