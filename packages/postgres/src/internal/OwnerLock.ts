/**
 * One owner at a time for a folder, across processes of one machine.
 *
 * The lock is a file that names its owner's pid and start, so what a dead owner left behind is recognised, also
 * when its pid is in use again. It is created whole or not at all. Of several that find a dead owner's lock,
 * one gets the folder and the others see that one as the owner.
 */
import { Clock, Effect, Option, Schedule, Schema, type Scope } from "effect"
import { randomUUID } from "node:crypto"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import { type EmbeddedPostgresUnavailable, unusableFolder } from "./EmbeddedPostgresUnavailable.ts"
import * as ProcessTable from "./ProcessTable.ts"

/** Another live process runs the Postgres of this folder. */
export class FolderInUse extends Schema.TaggedError<FolderInUse>()("FolderInUse", {
  folder: Schema.String,
  pid: Schema.Int,
  /** When that process took the folder, ISO 8601. */
  since: Schema.String
}) {
  override get message(): string {
    return (
      `Process ${this.pid} works in ${this.folder} since ${this.since}. Look with ` +
      `\`fibercast campaign list --folder ${/^[\w./-]+$/u.test(this.folder) ? this.folder : `'${this.folder}'`}\`. ` +
      "Another folder knows nothing of what was sent here."
    )
  }
}

export class Owner extends Schema.Class<Owner>("Owner")({
  pid: Schema.Int,
  process: Schema.String,
  since: Schema.String,
  /** Tells this hold of the lock from every other. */
  hold: Schema.String
}) {}

const OwnerFile = Schema.fromJsonString(Owner)
const decode = Schema.decodeUnknownOption(OwnerFile)
const encode = Schema.encodeSync(OwnerFile)

const lockFile = (folder: string) => path.join(folder, "postgres.owner")

/** The live process that holds the folder. */
export const holder = Effect.fnUntraced(function* (
  folder: string
): Effect.fn.Return<Option.Option<Owner>, EmbeddedPostgresUnavailable> {
  const owner = Option.flatMap(yield* read(folder, lockFile(folder)), decode)
  return Option.isSome(owner) && (yield* isAlive(owner.value)) ? owner : Option.none()
})

/** Holds the folder until the scope closes. */
export const acquire = Effect.fnUntraced(function* (
  folder: string
): Effect.fn.Return<Owner, EmbeddedPostgresUnavailable | FolderInUse, Scope.Scope> {
  const owner = new Owner({
    pid: process.pid,
    process: (yield* ProcessTable.identity(process.pid)) ?? "",
    since: new Date(yield* Clock.currentTimeMillis).toISOString(),
    hold: randomUUID()
  })
  return yield* Effect.acquireRelease(
    Effect.as(
      Effect.retry(take(folder, owner), {
        while: (error) => error === "again",
        schedule: Schedule.spaced("5 millis").pipe(Schedule.upTo({ times: 200 }))
      }).pipe(
        Effect.mapError((error) =>
          error === "again" ? unusableFolder(folder, new Error("its lock file keeps changing hands")) : error
        )
      ),
      owner
    ),
    () => release(folder, owner)
  )
})

/** One try: holds the lock, finds its live owner, or clears a dead one's lock away and asks to be tried again. */
const take = Effect.fnUntraced(function* (folder: string, owner: Owner) {
  const file = lockFile(folder)
  const mine = `${file}.${owner.hold}`
  yield* touch(folder, () => fs.writeFile(mine, encode(owner), { mode: 0o600 }))
  const linked = yield* touch(folder, () =>
    fs.link(mine, file).then(
      () => true,
      (error: NodeJS.ErrnoException) => (error.code === "EEXIST" ? false : Promise.reject(error))
    )
  ).pipe(Effect.ensuring(discard(mine)))
  if (linked) return

  const found = yield* read(folder, file)
  if (Option.isNone(found)) return yield* Effect.fail("again" as const)
  const other = decode(found.value)
  if (Option.isSome(other) && (yield* isAlive(other.value))) {
    return yield* new FolderInUse({ folder, pid: other.value.pid, since: other.value.since })
  }
  yield* clear(folder, found.value)
  return yield* Effect.fail("again" as const)
})

/** Removes the lock if it still reads `stale`; a lock someone took meanwhile is put back untouched. */
const clear = Effect.fnUntraced(function* (folder: string, stale: string) {
  const aside = `${lockFile(folder)}.${randomUUID()}`
  const moved = yield* Effect.isSuccess(touch(folder, () => fs.rename(lockFile(folder), aside)))
  if (!moved) return
  const content = yield* read(folder, aside)
  if (Option.isSome(content) && content.value !== stale) {
    yield* Effect.ignore(touch(folder, () => fs.link(aside, lockFile(folder))))
  }
  yield* discard(aside)
})

const release = Effect.fnUntraced(function* (folder: string, owner: Owner) {
  const current = yield* Effect.orElseSucceed(read(folder, lockFile(folder)), Option.none<string>)
  if (Option.contains(current, encode(owner))) yield* discard(lockFile(folder))
})

const isAlive = (owner: Owner) =>
  Effect.map(ProcessTable.identity(owner.pid), (identity) => identity !== undefined && identity === owner.process)

const touch = <A>(folder: string, evaluate: () => Promise<A>) =>
  Effect.tryPromise({ try: evaluate, catch: (cause) => unusableFolder(folder, cause) })

const read = (folder: string, file: string) =>
  touch(folder, () =>
    fs
      .readFile(file, "utf8")
      .then(Option.some, (error: NodeJS.ErrnoException) =>
        error.code === "ENOENT" ? Option.none<string>() : Promise.reject(error)
      )
  )

const discard = (file: string) => Effect.promise(() => fs.rm(file, { force: true }).catch(() => {}))
