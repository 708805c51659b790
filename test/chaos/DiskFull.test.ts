import { assert, describe, it } from "@effect/vitest"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Console, Effect, FileSystem } from "effect"
import { execFileSync } from "node:child_process"
import * as ChaosCampaign from "../support/ChaosCampaign.ts"
import { tempFolder } from "../support/TempFolder.ts"

const recipients = 3000
const megabytes = 80

const isRoot = process.getuid?.() === 0

/** A file system of its own, for as long as the scope is open. */
const smallDisk = Effect.gen(function* () {
  const place = yield* tempFolder
  yield* Effect.acquireRelease(
    Effect.sync(() =>
      execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m,mode=755`, "fibercast-chaos", place])
    ),
    () => Effect.sync(() => execFileSync("umount", ["--lazy", place]))
  )
  return place
})

/** Takes all the space that is left, and gives it back. */
const filling = Effect.fnUntraced(function* (disk: string) {
  const files = yield* FileSystem.FileSystem
  const file = `${disk}/fill`
  const some = new Uint8Array(64 * 1024)
  const fill = Effect.scoped(
    Effect.gen(function* () {
      const open = yield* files.open(file, { flag: "a" })
      for (;;) yield* open.writeAll(some)
    })
  )
  return { fill: Effect.ignore(fill), free: Effect.orDie(files.remove(file)) }
})

if (!isRoot) process.stderr.write("DiskFull: skipped, only root can mount a small disk\n")

describe(`the disk of the embedded database is full under a campaign of ${recipients}`, () => {
  it.live.runIf(isRoot)("it is told, nothing is lost or sent twice, and it goes on by itself once there is space", () =>
    ChaosCampaign.seeded(
      Effect.gen(function* () {
        const provider = yield* FonnteSimulator
        const disk = yield* smallDisk
        const { fill, free } = yield* filling(disk)
        const options = { recipients, guarantee: "at-most-once", provider, rate: "600/s", concurrency: 50 } as const
        const { args, place } = yield* ChaosCampaign.given({ ...options, folder: disk })
        const running = yield* ChaosCampaign.start(place, args)
        yield* running.until(Effect.map(provider.acceptedTotal, (total) => total > 300))
        yield* fill
        yield* running.until(Effect.sync(() => /the ledger could not .*No space left on device/u.test(running.said())))
        yield* running.until(Effect.sync(() => /running; nothing sent for/u.test(running.said())))
        const full = yield* provider.acceptedTotal
        yield* free
        const ran = yield* running.ran
        const report = yield* ChaosCampaign.reportOf(ran)
        const { completed, open, planned, unknown } = report.counts
        const { size } = yield* provider.accepted
        const total = yield* provider.acceptedTotal
        yield* Console.log(
          `full after ${full} were accepted: ${completed} completed, ${unknown} unknown, ${total - size} twice`
        )
        assert.deepStrictEqual([ran.code, report.campaign.status, report.balanced], [0, "completed", true])
        assert.deepStrictEqual([planned, completed, open], [recipients, recipients, 0])
        assert.deepStrictEqual([size, total], [recipients, recipients])
      })
    ).pipe(Effect.provide(FonnteSimulator.layer()))
  )
})
