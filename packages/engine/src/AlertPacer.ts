/**
 * The pacer decides when people are told of alerts, so that a flood of them is read as one trouble and not as many.
 *
 * - A subject is told at once, and then at most again after `again` milliseconds, with how often it came up since.
 * - In any window of `per` milliseconds there are no more than `most` messages. The last of them is kept for a digest: what
 *   found no room is told there, all together, at the end of the window.
 * - Every alert is counted in exactly one message, or in `Closed.untold`.
 *
 * It holds no more than `kept` subjects. Beyond that, one that was told and did not come up again is forgotten, and told
 * anew if it does; when there is none, alerts of further subjects are counted in the digest without their names.
 */
import { type Alert } from "@fibercast/ports/Alert"
import { type AlertMessage, type AlertPart } from "@fibercast/ports/AlertSink"
import * as AlertText from "@fibercast/ports/AlertText"
import * as SpanText from "@fibercast/domain/SpanText"

export interface Settings {
  readonly again: number
  readonly per: number
  readonly most: number
  readonly kept: number
}

const hour = 3_600_000

export const defaults: Settings = { again: hour, per: hour, most: 20, kept: 1000 }

/** Subjects that a digest names. */
const named = 20

/** A subject that was told, or is to be. */
interface Subject {
  readonly key: string
  /** The first alert that was not told yet; the last that was, when all were. */
  alert: Alert
  toldAt: number
  /** Alerts that were not told yet. */
  untold: number
  /** It is told with the digest. */
  isHeld: boolean
}

export interface Closed {
  /** What could still be told. */
  readonly messages: ReadonlyArray<AlertMessage>
  readonly untold: number
}

export interface Pacer {
  /** What is to be told at once. */
  readonly raise: (alert: Alert, now: number) => ReadonlyArray<AlertMessage>
  /** What is to be told by now. */
  readonly due: (now: number) => ReadonlyArray<AlertMessage>
  /** When `due` has something to say; infinity: only after another alert. */
  readonly next: () => number
  /** The end: nothing is raised any more. */
  readonly close: (now: number) => Closed
}

/** `makeId` gives each message its id. Throws a `RangeError` when there is to be less than one message or one subject. */
export const make = (makeId: () => string, settings: Settings = defaults): Pacer => {
  const { again, kept, most, per } = settings
  if (!(most >= 1 && kept >= 1)) {
    throw new RangeError(`at least one message and one subject, not ${most} and ${kept}`)
  }
  /** Those that are not held in the order in which they were told. */
  const subjects = new Map<string, Subject>()
  /** How many of them have something untold. */
  let waiting = 0
  /** Alerts of subjects for which there was no room. */
  let nameless = 0
  /** When messages that are no digest were told, within the last `per`. */
  const told: Array<number> = []
  let digestAt = Infinity
  let lastDigestAt = -Infinity

  /** It is told now: the latest of all. */
  const tell = (subject: Subject, now: number): AlertMessage => {
    const { alert, toldAt, untold } = subject
    const { remedy, sentence, severity, title } = AlertText.of(alert)
    const since = toldAt === -Infinity ? "" : ` in the last ${SpanText.of(now - toldAt)}`
    subjects.delete(subject.key)
    subjects.set(subject.key, subject)
    subject.toldAt = now
    subject.untold = 0
    subject.isHeld = false
    waiting--
    return {
      id: makeId(),
      at: now,
      severity,
      title,
      sentence: untold === 1 ? sentence : `${untold.toLocaleString("en-US")} times${since}, the first: ${sentence}`,
      remedy,
      count: untold,
      subject: subject.key,
      alert,
      parts: []
    }
  }

  const openDigest = (now: number) => {
    if (digestAt === Infinity) digestAt = Math.max(now, (told[0] ?? -Infinity) + per, lastDigestAt + per)
  }

  /** Tells it, if there is room; else the digest will. */
  const tryTell = (subject: Subject, now: number): ReadonlyArray<AlertMessage> => {
    while (told[0] !== undefined && told[0] <= now - per) told.shift()
    if (told.length < most - 1) {
      told.push(now)
      return [tell(subject, now)]
    }
    subject.isHeld = true
    openDigest(now)
    return []
  }

  const digest = (now: number): ReadonlyArray<AlertMessage> => {
    digestAt = Infinity
    lastDigestAt = now
    const held = [...subjects.values()].filter(({ isHeld }) => isHeld)
    const messages = held.map((subject) => ({ label: AlertText.of(subject.alert).label, message: tell(subject, now) }))
    const others = nameless
    nameless = 0
    const [only] = messages
    if (others === 0 && messages.length <= 1) return only === undefined ? [] : [only.message]
    const parts = messages
      .map(({ label, message: { count, subject } }): AlertPart => ({ subject, label, count }))
      .toSorted((a, b) => b.count - a.count)
    const unnamed = parts.slice(named).reduce((sum, { count }) => sum + count, others)
    const all = [
      ...parts.slice(0, named),
      ...(unnamed === 0 ? [] : [{ subject: null, label: "of other subjects", count: unnamed }])
    ]
    const count = all.reduce((sum, part) => sum + part.count, 0)
    return [
      {
        id: makeId(),
        at: now,
        severity: messages.some(({ message }) => message.severity === "critical") ? "critical" : "warning",
        title: `${count.toLocaleString("en-US")} more alerts`,
        sentence: `and ${count.toLocaleString("en-US")} more: ${all
          .map(({ count, label }) => `${count.toLocaleString("en-US")} ${label}`)
          .join(", ")}`,
        remedy: "fibercast doctor",
        count,
        subject: null,
        alert: null,
        parts: all
      }
    ]
  }

  /** Room for one subject more; false: there is none. */
  const makeRoom = (): boolean => {
    if (subjects.size < kept) return true
    if (waiting === subjects.size) return false
    for (const { key, untold } of subjects.values()) if (untold === 0) return subjects.delete(key)
    return false
  }

  const isSettled = ({ isHeld, untold }: Subject) => isHeld || untold === 0

  return {
    raise: (alert, now) => {
      const key = AlertText.of(alert).subject
      const known = subjects.get(key)
      if (known === undefined && !makeRoom()) {
        nameless++
        openDigest(now)
        return []
      }
      const subject = known ?? { key, alert, toldAt: -Infinity, untold: 0, isHeld: false }
      if (known === undefined) subjects.set(key, subject)
      if (subject.untold++ === 0) {
        subject.alert = alert
        waiting++
      }
      return subject.isHeld || now - subject.toldAt < again ? [] : tryTell(subject, now)
    },
    due: (now) => {
      const messages = digestAt <= now ? [...digest(now)] : []
      for (const subject of subjects.values()) {
        if (isSettled(subject)) continue
        if (now - subject.toldAt < again) break
        messages.push(...tryTell(subject, now))
      }
      return messages
    },
    next: () => {
      const repeated = subjects.values().find((subject) => !isSettled(subject))
      return Math.min(digestAt, repeated === undefined ? Infinity : repeated.toldAt + again)
    },
    close: (now) => {
      for (const subject of subjects.values()) if (subject.untold > 0) subject.isHeld = true
      const untold = [...subjects.values()].reduce((sum, one) => sum + one.untold, nameless)
      return untold > 0 && now - lastDigestAt >= per ? { messages: digest(now), untold: 0 } : { messages: [], untold }
    }
  }
}
