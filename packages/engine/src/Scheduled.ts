/**
 * Scheduled work is a trigger with what it sets off, written in code: an Effect to run, a delivery to dispatch, or a
 * campaign to launch; with conditions, hooks and rules for everything that can come in between.
 *
 *     Scheduled.run("listings.expire", Frequency.dailyAt("00:01"), expireListings).pipe(
 *       Scheduled.withoutOverlapping,
 *       Scheduled.onFailure(tellAdmin)
 *     )
 *
 * Each occurrence is decided on once, whatever the number of nodes. Before it runs it must pass, in this order: the
 * environment, maintenance mode, the conditions in the order given, and the overlap rule. Hooks run in the order given:
 * `before` ones ahead of the work, all others once it is over and its end is recorded; a hook that fails is logged and
 * changes nothing, except that code does not run if a `before` hook of it fails.
 *
 * Names, times and the like are written in code: one that is not right is a defect.
 */
import { type Guarantee } from "@fibercast/domain/Campaign"
import { type Lane } from "@fibercast/domain/Lane"
import { type Misfire } from "@fibercast/domain/Misfire"
import { type Overlap } from "@fibercast/domain/Overlap"
import type * as RetryPolicy from "@fibercast/domain/RetryPolicy"
import { type Target } from "@fibercast/domain/Target"
import * as Trigger from "@fibercast/domain/Trigger"
import * as TriggerDefinition from "@fibercast/domain/TriggerDefinition"
import * as ZoneRules from "@fibercast/domain/ZoneRules"
import { Ping } from "@fibercast/ports/Ping"
import { Duration, Effect, Pipeable, type Schema } from "effect"
import type * as Pipeline from "./Pipeline.ts"
import { type EndedTriggerRun, type TriggerRun } from "./TriggerRun.ts"

/** `when` must be true, `skip` false. One that fails or takes too long keeps the occurrence from running. */
export interface Condition<out R> {
  readonly kind: "when" | "skip"
  readonly test: Effect.Effect<boolean, unknown, R>
}

export type Hook<R> =
  | { readonly at: "before"; readonly run: (run: TriggerRun) => Effect.Effect<unknown, unknown, R> }
  | {
      readonly at: "after" | "success" | "failure"
      readonly run: (run: EndedTriggerRun) => Effect.Effect<unknown, unknown, R>
    }

/** Code that a trigger runs, and how. */
export interface Code<out R> {
  readonly effect: (run: TriggerRun) => Effect.Effect<unknown, unknown, R>
  readonly retry: RetryPolicy.RetryPolicy | undefined
  readonly timeout: Duration.Input | null
  readonly guarantee: Guarantee | undefined
}

export interface Scheduled<out R> extends Pipeable.Pipeable {
  readonly definition: TriggerDefinition.TriggerDefinition
  /** By name, or null for the workspace that has the app's name; and the zone that it is created with. */
  readonly workspace: { readonly name: string | null; readonly zone: string }
  readonly conditions: ReadonlyArray<Condition<R>>
  readonly hooks: ReadonlyArray<Hook<R>>
  /** Null: it runs no code of its own. */
  readonly code: Code<R> | null
  /** Makes the payload of each delivery, as JSON text; null: it is the same for all, as the target has it. */
  readonly payload: ((run: TriggerRun) => Effect.Effect<string, Schema.SchemaError>) | null
}

const build = <R>(parts: Omit<Scheduled<R>, "pipe">): Scheduled<R> => ({
  ...parts,
  pipe() {
    // oxlint-disable-next-line prefer-rest-params
    return Pipeable.pipeArguments(this, arguments)
  }
})

const make = <R>(
  name: string,
  trigger: Trigger.Trigger,
  target: Target,
  rest: Pick<Scheduled<R>, "code" | "payload">
): Scheduled<R> => {
  if (!TriggerDefinition.isName(name)) {
    throw new RangeError(`"${name}" cannot name a trigger: ${TriggerDefinition.nameRule}`)
  }
  return build({
    ...rest,
    definition: TriggerDefinition.make(Trigger.named(name)(trigger), target),
    workspace: { name: null, zone: "UTC" },
    conditions: [],
    hooks: []
  })
}

const ofCode = "trigger."

const codePrefix = (name: string): string => `${ofCode}${name}.`

