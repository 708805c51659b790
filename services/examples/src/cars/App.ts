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

/** One run at a time, on one node: a time is skipped while the run before is not over. */
const upkeep = <A, E, R>(
  name: string,
  trigger: Trigger,
  run: (run: TriggerRun) => Effect.Effect<A, E, R>
): Scheduled.Scheduled<R> =>
  Scheduled.run(name, trigger, run, { retry: RetryPolicy.after("5 minutes", { tries: 3 }), timeout: "1 hour" }).pipe(
    Scheduled.withoutOverlapping
  )

/** By the wall clock of the zone. */
export const scheduledIn = (zone: string) => {
  const by = Frequency.timezone(zone)
  return [
    upkeep("sponsored.expire", by(Frequency.dailyAt("00:01")), Upkeep.expireSponsored),
    upkeep("featured.expire", by(Frequency.dailyAt("00:02")), Upkeep.expireFeatured),
    // Days that nobody came to are made up for, by one run that stands for all of them.
    upkeep("analytics.aggregate", by(Frequency.dailyAt("02:00")), Upkeep.aggregate).pipe(
      Scheduled.misfire({ down: { _tag: "Merged" }, overloaded: { _tag: "Merged" }, paused: { _tag: "Merged" } })
    ),
    upkeep("analytics.archive", by(Frequency.monthlyOn(1, "03:00")), Upkeep.archive),
    upkeep("listings.purge", by(Frequency.dailyAt("04:00")), Upkeep.purge),
    upkeep("sitemap.write", by(Frequency.dailyAt("05:00")), Upkeep.writeSitemap),
    upkeep("balances.remind", by(Frequency.weeklyOn("monday", "09:00")), Upkeep.remindLowBalance)
  ]
}

/** Where the business is. */
export const zone = Effect.runSync(Config.String("CARS_ZONE").pipe(Config.withDefault("Asia/Riyadh")))

export default App.make({
  name: "cars",
  pipelines,
  scheduled: scheduledIn(zone),
  layer: Sitemap.layerFile.pipe(
    Layer.provideMerge(
      Layer.mergeAll(SqlListings.layer, Providers.layerSql, Analytics.layerSql, Images.layerFolder, Notices.layerLog)
    )
  )
})
