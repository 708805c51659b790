/**
 * Who the server of an embedded Postgres is, for tests that kill it.
 */
import { Effect, FileSystem } from "effect"

/** The pid of the server that takes connections in the folder; 0 while none does. */
export const postmasterPid = (folder: string) =>
  Effect.flatMap(FileSystem.FileSystem, (files) => files.readFileString(`${folder}/postgres/postmaster.pid`)).pipe(
    Effect.map((text) => text.split("\n")),
    Effect.map((lines) => (lines[7]?.trim() === "ready" ? Number(lines[0]) : 0)),
    Effect.orElseSucceed(() => 0)
  )
