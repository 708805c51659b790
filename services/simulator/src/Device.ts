/**
 * A device as Fonnte sees it: it judges requests, counts what it really accepted, and goes wrong by plan.
 *
 * Answers have the shapes of docs.fonnte.com ("API send message", "API device profile"): refusals are
 * HTTP 200 with `status: false`. What it accepted is the truth a sender is checked against, also when
 * its answer was lost. Requests are judged one after another, in order of arrival. Memory: one count per
 * distinct target, and at most `keepTexts` texts. Not simulated: receipts, files, schedules, `data`.
 */
import { type Fault, type Faults, verdict } from "./Faults.ts"

/** What the server does with a request: answer, cut the connection, or stay silent. */
export interface Reply {
  readonly fate: "answer" | "cut" | "silence"
  readonly status: number
  readonly headers?: Readonly<Record<string, string>> | undefined
  readonly body: string
  /** Milliseconds to wait before acting. */
  readonly delay: number
}

export interface DeviceOptions {
  readonly token: string
  /** Keep the texts of the first so many accepted messages, for `messages`. */
  readonly keepTexts: number
}

export type Connection = "connect" | "disconnect"
type Fields = Pick<URLSearchParams, "get">

const page = "<!DOCTYPE html><html><head><title>Error</title></head><body>Something went wrong</body></html>"

const json = (body: object, delay = 0): Reply => ({ fate: "answer", status: 200, body: JSON.stringify(body), delay })

const cut = (delay: number): Reply => ({ fate: "cut", status: 0, body: "", delay })

/**
 * The address as it is counted: the digits of a phone number, a group id as it is. As at Fonnte, a leading
 * 0 becomes `countryCode` (default 62) unless that is 0, and what follows a bar are variables.
 */
export const normalise = (target: string, countryCode: string): string => {
  const address = (target.split("|", 1)[0] ?? "").trim()
  if (address.endsWith("@g.us")) return address
  const digits = address.replace(/\D/g, "")
  return countryCode !== "0" && digits.startsWith("0") ? countryCode + digits.slice(1) : digits
}

const plausible = (target: string): boolean => target.endsWith("@g.us") || /^\d{8,15}$/.test(target)

export class Device {
  /** Accepted messages per target. */
  readonly accepted = new Map<string, number>()
  readonly #options: DeviceOptions
  readonly #texts = new Map<string, Array<string>>()
  #kept = 0
  #connection: Connection = "connect"
  #quota = Infinity
  #plan: Faults = []
  #planRequests = 0
  #planAccepted = 0
  /** Messages accepted in all. */
  total = 0
  /** Requests to send, however they ended. */
  requests = 0

  constructor(options: DeviceOptions) {
    this.#options = options
  }

  messages(target: string): ReadonlyArray<string> {
    return this.#texts.get(target) ?? []
  }

  /** Sets the plan; its counters begin at this moment. */
  script(plan: Faults): void {
    this.#plan = plan
    this.#planRequests = 0
    this.#planAccepted = 0
  }

  set connection(connection: Connection) {
    this.#connection = connection
  }

  set quota(messages: number) {
    this.#quota = messages
  }

  /** Takes these counts over, as accepted before its time. */
  restore(counts: Iterable<readonly [string, number]>): void {
    for (const [target, count] of counts) {
      this.accepted.set(target, (this.accepted.get(target) ?? 0) + count)
      this.total += count
    }
  }

  /** As new: nothing accepted, no faults, connected, quota without end. */
  reset(): void {
    this.accepted.clear()
    this.#texts.clear()
    this.#kept = 0
    this.total = 0
    this.requests = 0
    this.#connection = "connect"
    this.#quota = Infinity
    this.script([])
  }

