/**
 * The settings of a node, read from its flags and its environment. Everything that is wrong with them is told at once,
 * and never the value of a secret.
 *
 * An empty variable is one that is not set. A flag counts before its variable.
 */
import { NodeRole } from "@fibercast/ports/NodeRegistry"
import { Config, Effect, Option, Result, Schema } from "effect"
import * as AlertSettings from "./AlertSettings.ts"
import { filled, type Name, names, type NodeSettings, settings } from "./NodeSettings.ts"
import type * as Setting from "./Setting.ts"

/** What the flags said, by setting. */
export type Given = { readonly [K in Name]?: string | undefined }

/** Also read where the first is not set. */
const olderName: Given = { environment: "FIBERCAST_ENV" }

const worded = (setting: { readonly secret: boolean }, value: string, wrong: string): string => {
  if (setting.secret) return "cannot be read"
  return wrong === "" ? `is "${value.length > 60 ? `${value.slice(0, 60)}…` : value}"` : wrong
}

export interface Read {
  readonly settings: NodeSettings
  /** Each setting that has one is at its default in `settings`. */
  readonly problems: ReadonlyArray<Setting.Problem>
}

interface Found {
  /** Where it was found. */
  readonly name: string
  readonly value: string
}

/** What is set, as it is written. */
const found = Effect.fnUntraced(function* (key: Name, given: Given): Effect.fn.Return<Found | null> {
  const { flag, variable } = settings[key]
  const typed = given[key]?.trim()
  if (typed !== undefined && typed !== "") return { name: `--${flag}`, value: typed }
  for (const name of [variable, olderName[key]]) {
    if (name === undefined) continue
    const text = yield* Config.option(Config.String(name)).pipe(Effect.orElseSucceed(() => Option.none<string>()))
    if (Option.isSome(text) && text.value.trim() !== "") return { name, value: text.value.trim() }
  }
  return null
})

/** Reads all of them, whatever is wrong with some. */
export const read = Effect.fnUntraced(function* (given: Given): Effect.fn.Return<Read> {
  const texts = new Map<Name, Found>()
  for (const key of names) {
    const text = yield* found(key, given)
    if (text !== null) texts.set(key, text)
  }
  const problems = new Map<Name, Setting.Problem>()
  const all = filled(<K extends Name>(key: K): NodeSettings[K] => {
    const setting: Setting.Setting<NodeSettings[K]> = settings[key]
    const text = texts.get(key)
    if (text === undefined) return setting.fallback
    const result = setting.read(text.value)
    if (Result.isSuccess(result)) return result.success
    const wrong = worded(setting, text.value, result.failure)
    problems.set(key, { name: text.name, wrong, expected: setting.expected })
    return setting.fallback
  })
  for (const { key, ...problem } of unfit(all)) if (!problems.has(key)) problems.set(key, problem)
  return { settings: all, problems: [...problems.values()] }
})

const absent = (key: Name, wrong: string) => ({
  key,
  name: settings[key].variable,
  wrong,
  expected: settings[key].expected
})

/** What does not fit together. */
const unfit = (all: NodeSettings) => [
  ...(all.app === null
    ? [{ ...absent("app", "is not set"), expected: "a module whose default export is made by App.make, like ./app.ts" }]
    : []),
  ...(all.databaseUrl === null ? [absent("databaseUrl", "is not set")] : []),
  ...(all.natsUrl === null && all.roles.length < NodeRole.literals.length
    ? [absent("natsUrl", `is not set, but ${all.roles.join()} alone needs others to work with`)]
    : []),
  ...(all.window < all.concurrency
    ? [{ ...absent("window", `is ${all.window}`), expected: `no less than the concurrency, ${all.concurrency}` }]
    : []),
  ...AlertSettings.unfit(all).map(({ key, wrong }) => absent(key, wrong))
]

/** The settings as they are, one a line; of secrets, whether they are set. */
export const lines = (all: NodeSettings): ReadonlyArray<string> => {
  const line = <K extends Name>(key: K): string => {
    const setting: Setting.Setting<NodeSettings[K]> = settings[key]
    return `${setting.variable.padEnd(32)}${setting.show(all[key])}`
  }
  return [...names.map((name) => line(name)), "", AlertSettings.told(all)]
}

const told = ({ expected, name, wrong }: Setting.Problem): string => `  ${name} ${wrong}; expected ${expected}`

/** The node cannot start with these settings. */
export class BadSettings extends Schema.TaggedError<BadSettings>()("BadSettings", {
  problems: Schema.Array(Schema.Struct({ name: Schema.String, wrong: Schema.String, expected: Schema.String }))
}) {
  override get message(): string {
    return `The settings of this node are not right:\n${this.problems.map(told).join("\n")}`
  }
}

/**
 * Seconds from being told to stop until it has stopped, at most: what is under way, the scheduler's hooks, the last
 * writes. Whoever ends a node by force should wait for as long.
 */
export const stopSeconds = (drainSeconds: number): number => Math.ceil(drainSeconds * 1.2) + 20
