/**
 * What a case asks of every subject, and in which form its figure is compared.
 */
import { type Effect, type Scope } from "effect"
import { type Kind } from "./Provider.ts"
import { type Answer } from "./Sample.ts"
import { type Servers } from "./Servers.ts"
import { type Opened } from "./Subject.ts"

export interface Ground {
  readonly opened: Opened
  readonly servers: Servers
  readonly isQuick: boolean
  /** Starts a further process that helps to work from `go` on; answers its number. */
  readonly helper: Effect.Effect<{ readonly pid: number; readonly go: Effect.Effect<void> }, never, Scope.Scope>
}

export interface Case {
  readonly name: string
  readonly title: string
  /** Of its figure. */
  readonly unit: "/s" | "ms"
  /** The names of those that can do it. */
  readonly subjects: ReadonlyArray<string>
  /** What is told beside its figure: the titles of columns by their names in the answer's `more`. */
  readonly further: Readonly<Record<string, string>>
  /** Another case that differs in one thing: under this title, the figure of a subject as a multiple of its own there. */
  readonly beside: { readonly case: string; readonly title: string } | null
  /** What the work calls, new for every sample. */
  readonly provider: Kind | null
  /** Whether contributors wait for it. */
  readonly isInQuick: boolean
  /** How often it is measured at most, as it takes long; null: in every round. */
  readonly mostRounds: number | null
  /** In a process of its own before the measured one. */
  readonly fill: ((ground: Ground) => Effect.Effect<void>) | null
  readonly measure: (ground: Ground) => Effect.Effect<Answer, never, Scope.Scope>
  /** What a helper does. */
  readonly help: ((ground: Ground) => Effect.Effect<void, never, Scope.Scope>) | null
}
