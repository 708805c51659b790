/**
 * A weekend of Blazz: ten workspaces in six zones, each with three campaigns on one day, one of them at nine and two in the
 * hours in which clocks are changed. Every contact has a number of its own, that belongs to nobody.
 */
import { type Request } from "./Requests.ts"

export const workspaces = [
  ["Warung Melati", "Asia/Jakarta"],
  ["Toko Cempaka", "Asia/Jakarta"],
  ["Batik Anggrek", "Asia/Jakarta"],
  ["Bäckerei Lindner", "Europe/Berlin"],
  ["Radhaus Mitte", "Europe/Berlin"],
  ["Corner Books", "Europe/London"],
  ["Hudson Coffee", "America/New_York"],
  ["Brooklyn Bikes", "America/New_York"],
  ["Chai Point", "Asia/Kolkata"],
  ["Barossa Cellars", "Australia/Adelaide"]
] as const

export const times = ["01:30", "02:30", "09:00"] as const

/** Whom the workspace at the place writes to in its campaign of that time, each by place; fewer than 10,000. */
export const numbers = (place: number, time: number, contacts: number): ReadonlyArray<string> =>
  Array.from({ length: contacts }, (_, n) => `+62860${10_000_000 + (place * times.length + time) * 10_000 + n}`)

/** What its users ask for on the day, as `2026-10-25`, each for so many contacts. */
export const requests = (day: string, contacts: number): ReadonlyArray<Request> =>
  workspaces.flatMap(([workspace, zone], at) =>
    times.map((time, slot): Request => {
      const rows = numbers(at, slot, contacts).map((phone, n) => ({ phone, name: `C${n}` }))
      const [id, name, wall] = [`${workspace} ${day} ${time}`, `News of ${time}`, `${day} ${time}`]
      return { id, workspace, zone, name, text: "Hi {{ name }}, news from us.", at: wall, contacts: rows }
    })
  )
