/**
 * CampaignStores that keep every guarantee but one.
 */
import { type Campaign, type CampaignId } from "@fibercast/domain/Campaign"
import { none } from "@fibercast/domain/Counts"
import { type WorkspaceId } from "@fibercast/domain/Workspace"
import { type Consequences } from "@fibercast/ports/BatchStore"
import { type CampaignStore, type Page } from "@fibercast/ports/CampaignStore"
import { type Context, Effect } from "effect"
import { type BrokenTwin, brokenCampaignStore, brokenLedger } from "./BrokenTwin.ts"

/** A store that completes when it must not. */
const completing = (
  transition: Context.Service.Shape<typeof CampaignStore>["transition"],
  isReady: (campaign: Campaign) => boolean
): Partial<Context.Service.Shape<typeof CampaignStore>> => ({
  transition: (options) =>
    Effect.map(transition(options), (campaign) =>
      options.to === "completed" && isReady(campaign) ? { ...campaign, status: "completed" } : campaign
    )
})

/** A store that is asked for other consequences. */
const following = (does: string, breaks: string, change: (asked: Consequences) => Consequences): BrokenTwin =>
  brokenCampaignStore(does, breaks, (campaigns) => ({
    create: ({ consequences, ...wanted }) =>
      campaigns.create(consequences === undefined ? wanted : { ...wanted, consequences: change(consequences) })
  }))

const isFollowed =
  "when a campaign has completed, what is to be done then and finally is dispatched, once, and not before"
const isCaught =
  "what a campaign catches is dispatched at its first failure, once, while it runs, whatever kind of failure it is"
const isCancelled =
  "of a campaign that is cancelled only what is to be done finally is dispatched, once nothing of it is open"
const isLimited =
  "at most so many campaigns are followed a call, of one workspace, by id, with what they were launched with first"
const isDelayed = "a job that follows waits as long as it says, counted from then"

