/**
 * The stage that works many deliveries in one call.
 *
 * A call is made when `size` values wait, or `within` after the first of them. Every member gets its own
 * result. A member that is interrupted leaves; a call that all members left is interrupted as well.
 * It holds at most the values of deliveries under way, which the engine bounds.
 */
import { type Array, Duration, Effect, Exit, Fiber, FiberSet, type Result } from "effect"
import { type Prepare } from "./StageFlow.ts"
import { type Classify, failure, type Halt } from "./StageHalt.ts"

interface Member<A, B, E> {
  readonly value: A
  readonly resume: (exit: Exit.Exit<B, Halt<E>>) => void
}

interface Batch<A, B, E> {
  readonly members: Set<Member<A, B, E>>
  /** The timer before the call, then the call. */
  fiber: Fiber.Fiber<void, never> | null
}

export const prepare = <A, B, E1, E2, R>(
  options: {
    readonly size: number
    readonly within: Duration.Input
    readonly sends: boolean
    readonly classify?: Classify<E1 | E2> | undefined
  },
  f: (values: Array.NonEmptyReadonlyArray<A>) => Effect.Effect<ReadonlyArray<Result.Result<B, E1>>, E2, R>
): Prepare<A, B, E1 | E2, R> =>
  Effect.gen(function* () {
    const fibers = yield* FiberSet.make<void, never>()
    const fork = yield* FiberSet.runtime(fibers)<R>()
    const within = Duration.toMillis(options.within)
    const toFailure = (error: E1 | E2) => failure(error, { classify: options.classify, fromSend: options.sends })
    let gathering: Batch<A, B, E1 | E2> | null = null

    const answer = (members: ReadonlyArray<Member<A, B, E1 | E2>>, results: ReadonlyArray<Result.Result<B, E1>>) => {
      const missing = Exit.die(new Error(`the batch answered ${results.length} results for ${members.length} values`))
      for (const [index, member] of members.entries()) {
        const result = results.length === members.length ? results[index] : undefined
        if (result === undefined) member.resume(missing)
        else if (result._tag === "Success") member.resume(Exit.succeed(result.success))
        else member.resume(Exit.fail(toFailure(result.failure)))
      }
    }

    const call = (batch: Batch<A, B, E1 | E2>): Effect.Effect<void, never, R> =>
      Effect.suspend(() => {
        if (gathering === batch) gathering = null
        const members = [...batch.members]
        const [head, ...rest] = members
        if (head === undefined) return Effect.void
        return Effect.suspend(() => f([head.value, ...rest.map((member) => member.value)])).pipe(
          Effect.mapError(toFailure),
          Effect.onExit((exit) =>
            Effect.sync(() => {
              if (Exit.isSuccess(exit)) answer(members, exit.value)
              else for (const member of members) member.resume(Exit.failCause(exit.cause))
            })
          ),
          Effect.exit,
          Effect.asVoid
        )
      })

    /** Who waits for a fiber that ends unasked, because its scope closes, is interrupted as well. */
    const run = (batch: Batch<A, B, E1 | E2>, effect: Effect.Effect<void, never, R>) => {
      const fiber = fork(effect)
      batch.fiber = fiber
      fiber.addObserver((exit) => {
        if (Exit.isSuccess(exit) || batch.fiber !== fiber) return
        for (const member of batch.members) member.resume(Exit.interrupt())
      })
    }

    return (value) =>
      Effect.callback<B, Halt<E1 | E2>>((resume) => {
        const member: Member<A, B, E1 | E2> = { value, resume }
        const batch: Batch<A, B, E1 | E2> = gathering ?? { members: new Set(), fiber: null }
        batch.members.add(member)
        if (batch.members.size >= options.size) {
          const timer = batch.fiber
          gathering = null
          run(batch, call(batch))
          timer?.interruptUnsafe()
        } else if (gathering === null) {
          gathering = batch
          run(batch, Effect.andThen(Effect.sleep(within), call(batch)))
        }
        return Effect.suspend(() => {
          batch.members.delete(member)
          if (batch.members.size > 0) return Effect.void
          if (gathering === batch) gathering = null
          return batch.fiber === null ? Effect.void : Fiber.interrupt(batch.fiber)
        })
      })
  })
