/**
 * What a developer reads when a node has started: what runs, where its health is told, and what to try next.
 */
import { paths } from "@fibercast/node/HealthServer"
import * as Figures from "./Figures.ts"
import { quoted } from "./Hint.ts"
import { type Ink } from "./Ink.ts"
import * as Table from "./Table.ts"

export interface Started {
  readonly app: string
  /** As it was typed; null: no app was given. */
  readonly file: string | null
  /** Where an app is to look at. */
  readonly example: string
  readonly roles: ReadonlyArray<string>
  readonly environment: string
  /** Their names. */
  readonly triggers: ReadonlyArray<string>
  readonly place: string
  readonly address: string
  readonly command: (words: string) => string
}

export const lines = (started: Started, ink: Ink): ReadonlyArray<string> => {
  const { address, app, command, environment, example, file, place, roles, triggers } = started
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["app", file === null ? "none" : `${app} (${Table.visible(file)})`],
    ["runs", `${roles.join(", ")} and the scheduler, in ${Table.visible(environment)}`],
    ["triggers", triggers.length === 0 ? "none" : `${Figures.amount(triggers.length)}: ${someOf(triggers)}`],
    ["database", Table.visible(place)],
    ["health", `${address}${paths.ready}`]
  ]
  const next =
    file === null
      ? []
      : [
          command("schedule list"),
          ...triggers.slice(0, 1).map((name) => command(`schedule test ${quoted(name)}`)),
          command("nodes list")
        ]
  return [
    ink.bold("Fibercast is up"),
    "",
    ...facts.map(([name, value]) => `  ${ink.dim(name.padEnd(10))}${value}`),
    "",
    ...(file === null
      ? [
          ink.yellow("There is no app yet."),
          `An app is a module that exports its triggers and pipelines. ${example} is one:`,
          "copy it, or run it as it is:",
          `  ${command(`dev --app ${quoted(example)}`)}`
        ]
      : [ink.bold("Try next, in a second terminal"), ...next.map((words) => `  ${words}`)]),
    "",
    ink.dim("Ctrl-C drains it: what is under way may end, the rest is given back."),
    ""
  ]
}

const named = 5

const someOf = (names: ReadonlyArray<string>): string =>
  names
    .slice(0, named)
    .map((name) => Table.shownIn(name, 24))
    .join(", ") + (names.length > named ? ", …" : "")
