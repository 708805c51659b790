/**
 * As whom Postgres runs. It refuses to run as root: there it runs as the owner of its data, and for new data as
 * `postgres`, else `nobody`.
 */
import { Effect } from "effect"
import * as fs from "node:fs/promises"
import * as Program from "./Program.ts"

/** The overflow user of Linux: without files, without rights, on every machine. */
const overflow = 65_534

export const resolve = Effect.fnUntraced(function* (data: string): Effect.fn.Return<Program.User> {
  if (process.getuid?.() !== 0) return {}
  const owner = yield* Effect.promise(() => fs.stat(data).catch(() => undefined))
  if (owner !== undefined && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid }
  const accounts = yield* Effect.promise(() => fs.readFile("/etc/passwd", "utf8").catch(() => ""))
  for (const name of ["postgres", "nobody"]) {
    // passwd(5): name, password, uid, gid.
    const account = accounts
      .split("\n")
      .find((line) => line.startsWith(`${name}:`))
      ?.split(":")
    const uid = Number(account?.[2])
    const gid = Number(account?.[3])
    if (uid > 0 && gid > 0) return { uid, gid }
  }
  return { uid: overflow, gid: overflow }
})

/** Whether that user can get into a folder, through all the folders above it. */
export const canEnter = (user: Program.User, folder: string): Effect.Effect<boolean> =>
  user.uid === undefined
    ? Effect.succeed(true)
    : Effect.map(Program.run("/bin/sh", ["-c", `cd -- "$1"`, "sh", folder], { user }), ({ code }) => code === 0)