/** Whether the pipeline is one that runs the code of a trigger. */
export const isCodePipeline = (pipeline: string): boolean => pipeline.startsWith(ofCode)

/** Whether the trigger runs code of its own. */
export const isCode = ({ target, trigger }: TriggerDefinition.TriggerDefinition): boolean =>
  target._tag === "Deliver" && target.pipeline.startsWith(codePrefix(trigger.name))

/**
 * The same as work of an app: in the app's own workspace unless it names one. Code runs through a pipeline of its own,
 * whose name ends in eight digits that tell app and workspace, for others may have a trigger of that name.
 */
export const ofApp =
  (app: string) =>
  <R>(self: Scheduled<R>): Scheduled<R> => {
    const { code, definition } = self
    const workspace = { ...self.workspace, name: self.workspace.name ?? app }
    if (code === null || definition.target._tag !== "Deliver") return build({ ...self, workspace })
    const whose = ZoneRules.hash(`${app}/${workspace.name}`).toString(16).padStart(8, "0")
    const target = { ...definition.target, pipeline: codePrefix(definition.trigger.name) + whose }
    return build({ ...self, workspace, definition: { ...definition, target } })
  }

/**
 * Runs an Effect, as a delivery of its own: a node that dies with it leaves it to another. Tried once unless told;
 * `timeout` is for one try, without one it may take as long as it likes; at-least-once unless told. What it logs and
 * answers is kept with the occurrence, in clear: no secrets, please.
 */
export const run = <A, E, R>(
  name: string,
  trigger: Trigger.Trigger,
  effect: Effect.Effect<A, E, R> | ((run: TriggerRun) => Effect.Effect<A, E, R>),
  options: {
    readonly lane?: Lane | undefined
    readonly retry?: RetryPolicy.RetryPolicy | undefined
    readonly timeout?: Duration.Input | undefined
    readonly guarantee?: Guarantee | undefined
  } = {}
): Scheduled<R> => {
  const { guarantee, lane = "normal", retry, timeout = null } = options
  const target: Target = { _tag: "Deliver", pipeline: codePrefix(name), payload: null, lane }
  const code = { effect: Effect.isEffect(effect) ? () => effect : effect, retry, timeout, guarantee }
  return make<R>(name, trigger, target, { code, payload: null })
}

/** Dispatches a delivery of a pipeline, with one payload or with one made for each occurrence. */
export const dispatch = <P, A, E, R>(
  name: string,
  trigger: Trigger.Trigger,
  pipeline: Pipeline.Pipeline<P, A, E, R>,
  payload: P | ((run: TriggerRun) => P),
  options: { readonly lane?: Lane | undefined } = {}
): Scheduled<never> => {
  const lane = options.lane ?? pipeline.options.lane
  const target: Target = { _tag: "Deliver", pipeline: pipeline.name, payload: null, lane }
  const payloadOf = isFunction<P>(payload) ? payload : () => payload
  return make<never>(name, trigger, target, {
    code: null,
    payload: (run) => Effect.suspend(() => pipeline.encode(payloadOf(run)))
  })
}

const isFunction = <P>(payload: P | ((run: TriggerRun) => P)): payload is (run: TriggerRun) => P =>
  typeof payload === "function"

/** Launches a campaign each time: a recurring broadcast. Its audience is read anew each time. */
export const launch = (
  name: string,
  trigger: Trigger.Trigger,
  campaign: Omit<Extract<Target, { readonly _tag: "Launch" }>, "_tag">
): Scheduled<never> => make<never>(name, trigger, { _tag: "Launch", ...campaign }, { code: null, payload: null })

const defined =
  (change: Partial<TriggerDefinition.TriggerDefinition>) =>
  <R>(self: Scheduled<R>): Scheduled<R> =>
    build({ ...self, definition: { ...self.definition, ...change } })

/** What becomes of an occurrence while an earlier run of its key is not over. */
export const overlap = (rule: Overlap, options: { readonly key?: string } = {}) =>
  defined({ overlap: rule, ...(options.key === undefined ? {} : { overlapKey: options.key }) })

/** An occurrence is skipped while an earlier run is not over. */
export const withoutOverlapping = overlap({ _tag: "Skip" })