export const brokenCampaignStores: ReadonlyArray<BrokenTwin> = [
  brokenCampaignStore(
    "creates a campaign for every launch",
    "launching the same key again finds the campaign as it stands",
    (campaigns) => {
      let launches = 0
      return {
        create: (wanted) => {
          launches += 1
          return campaigns.create({ ...wanted, key: `${wanted.key} ${launches}` })
        }
      }
    }
  ),
  brokenCampaignStore(
    "takes a changed template for the same campaign",
    "a key that is taken by another template is refused, and the answer names the difference",
    (campaigns) => ({
      create: (wanted) => campaigns.create({ ...wanted, spec: { ...wanted.spec, template: "" }, templateHash: "" })
    })
  ),
  brokenCampaignStore(
    "does not look at the audience's content",
    "a key that is taken by another audience is refused, also when only its content changed",
    (campaigns) => ({ create: (wanted) => campaigns.create({ ...wanted, audienceHash: "" }) })
  ),
  brokenCampaignStore(
    "compares the due time of immediate launches",
    "launched without a wall time, it is the same campaign whatever the instant",
    (campaigns) => ({
      create: (wanted) =>
        campaigns.create({ ...wanted, spec: { ...wanted.spec, name: `${wanted.spec.name} ${wanted.spec.dueAt}` } })
    })
  ),
  brokenCampaignStore(
    "does not see that a field is gone",
    "a field that only one of them has differs, whichever that is",
    (campaigns) => {
      let identityColumn: string | undefined
      return {
        create: (wanted) => {
          identityColumn ??= wanted.spec.identityColumn
          return campaigns.create({
            ...wanted,
            spec: { ...wanted.spec, ...(identityColumn === undefined ? {} : { identityColumn }) }
          })
        }
      }
    }
  ),
  brokenCampaignStore(
    "finds campaigns of any workspace",
    "a campaign is not found from another workspace, nor one that does not exist",
    (campaigns) => {
      const owners = new Map<CampaignId, WorkspaceId>()
      return {
        create: (wanted) =>
          Effect.tap(campaigns.create(wanted), ({ campaign }) =>
            Effect.sync(() => owners.set(campaign.id, campaign.workspaceId))
          ),
        get: (workspaceId, campaignId) => campaigns.get(owners.get(campaignId) ?? workspaceId, campaignId)
      }
    }
  ),
  brokenCampaignStore(
    "lists the oldest first",
    "campaigns are listed newest first, at most as many as asked for, of one workspace",
    (campaigns) => ({ list: (options) => Effect.map(campaigns.list(options), (list) => list.toReversed()) })
  ),
  brokenCampaignStore(
    "forgets the open work of cancelled campaigns",
    "active campaigns are those not over, by id, and cancelled ones with open work",
    (campaigns) => ({
      active: (workspaceId) =>
        Effect.map(campaigns.active(workspaceId), (active) => active.filter(({ status }) => status !== "cancelled"))
    })
  ),
  brokenCampaignStore("counts only what is open", "a page moves counts and cursor together", (campaigns) => ({
    get: (workspaceId, campaignId) =>
      Effect.map(campaigns.get(workspaceId, campaignId), (campaign) => ({ ...campaign, counts: none }))
  })),
  brokenCampaignStore(
    "delivers to an address as often as it is listed",
    "an address that repeats within a page is skipped, and its record names the first row",
    (campaigns) => ({
      append: (page) =>
        campaigns.append({
          ...page,
          recipients: page.recipients.map((recipient) => ({
            ...recipient,
            address: `${recipient.address} ${recipient.row}`
          }))
        })
    })
  ),
  brokenCampaignStore(
    "tells recipients apart by their address alone",
    "recipients with identities of their own are told apart by those, whatever their address",
    (campaigns) => ({
      append: (page) =>
        campaigns.append({
          ...page,
          recipients: page.recipients.map(({ address, payload, row }) => ({ address, payload, row }))
        })
    })
  ),
  brokenCampaignStore(
    "forgets the addresses of earlier pages",
    "an address that repeats on a later page is skipped, also once its delivery has ended",
    (campaigns) => ({
      append: (page) =>
        campaigns.append({
          ...page,
          recipients: page.recipients.map((recipient) => ({
            ...recipient,
            address: `${recipient.address} ${page.from}`
          }))
        })
    })
  ),
  brokenCampaignStore("applies a page again", "a page that was appended before changes nothing", (campaigns) => {
    const read = new Map<CampaignId, number>()
    return {
      append: (page) => {
        const from = read.get(page.campaignId) ?? 0
        const to = from + page.to - page.from
        read.set(page.campaignId, to)
        return campaigns.append({ ...page, from, to } satisfies Page)
      }
    }
  }),
  brokenCampaignStore(
    "adds to what is cancelled",
    "a page of a campaign that is cancelled changes nothing: nobody is added to what is over",
    (campaigns) => {
      const cancelled = new Map<CampaignId, WorkspaceId>()
      return {
        transition: (options) =>
          Effect.tap(campaigns.transition(options), ({ id, status, workspaceId }) =>
            Effect.sync(() => status === "cancelled" && cancelled.set(id, workspaceId))
          ),
        append: (page) => {
          const { campaignId, now } = page
          const workspaceId = cancelled.get(campaignId)
          if (workspaceId === undefined) return campaigns.append(page)
          const move = { workspaceId, campaignId, note: null, now } as const
          return campaigns
            .transition({ ...move, from: ["cancelled"], to: "paused" })
            .pipe(
              Effect.andThen(campaigns.append(page)),
              Effect.tap(campaigns.transition({ ...move, from: ["paused"], to: "cancelled" }))
            )
        }
      }
    }
  ),
  brokenCampaignStore(
    "drops bad rows",
    "bad rows are counted as skipped and recorded with row, input and reason",
    (campaigns) => ({ append: (page) => campaigns.append({ ...page, skipped: [] }) })
  ),
  brokenCampaignStore(
    "never ends its reading",
    "reading goes on where the last page ended, and ends with the last page",
    (campaigns) => ({ append: (page) => campaigns.append({ ...page, last: false }) })
  ),
  brokenCampaignStore(
    "changes any status",
    "from any other status the campaign is answered as it stands",
    (campaigns) => ({
      transition: (options) =>
        campaigns.transition({ ...options, from: ["scheduled", "running", "paused", "completed", "cancelled"] })
    })
  ),
  brokenCampaignStore(
    "lets a pause go unnoticed",
    "starting bumps no epoch; pausing, resuming and cancelling each do",
    (campaigns) => ({
      transition: (options) => Effect.map(campaigns.transition(options), (campaign) => ({ ...campaign, epoch: 0 }))
    })
  ),
  brokenCampaignStore("starts anew at each resume", "the first start is kept when it is resumed", (campaigns) => ({
    transition: (options) =>
      Effect.map(campaigns.transition(options), (campaign) =>
        options.to === "running" ? { ...campaign, startedAt: options.now } : campaign
      )
  })),
  brokenCampaignStore(
    "keeps the note of a pause that is over",
    "a pause keeps why, and a resume drops it",
    (campaigns) => ({
      transition: (options) =>
        Effect.map(campaigns.transition(options), (campaign) => ({ ...campaign, note: campaign.note ?? "wait" }))
    })
  ),
  brokenCampaignStore(
    "completes a campaign with open work",
    "a campaign is not completed while anything is open, and is once it is settled",
    (campaigns) => completing(campaigns.transition, ({ expanded }) => expanded)
  ),
  brokenCampaignStore(
    "completes a campaign that is still being read",
    "a campaign is not completed while its audience is unread",
    (campaigns) => completing(campaigns.transition, ({ counts }) => counts.open === 0)
  ),
  brokenCampaignStore(
    "changes campaigns of other workspaces",
    "a campaign of another workspace is not found, and stays as it is",
    (campaigns) => {
      const owners = new Map<CampaignId, WorkspaceId>()
      return {
        create: (wanted) =>
          Effect.tap(campaigns.create(wanted), ({ campaign }) =>
            Effect.sync(() => owners.set(campaign.id, campaign.workspaceId))
          ),
        transition: (options) =>
          campaigns.transition({ ...options, workspaceId: owners.get(options.campaignId) ?? options.workspaceId })
      }
    }
  ),
  brokenLedger(
    "loses skipped records",
    "bad rows are counted as skipped and recorded with row, input and reason",
    () => ({ done: () => Effect.succeed([]) })
  ),
  brokenCampaignStore("lets nothing follow a campaign", isFollowed, () => ({ advance: () => Effect.succeed([]) })),
  following("takes what is to be done then for what is to be caught", isFollowed, ({ then, finally: last }) => ({
    then: null,
    catch: then,
    finally: last
  })),
  following("catches nothing", isCaught, (asked) => ({ ...asked, catch: null })),
  following("does finally what it should only do then", isCancelled, (asked) => ({ ...asked, finally: asked.then })),
  brokenCampaignStore("follows more campaigns than asked for", isLimited, (campaigns) => ({
    advance: (options) => campaigns.advance({ ...options, limit: 1000 })
  })),
  brokenCampaignStore("counts delays from the epoch", isDelayed, (campaigns) => ({
    advance: (options) => campaigns.advance({ ...options, now: 0 })
  })),
  brokenCampaignStore("does not see what is to follow a campaign that is over", isFollowed, (campaigns) => {
    const over = new Set<WorkspaceId>()
    return {
      transition: (options) =>
        Effect.tap(campaigns.transition(options), ({ status, workspaceId }) =>
          Effect.sync(() => status === "completed" && over.add(workspaceId))
        ),
      activeWorkspaces: (by, pipelines) =>
        Effect.map(campaigns.activeWorkspaces(by, pipelines), (found) =>
          found.filter(({ workspaceId }) => !over.has(workspaceId))
        )
    }
  })
]
