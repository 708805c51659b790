/**
 * The truth and the script over HTTP, under `/_simulator/`, so that a process which starts and kills others
 * can check them from outside. It takes no token: the server listens on this machine alone.
 *
 * - GET `accepted`: `{ requests, total, distinct, duplicateTargets, duplicates: { target: count } }`; of the
 *   targets that were accepted more than once, `duplicates` names the first 10,000
 * - GET `accepted.ndjson`: a line `{"target":…,"count":…}` for each target, streamed
 * - POST `faults`: a plan, as JSON or in its short form; replaces the last one
 * - POST `device`: `{ "status"?: "connect" | "disconnect", "quota"?: messages }`
 * - POST `reset`
 */
import { Result, Schema } from "effect"
import { type Device } from "./Device.ts"
import { parseFaults } from "./Faults.ts"

export const prefix = "/_simulator/"

/** The most duplicates named in one summary. */
const maxDuplicates = 10_000

/** Lines written at once. */
const chunk = 1000

export interface ControlReply {
  readonly status: number
  readonly type: string
  readonly body: string | Iterable<string>
}

const Change = Schema.fromJsonString(
  Schema.Struct({
    status: Schema.optionalKey(Schema.Literals(["connect", "disconnect"])),
    quota: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
  })
)
const decodeChange = Schema.decodeUnknownResult(Change)

const json = (body: object, status = 200): ControlReply => ({
  status,
  type: "application/json",
  body: JSON.stringify(body)
})

const summary = (device: Device) => {
  const duplicates: Record<string, number> = {}
  let duplicateTargets = 0
  for (const [target, count] of device.accepted) {
    if (count > 1 && ++duplicateTargets <= maxDuplicates) duplicates[target] = count
  }
  return {
    requests: device.requests,
    total: device.total,
    distinct: device.accepted.size,
    duplicateTargets,
    duplicates
  }
}

/** One JSON line per target, `chunk` lines to a string. */
export function* lines(accepted: Iterable<readonly [string, number]>): Generator<string> {
  let pending: Array<string> = []
  for (const [target, count] of accepted) {
    pending.push(`${JSON.stringify({ target, count })}\n`)
    if (pending.length === chunk) {
      yield pending.join("")
      pending = []
    }
  }
  yield pending.join("")
}

/** Answers a request for `path`, which begins with the prefix. */
export const control = (device: Device, method: string, path: string, body: string): ControlReply => {
  switch (`${method} ${path.slice(prefix.length)}`) {
    case "GET accepted":
      return json(summary(device))
    case "GET accepted.ndjson":
      return { status: 200, type: "application/x-ndjson", body: lines(device.accepted) }
    case "POST faults":
      return Result.match(parseFaults(body), {
        onFailure: (bad) => json({ error: bad.message }, 400),
        onSuccess: (plan) => {
          device.script(plan)
          return json({ faults: plan })
        }
      })
    case "POST device":
      return Result.match(decodeChange(body), {
        onFailure: (error) => json({ error: error.message }, 400),
        onSuccess: (change) => {
          if (change.status !== undefined) device.connection = change.status
          if (change.quota !== undefined) device.quota = change.quota
          return json({ ...change })
        }
      })
    case "POST reset":
      device.reset()
      return json({})
    default:
      return json({ error: "no such control" }, 404)
  }
}
