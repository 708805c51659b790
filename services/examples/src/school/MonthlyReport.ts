/**
 * The pipeline of the reports: a parent is told by WhatsApp that the report of a child is ready.
 *
 * It is at-most-once, for a parent who gets the same message twice trusts neither. Who could not be reached, or may not
 * have been, is told to the admins, who can look at the phone; what a crash leaves in doubt as well, once another node has
 * taken over. All of it is in the campaign's own list too (`fibercast campaign failures`).
 */
import { Recipient } from "@fibercast/domain/Recipient"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import * as Broadcast from "@fibercast/engine/Broadcast"
import * as Pipeline from "@fibercast/engine/Pipeline"
import { Fonnte } from "@fibercast/messengers/Fonnte"
import { TellAdmins } from "./Admins.ts"

/** Filled with the columns of the child's row. */
export const template = `Assalamu'alaikum, Ayah/Bunda dari *{{ name }}* 🙏

Rapor bulanan {{ name }} (kelas {{ class }}) untuk bulan *{{ period }}* sudah bisa dibuka di aplikasi sekolah.

Pesan ini dikirim otomatis; balasan dibaca oleh wali kelas.`

export const MonthlyReport = Pipeline.make("school.monthly-report", {
  payload: Recipient,
  lane: "bulk",
  retry: RetryPolicy.after("60 seconds", { tries: 3 }),
  guarantee: "at-most-once"
}).pipe(
  Broadcast.render,
  Pipeline.send(Fonnte),
  Pipeline.onFailure(({ context, payload, reason, state }) => {
    const { class: className = "", month = "", name = "", phone = "" } = payload?.columns ?? {}
    const what = state === "unknown" ? ("doubt" as const) : ("not sent" as const)
    const notice = { child: name, className, month, phone, what, reason }
    return Pipeline.dispatch(TellAdmins, { workspaceId: context.workspaceId, payload: notice })
  })
)
