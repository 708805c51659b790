/** Why an embedded Postgres could not be had, told so that the reader knows what to do about it. */
import { Predicate, Schema } from "effect"

export class EmbeddedPostgresUnavailable extends Schema.TaggedError<EmbeddedPostgresUnavailable>()(
  "EmbeddedPostgresUnavailable",
  {
    reason: Schema.Literals([
      /** No Postgres for this machine, or none that runs. */
      "NoBinaries",
      /** The folder cannot be created, read or written by this user. */
      "FolderUnwritable",
      /** No space is left for the data folder. */
      "DiskFull",
      /** The data was made by another major version than the binaries at hand. */
      "OtherVersion",
      /** The data is damaged. */
      "Corrupted",
      /** Anything else; the message carries what Postgres said last. */
      "StartFailed"
    ]),
    /** Absolute. */
    folder: Schema.String,
    message: Schema.String
  }
) {}

const elsewhere = "Or set DATABASE_URL to use a Postgres of your own."

/** No candidate could be run; `tried` says where and why not. */
export const noBinaries = (folder: string, tried: ReadonlyArray<string>): EmbeddedPostgresUnavailable =>
  new EmbeddedPostgresUnavailable({
    reason: "NoBinaries",
    folder,
    message: [
      `No Postgres runs on this machine (${process.platform}-${process.arch}). Set DATABASE_URL to use a server, or`,
      "PG_BIN to the folder that holds the programs initdb and postgres (version 14 or later).",
      ...tried.map((place) => `Tried ${place}.`)
    ].join("\n")
  })

export const otherVersion = (folder: string, found: string, available: ReadonlyArray<string>) =>
  new EmbeddedPostgresUnavailable({
    reason: "OtherVersion",
    folder,
    message:
      `The data in ${folder} was made by Postgres ${found}, but this machine has ${available.join(", ")}. Set PG_BIN ` +
      `to the programs of version ${found}, or export the data with that version and start in an empty folder. ${elsewhere}`
  })

export const corrupted = (folder: string, said: string): EmbeddedPostgresUnavailable =>
  new EmbeddedPostgresUnavailable({
    reason: "Corrupted",
    folder,
    message:
      `The data in ${folder} is damaged: ${said}\nRestore it from a backup, or move the folder away to start ` +
      `with an empty database. ${elsewhere}`
  })

/** A file system call on the folder failed. */
export const unusableFolder = (folder: string, cause: unknown): EmbeddedPostgresUnavailable => {
  const said = Predicate.isError(cause) ? cause.message : String(cause)
  return isDiskFull(said) ? diskFull(folder, said) : unwritable(folder, said)
}

export const unwritable = (folder: string, said: string): EmbeddedPostgresUnavailable =>
  new EmbeddedPostgresUnavailable({
    reason: "FolderUnwritable",
    folder,
    message:
      `The folder ${folder} cannot hold the embedded Postgres: ${said}. Give this user write access to it, ` +
      `or name another folder. ${elsewhere}`
  })

/** Reads the reason out of what `initdb` or `postgres` said before it ended. */
export const fromOutput = (folder: string, said: string): EmbeddedPostgresUnavailable => {
  if (isDiskFull(said)) return diskFull(folder, said)
  const damage =
    /pg_control|checkpoint record|PANIC|not a valid data directory|invalid data in file|could not open (file|directory) "(global|base|pg_)/
  if (damage.test(said)) return corrupted(folder, lastLines(said))
  return new EmbeddedPostgresUnavailable({
    reason: "StartFailed",
    folder,
    message: `Postgres did not start in ${folder}. It said:\n${lastLines(said) || "(nothing)"}\n${elsewhere}`
  })
}

const diskFull = (folder: string, said: string): EmbeddedPostgresUnavailable =>
  new EmbeddedPostgresUnavailable({
    reason: "DiskFull",
    folder,
    message:
      `The disk that holds ${folder} is full: ${said.split("\n").find(isDiskFull) ?? said}\nFree some space (an empty ` +
      `database needs about 60 MB) and start again; nothing that was committed is lost.`
  })

const isDiskFull = (said: string): boolean => /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded/i.test(said)

const lastLines = (said: string): string => said.trim().split("\n").slice(-8).join("\n")
