/**
 * What is shown of several nodes on one machine: what runs and what to try, how each node stands, and how it ended.
 * Each node has a colour of its own.
 */
import { paths } from "@fibercast/node/HealthServer"
import { type KnownNode } from "@fibercast/ports/NodeRegistry"
import * as Figures from "./Figures.ts"
import { type Ink } from "./Ink.ts"
import * as NodeList from "./NodeList.ts"
import { type Ended } from "./NodeProcess.ts"
import * as Table from "./Table.ts"

export interface Member {
  readonly name: string
  readonly pid: number
  /** As it last said; null: it has said nothing yet. */
  readonly known: KnownNode | null
  readonly ended: Ended | null
}

export interface Started {
  readonly app: string
  /** Where it is. */
  readonly file: string
  readonly folder: string
  readonly nats: string
  readonly members: ReadonlyArray<Member>
  /** DATABASE_URL is set, and is not looked at here. */
  readonly isAddressSet: boolean
  readonly command: (words: string) => string
}

const colours = ["cyan", "magenta", "green", "blue", "yellow"] as const

/** Its name in its colour, as wide as the widest. */
export const nameOf = (at: number, name: string, ink: Ink): string => ink[colours[at % colours.length] ?? "cyan"](name)

const healthOf = ({ ended, known }: Member): string =>
  ended === null && known?.address ? `${known.address}${paths.ready}` : "–"

const columns: ReadonlyArray<Table.Column & { readonly of: (member: Member, now: number) => string }> = [
  { title: "node", align: "left", of: ({ name }) => name },
  { title: "pid", align: "right", of: ({ ended, pid }) => (ended === null ? String(pid) : "–") },
  { title: "roles", align: "left", of: ({ known }) => known?.roles.join(",") ?? "–" },
  { title: "state", align: "left", of: (member, now) => stateOf(member, now) },
  {
    title: "workspaces",
    align: "right",
    of: ({ ended, known }) => (ended === null && known !== null ? Figures.amount(known.workspaces) : "–")
  },
  {
    title: "sending",
    align: "right",
    of: ({ ended, known }) => (ended === null && known !== null ? Figures.amount(known.sending) : "–")
  },
  { title: "health", align: "left", of: healthOf }
]

const stateOf = ({ ended, known }: Member, now: number): string => {
  if (ended === null) return known === null ? "starting" : NodeList.standing(known, now)
  return ended.signal === null ? `ended (${ended.code})` : "killed"
}

/** How the nodes stand, in a table. */
export const board = (members: ReadonlyArray<Member>, now: number, ink: Ink): ReadonlyArray<string> => {
  const [titles = "", ...rows] = Table.format(
    columns,
    members.map((member) => columns.map(({ of }) => of(member, now)))
  )
  return [
    ink.dim(titles),
    ...rows.map((row, at) => {
      const { ended, name } = members[at] ?? { ended: null, name: "" }
      if (ended !== null) return ended.code === 0 ? ink.dim(row) : ink.red(row)
      return `${nameOf(at, name, ink)}${row.slice(name.length)}`
    })
  ]
}

const tried = (words: string, what: string, wide: number, ink: Ink): string =>
  `  ${words.padEnd(wide)}  ${ink.dim(`# ${what}`)}`

export const lines = (started: Started, now: number, ink: Ink): ReadonlyArray<string> => {
  const { app, command, file, folder, isAddressSet, members, nats } = started
  const facts: ReadonlyArray<readonly [string, string]> = [
    ["app", `${app} (${Table.visible(file)})`],
    ["database", Table.visible(folder)],
    ["nats", nats]
  ]
  const [first, second] = members
  const next: ReadonlyArray<readonly [string, string]> = [
    [command("nodes list"), "how they stand"],
    ...(first === undefined
      ? []
      : [[`kill -9 ${first.pid}`, `${first.name} dies; others go on with its work`] as const]),
    ...(second === undefined
      ? []
      : [[command(`nodes drain ${second.name}`), `${second.name} ends in good order`] as const])
  ]
  const wide = Math.max(...next.map(([words]) => words.length))
  return [
    "",
    ink.bold(`Fibercast is up, on ${Figures.counted(members.length, "node")}`),
    "",
    ...facts.map(([name, value]) => `  ${ink.dim(name.padEnd(10))}${value}`),
    "",
    ...board(members, now, ink).map((line) => `  ${line}`),
    "",
    ink.bold("Try next, in a second terminal"),
    ...next.map(([words, what]) => tried(words, what, wide, ink)),
    ...(isAddressSet ? [ink.yellow("DATABASE_URL is set: take it out there, or they look at that database.")] : []),
    "",
    ink.dim("Ctrl-C drains all nodes, then ends NATS and Postgres; a second one ends everything at once."),
    ""
  ]
}

/** How a node ended. */
export const ending = (at: number, { name, pid }: Member, ended: Ended, left: number, ink: Ink): string => {
  const who = `${nameOf(at, name, ink)}  `
  if (ended.code === 0) return `${who}${ink.bold("has ended in good order.")} It is not started again.`
  const how = ended.signal === null ? `has ended with exit code ${ended.code}` : `was killed by ${ended.signal}`
  const others = left === 0 ? "No node is left." : "The others take over what it had. It is not started again."
  return `${who}${ink.red(`${how} (pid ${pid}).`)} ${others}`
}

/** Those that are left have as many workspaces as there were, so long after one of them ended. */
export const taken = (workspaces: number, millis: number, ink: Ink): string =>
  ink.bold(
    `The others have ${Figures.counted(workspaces, "workspace")} now, as many as there were before; that took ${Figures.brief(millis)}.`
  )
