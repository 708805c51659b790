/**
 * The output of a run is what it logs and what it answers, as text, kept with its occurrence.
 *
 * Kept in clear, as long as the record is, for everybody who may look at the workspace's triggers: what is secret must
 * not be logged or answered. At most 65,536 characters are kept: the beginning, and a note about the rest.
 */
import { Cause, Effect, Logger } from "effect"

export const longest = 65_536

const cut = "\n… more was left out"

/** Text that grows up to the bound. */
class Text {
  #text = ""
  #isCut = false

  add(line: string): void {
    if (this.#isCut || line === "") return
    const grown = this.#text === "" ? line : `${this.#text}\n${line}`
    this.#isCut = grown.length > longest - cut.length
    this.#text = this.#isCut ? grown.slice(0, longest - cut.length) + cut : grown
  }

  get text(): string {
    return this.#text
  }
}

const shown = (value: unknown): string => {
  if (value === undefined || value === null) return ""
  if (typeof value === "string") return value
  if (value instanceof Error) return `${value.name}: ${value.message}`
  if (typeof value === "bigint") return `${value}`
  try {
    return JSON.stringify(value) ?? ""
  } catch {
    return ""
  }
}

const messageOf = (message: unknown): string =>
  (Array.isArray(message) ? message : [message]).map((part: unknown) => shown(part)).join(" ")

/**
 * Runs the Effect; what it logs is kept, and logged as ever. `keep` gets the text once, however
 * the Effect ends.
 */
export const capture = <A, E, R, R2>(
  effect: Effect.Effect<A, E, R>,
  keep: (text: string) => Effect.Effect<void, never, R2>
): Effect.Effect<A, E, R | R2> =>
  Effect.suspend(() => {
    const output = new Text()
    const listener = Logger.make(({ cause, logLevel, message }: Logger.Options<unknown>) => {
      const level = logLevel === "Info" ? "" : `${logLevel.toUpperCase()} `
      output.add(`${level}${messageOf(message)}`)
      if (cause.reasons.length > 0) output.add(Cause.pretty(cause).split("\n")[0] ?? "")
    })
    return effect.pipe(
      Effect.updateService(Logger.CurrentLoggers, (loggers) => new Set([...loggers, listener])),
      Effect.tap((value) => Effect.sync(() => output.add(shown(value)))),
      Effect.ensuring(Effect.suspend(() => (output.text === "" ? Effect.void : keep(output.text))))
    )
  })
