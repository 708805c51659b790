/**
 * Engines that hand over and senders that send, in memory, as on several nodes: to be driven by `TestClock`, stopped,
 * killed and frozen one by one.
 */
import * as Engine from "@fibercast/engine/Engine"
import { type Runnable } from "@fibercast/engine/Runnable"
import { defaults, SenderConfig, type SenderSettings } from "@fibercast/engine/SenderConfig"
import * as StreamHandOff from "@fibercast/engine/StreamHandOff"
import { SenderChannel } from "@fibercast/ports/SenderChannel"
import { WorkStream } from "@fibercast/ports/WorkStream"
import { Effect, Layer } from "effect"
import * as TestEngine from "./TestEngine.ts"
import * as TestNode from "./TestNode.ts"

/** What engines and senders share beside the stores. */
export const layerBetween = Layer.mergeAll(WorkStream.layerMemory(), SenderChannel.layerMemory)

export interface SenderOptions<R> {
  readonly pipelines: ReadonlyArray<Runnable<R>>
  /** What differs from the defaults of production. */
  readonly sender?: Partial<SenderSettings> | undefined
}

const layerSender = <R = never>({ pipelines, sender }: SenderOptions<R>) =>
  Engine.layerSender({ pipelines }).pipe(
    Layer.provide(Layer.succeed(SenderConfig, { ...defaults, drain: 0, ...sender }))
  )

/** A node that hands over what it owns. */
export const makeEngine = <R = never>(options: TestEngine.Options<R> & TestNode.Placed) =>
  TestNode.run(TestEngine.layerEngine({ alone: false, ...options }).pipe(Layer.provide(StreamHandOff.layer)), options)

/** A node that sends what it is handed. */
export const makeSender = <R = never>(options: SenderOptions<R> & TestNode.Placed) =>
  TestNode.run(layerSender(options), options)

export interface Options<R> extends TestEngine.Options<R>, SenderOptions<R> {
  /** How many; default 2. */
  readonly senders?: number | undefined
}

/** An engine that hands over, and senders, with stores of their own. */
export const layer = <R = never>({ senders = 2, ...options }: Options<R> & TestEngine.World) =>
  Layer.effectDiscard(
    Effect.replicateEffect(Layer.build(Layer.fresh(layerSender(options))), senders, { discard: true })
  ).pipe(
    Layer.provideMerge(TestEngine.layerEngine(options).pipe(Layer.provide(StreamHandOff.layer))),
    Layer.provideMerge(layerBetween),
    Layer.provideMerge(TestEngine.layerStores(options))
  )