/** What of a pile-up is run, for each cause; what is not named stays. */
export const misfire =
  (policies: { readonly paused?: Misfire; readonly down?: Misfire; readonly overloaded?: Misfire }) =>
  <R>(self: Scheduled<R>): Scheduled<R> =>
    defined({ misfires: { ...self.definition.misfires, ...policies } })(self)

/** How long after its due time an occurrence counts as fired. Default 10 seconds. */
export const grace = (period: Duration.Input) => defined({ grace: millis(period) })

/** What is not begun that long after its due time is missed, or expires. */
export const deadline = (period: Duration.Input) => defined({ deadline: millis(period) })

const millis = (period: Duration.Input): number => Math.round(Duration.toMillis(period))

/** Runs start within this window after their nominal time; where in it depends on the trigger's name alone. */
export const spread =
  (window: Duration.Input) =>
  <R>(self: Scheduled<R>): Scheduled<R> =>
    defined({ trigger: Trigger.spread(window)(self.definition.trigger) })(self)

/** Only where the environment is one of these. */
export const environments = (first: string, ...rest: ReadonlyArray<string>) =>
  defined({ environments: [first, ...rest] })

export const evenInMaintenanceMode = defined({ evenInMaintenanceMode: true })

/** What it is for. */
export const description = (text: string) => defined({ description: text })

/**
 * Whose work it is; the workspace is created in the zone if there is none. Left out, it is the app's own: a workspace
 * with the app's name.
 */
export const inWorkspace =
  (name: string, options: { readonly zone?: string } = {}) =>
  <R>(self: Scheduled<R>): Scheduled<R> =>
    build({ ...self, workspace: { name, zone: options.zone ?? "UTC" } })

const condition =
  <R2>(kind: Condition<R2>["kind"], test: Effect.Effect<boolean, unknown, R2>) =>
  <R>(self: Scheduled<R>): Scheduled<R | R2> =>
    build<R | R2>({ ...self, conditions: [...self.conditions, { kind, test }] })

/** Runs only if this is true when it is due. */
export const when = <E, R2>(test: Effect.Effect<boolean, E, R2>) => condition<R2>("when", test)

/** Does not run if this is true when it is due. */
export const skip = <E, R2>(test: Effect.Effect<boolean, E, R2>) => condition<R2>("skip", test)

const hook =
  <R2>(added: Hook<R2>) =>
  <R>(self: Scheduled<R>): Scheduled<R | R2> =>
    build<R | R2>({ ...self, hooks: [...self.hooks, added] })

/** Ahead of the work: of code, at every try and part of it; of other work, once it is dispatched. */
export const before = <R2>(run: (run: TriggerRun) => Effect.Effect<unknown, unknown, R2>) => hook({ at: "before", run })

/** Once the run is over, however it ended. */
export const after = <R2>(run: (run: EndedTriggerRun) => Effect.Effect<unknown, unknown, R2>) =>
  hook({ at: "after", run })

/** Once the run has completed. */
export const onSuccess = <R2>(run: (run: EndedTriggerRun) => Effect.Effect<unknown, unknown, R2>) =>
  hook({ at: "success", run })

/** Once the run is over and has not completed. */
export const onFailure = <R2>(run: (run: EndedTriggerRun) => Effect.Effect<unknown, unknown, R2>) =>
  hook({ at: "failure", run })

/** A monitor that cannot be reached changes nothing. */
const ping = (url: string) => () =>
  Effect.flatMap(Ping, (service) => service.ping(url)).pipe(
    Effect.catchTag("PingFailed", (failed) => Effect.logWarning(failed.message))
  )

export const pingBefore = (url: string) => before(ping(url))
export const thenPing = (url: string) => after(ping(url))
export const pingOnSuccess = (url: string) => onSuccess(ping(url))
export const pingOnFailure = (url: string) => onFailure(ping(url))

/** Triggers that share attributes: each passes through `shared`, and is listed under the group's name. */
export const group = <Rs extends ReadonlyArray<unknown>, R2>(
  name: string,
  shared: (one: Scheduled<Rs[number]>) => Scheduled<R2>,
  members: readonly [...{ readonly [K in keyof Rs]: Scheduled<Rs[K]> }]
): ReadonlyArray<Scheduled<R2>> => members.map((member) => defined({ group: name })(shared(member)))