  /** POST /send. Every message of a request is accepted or none is. */
  send(authorization: string | undefined, fields: Fields): Reply {
    this.requests++
    const countryCode = fields.get("countryCode") ?? "62"
    const targets = (fields.get("target") ?? "").split(",").map((target) => normalise(target, countryCode))
    const subject = { number: ++this.#planRequests, accepted: this.#planAccepted, targets }
    const { delay, fault } = verdict(this.#plan, subject)
    const early = fault && this.#preempt(fault, delay)
    if (early !== undefined && !(fault !== undefined && "accepted" in fault && fault.accepted === true)) return early
    const reason = this.#refusal(authorization, fields, targets, fault)
    if (reason !== undefined) return this.#refuse(reason, delay)
    const ids = targets.map((target) => this.#accept(target, fields.get("message") ?? ""))
    if (fault?.kind === "lostAnswer") return cut(delay)
    return (
      early ??
      json(
        {
          detail: "success! message in queue",
          id: ids,
          process: "pending",
          requestid: this.#requestId(),
          status: true,
          target: targets
        },
        delay
      )
    )
  }

  /** POST /device. */
  profile(authorization: string | undefined): Reply {
    if (authorization !== this.#options.token) return this.#refuse("token invalid", 0)
    return json({
      device: "628123456789",
      device_status: this.#connection,
      expired: "31 December 2099",
      messages: this.total,
      name: "Simulator",
      package: "Reguler",
      quota: String(Number.isFinite(this.#quota) ? this.#quota : 1_000_000),
      status: true
    })
  }

  /** POST /validate: which targets have WhatsApp. Those that `invalidTarget` rules name or hash to have not. */
  validate(authorization: string | undefined, fields: Fields): Reply {
    if (authorization !== this.#options.token) return this.#refuse("token invalid", 0)
    const countryCode = fields.get("countryCode") ?? "62"
    const targets = (fields.get("target") ?? "").split(",").map((target) => normalise(target, countryCode))
    const rules = this.#plan.filter((fault) => fault.kind === "invalidTarget")
    const absent = (target: string) =>
      !plausible(target) || verdict(rules, { number: 0, accepted: 0, targets: [target] }).fault !== undefined
    return json({
      not_registered: targets.filter(absent),
      registered: targets.filter((target) => !absent(target)),
      status: true
    })
  }

  /** What the fault answers instead of a judgement, if it does so. */
  #preempt(fault: Fault, delay: number): Reply | undefined {
    switch (fault.kind) {
      case "status":
        return { fate: "answer", status: fault.status, headers: fault.headers, body: fault.body ?? page, delay }
      case "notJson":
        return { fate: "answer", status: 200, body: fault.body ?? page, delay }
      case "tooMany": {
        const headers = fault.retryAfter === undefined ? undefined : { "retry-after": fault.retryAfter }
        return { fate: "answer", status: 429, headers, body: page, delay }
      }
      case "refuse":
        return cut(delay)
      case "hang":
        return { fate: "silence", status: 0, body: "", delay }
      default:
        return undefined
    }
  }

  #refusal(
    authorization: string | undefined,
    fields: Fields,
    targets: ReadonlyArray<string>,
    fault: Fault | undefined
  ): string | undefined {
    if (authorization !== this.#options.token) return "token invalid"
    if (fault?.kind === "reason") return fault.reason
    if (!fields.get("target") || !(fields.get("message") || fields.get("url"))) return "input invalid"
    if (fault?.kind === "invalidTarget" || !targets.every(plausible)) return "target invalid"
    const disconnected = fault?.kind === "disconnectedDevice" || this.#connection === "disconnect"
    if (disconnected && fields.get("connectOnly") !== "false") return "request invalid on disconnected device"
    if (fault?.kind === "quota" || this.#quota < targets.length) return "insufficient quota"
    return undefined
  }

  #accept(target: string, text: string): string {
    this.accepted.set(target, (this.accepted.get(target) ?? 0) + 1)
    this.total++
    this.#planAccepted++
    this.#quota--
    if (this.#kept < this.#options.keepTexts) {
      this.#kept++
      this.#texts.set(target, [...this.messages(target), text])
    }
    return String(80_367_169 + this.total)
  }

  #requestId(): number {
    return 2_937_123 + this.requests
  }

  #refuse(reason: string, delay: number): Reply {
    return json({ reason, requestid: this.#requestId(), status: false }, delay)
  }
}
