/**
 * What is measured: a job queue, or what one would be at best. Each in the fastest mode that its documentation gives.
 */
import { type Effect, type Scope } from "effect"
import { type Tables } from "./Bloat.ts"
import { type Needs, type Servers } from "./Servers.ts"

/** Some 150 bytes as JSON. */
export interface Payload {
  readonly n: number
  readonly text: string
}

export const payloadOf = (n: number): Payload => ({ n, text: "x".repeat(120) })

export interface Job {
  /** Jobs that are worked at once. */
  readonly concurrency: number
  /** How long each takes, besides what the subject itself does; 0: it does nothing. */
  readonly millis: number
  /** What each does besides, and waits for; null: nothing. */
  readonly act: ((payload: Payload) => Effect.Effect<unknown>) | null
  /** Called when the handler begins. */
  readonly begun: (payload: Payload) => void
}

/** Whose jobs they are, workspaces being numbered from 0, and whether they go before others. */
export interface Owner {
  readonly workspace: number
  readonly isUrgent: boolean
}

/** Messages to all whom a file names. */
export interface Campaign {
  /** A CSV file with the columns `name`, `phone` and `city`; numbers are as people in Indonesia write them. */
  readonly path: string
  /** Of the text, in Liquid. */
  readonly template: string
  /** The simulator of Fonnte. */
  readonly url: string
  /** Sends that it allows at once. */
  readonly connections: number
}

/** Triggers, each of which sets off a job at every full second or minute. */
export interface Ticks {
  readonly count: number
  readonly every: "second" | "minute"
  /** Called when the handler begins, with the time that it is for: milliseconds since the epoch. */
  readonly begun: (nominal: number) => void
}

/** A subject on servers of its own. What is left out, it cannot do. */
export interface Opened {
  /** Returns when it is stored. */
  readonly add: (payload: Payload) => Effect.Effect<unknown>
  /** The same with a key that is not there yet; null: it has none. */
  readonly addUnique: ((payload: Payload) => Effect.Effect<unknown>) | null
  /** Returns when all are stored. */
  readonly addAll: (payloads: ReadonlyArray<Payload>) => Effect.Effect<unknown>
  /** The same of one workspace among several. */
  readonly addAllOf?: (owner: Owner, payloads: ReadonlyArray<Payload>) => Effect.Effect<unknown>
  /** Works what is there and what comes until the scope closes; returns once it has begun. */
  readonly work: (job: Job) => Effect.Effect<void, never, Scope.Scope>
  /** Returns when all are sent, and recorded if it records. */
  readonly campaign?: (campaign: Campaign) => Effect.Effect<unknown>
  /** Where jobs are kept. */
  readonly tables?: Tables
  readonly ticks?: {
    /** Returns once all are defined; they fire, and are worked, until the scope closes. */
    readonly work: (ticks: Ticks) => Effect.Effect<void, never, Scope.Scope>
    /** How many jobs were set off for that time, and when the last one was. */
    readonly recorded: (nominal: number) => Effect.Effect<{ readonly count: number; readonly last: number }>
  }
  /** Of a further process: how it helps `work`. */
  readonly help: (job: Job) => Effect.Effect<void, never, Scope.Scope>
  /** Whether everything that was added is done and recorded. */
  readonly isEmpty: Effect.Effect<boolean>
}

export type Open = (servers: Servers) => Effect.Effect<Opened, never, Scope.Scope>

export interface Subject extends Needs {
  readonly title: string
  /** Not a queue: what the work itself costs. */
  readonly isCeiling: boolean
  /** Whether contributors wait for it. */
  readonly isInQuick: boolean
  /** What it promises in the mode that is measured. */
  readonly promises: string
  /** How Node is started for it. */
  readonly flags: ReadonlyArray<string>
  /** Its code, which only those load that measure it. */
  readonly load: Effect.Effect<Open>
}
