/**
 * A site of car listings: what it does by the clock of the business, and its background jobs.
 * `CARS_ZONE=Asia/Riyadh fibercast dev --app services/examples/src/cars/App.ts`
 */
import * as Frequency from "@fibercast/domain/Frequency"
import * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type Trigger } from "@fibercast/domain/Trigger"
import type * as Pipeline from "@fibercast/engine/Pipeline"
import * as Scheduled from "@fibercast/engine/Scheduled"
import { type TriggerRun } from "@fibercast/engine/TriggerRun"
import * as App from "@fibercast/node/App"
import { Config, Effect, Layer } from "effect"
import { Analytics } from "./Analytics.ts"
import { Images } from "./Images.ts"
import { LowBalance, Notices, SponsorshipExpired } from "./Notices.ts"
import { ProcessImages } from "./Photos.ts"
import { Providers } from "./Providers.ts"
import { Sitemap } from "./Sitemap.ts"
import * as SqlListings from "./SqlListings.ts"
import * as Upkeep from "./Upkeep.ts"
import { IncrementViews } from "./Views.ts"

export const pipelines = [IncrementViews, ProcessImages, SponsorshipExpired, LowBalance]
export type Needs = Pipeline.RequirementsOf<(typeof pipelines)[number]>

/** By the wall clock of the zone. One run at a time, on one node: a time is skipped while the run before is not over. */
const upkeepIn =
  (zone: string) =>
  <A, E, R>(name: string, frequency: Trigger, run: (run: TriggerRun) => Effect.Effect<A, E, R>) =>
    Scheduled.run(name, Frequency.timezone(zone)(frequency), run, {
      retry: RetryPolicy.after("5 minutes", { tries: 3 }),
      timeout: "1 hour"
    }).pipe(Scheduled.withoutOverlapping, Scheduled.inWorkspace("cars", { zone }))

export const scheduledIn = (zone: string) => {
  const upkeep = upkeepIn(zone)
  return [
    upkeep("sponsored.expire", Frequency.dailyAt("00:01"), Upkeep.expireSponsored),
    upkeep("featured.expire", Frequency.dailyAt("00:02"), Upkeep.expireFeatured),
    // Days that nobody came to are made up for, by one run that stands for all of them.
    upkeep("analytics.aggregate", Frequency.dailyAt("02:00"), Upkeep.aggregate).pipe(
      Scheduled.misfire({ down: { _tag: "Merged" }, overloaded: { _tag: "Merged" }, paused: { _tag: "Merged" } })
    ),
    upkeep("analytics.archive", Frequency.monthlyOn(1, "03:00"), Upkeep.archive),
    upkeep("listings.purge", Frequency.dailyAt("04:00"), Upkeep.purge),
    upkeep("sitemap.write", Frequency.dailyAt("05:00"), Upkeep.writeSitemap),
    upkeep("balances.remind", Frequency.weeklyOn("monday", "09:00"), Upkeep.remindLowBalance)
  ]
}

/** What `/health` of its nodes judges queues by: more than that, and somebody should look. */
const targets = { size: 1000, age: 60_000, failed: 5, growth: 100 }

/** Where the business is. */
export const zone = Effect.runSync(Config.String("CARS_ZONE").pipe(Config.withDefault("Asia/Riyadh")))

export default App.make({
  name: "cars",
  pipelines,
  scheduled: scheduledIn(zone),
  targets,
  layer: Sitemap.layerFile.pipe(
    Layer.provideMerge(
      Layer.mergeAll(SqlListings.layer, Providers.layerSql, Analytics.layerSql, Images.layerFolder, Notices.layerLog)
    )
  )
})
