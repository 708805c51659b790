/**
 * Group commit: what several ask to be written at the same time is written together, and each is told its own answer.
 *
 * One write is under way at a time, and up to `writers` while what waits fills another. What arrives meanwhile is the next one, so
 * that nobody waits for company: a lone entry is written at once.
 *
 * What somebody else holds up is tried again by itself, beside the others, one group of the same key after another, until
 * it is let through. Until then, all of that key go there.
 *
 * When a write fails, those whose entries it had are told, and nobody else. If the store refused it as a whole, so that
 * nothing of it was written, its entries are written one by one, and only those that are refused then are told.
 *
 * An entry whose caller is interrupted is not written, unless that is under way. At most `waiting` is kept; who brings more
 * waits. When the scope closes, all that wait are interrupted.
 */
import { quiet } from "@fibercast/ports/Traced"
import { Cause, Effect, FiberSet, type Scope } from "effect"

export interface Options<A, out B, E> {
  /**
   * Answers one each, in their order. `again`: somebody was seen to hold one of them up. If it throws before it returns,
   * nothing is written.
   */
  readonly write: (items: ReadonlyArray<A>, again: boolean) => Effect.Effect<ReadonlyArray<B>, E>
  readonly size: (item: A) => number
  /** The size of one write, unless one item alone is larger. */
  readonly most: number
  /** Writes under way at once, at most. */
  readonly writers: number
  /** The size of all that waits or is being written. */
  readonly waiting: number
  /** What an item may be held up by. */
  readonly keys: (item: A) => ReadonlyArray<string>
  /** `held`, `refused`: nothing was written, as somebody holds it up, or as it is. `lost`: nobody knows. */
  readonly kindOf: (error: E) => Kind
}

type Kind = "held" | "refused" | "lost"

interface Entry<A, B, E> {
  readonly item: A
  /** What it takes of the room for all that wait. */
  readonly room: number
  readonly resume: (answer: Effect.Effect<B, E>) => void
  /** Its caller was interrupted. */
  isGone: boolean
}

type Entries<A, B, E> = Set<Entry<A, B, E>>

/** Removes and answers the first ones, as many as go into one write. */
const takeSome = <A, B, E>(from: Entries<A, B, E>, { most, size }: Options<A, B, E>): Array<Entry<A, B, E>> => {
  const some: Array<Entry<A, B, E>> = []
  let room = most
  for (const entry of from) {
    room -= size(entry.item)
    if (room < 0 && some.length > 0) break
    from.delete(entry)
    some.push(entry)
  }
  return some
}

export const make = <A, B, E>(
  options: Options<A, B, E>
): Effect.Effect<(item: A) => Effect.Effect<B, E>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const waiting: Entries<A, B, E> = new Set()
    const held = new Map<string, Entries<A, B, E>>()
    /** Those for whom there is no room yet, the first to come first. */
    const outside: Entries<A, B, E> = new Set()
    let room = options.waiting
    let writers = 0
    /** The size of all that waits, what is held up apart. */
    let queued = 0
    let isTrying = false

    /** All that were not answered. */
    const pending: Entries<A, B, E> = new Set()
    let isClosed = false

    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        for (const entry of pending) entry.resume(Effect.interrupt)
      })
    )
    const run = yield* quiet(FiberSet.makeRuntime())

    const tell = (entries: ReadonlyArray<Entry<A, B, E>>, answers: ReadonlyArray<B>): void => {
      entries.forEach((entry, index) => {
        const answer = answers[index]
        entry.resume(answer === undefined ? Effect.die(new Error("written, but not answered")) : Effect.succeed(answer))
      })
    }

    const fail = (
      entries: ReadonlyArray<Entry<A, B, E>>,
      { again, cause, kind }: { readonly again: boolean; readonly cause: Cause.Cause<E>; readonly kind: Kind }
    ): Effect.Effect<void> => {
      if (kind === "lost" || (kind === "refused" && entries.length === 1)) {
        for (const entry of entries) entry.resume(Effect.failCause(cause))
      } else if (kind === "held" && isOfOneKey(entries)) {
        for (const entry of entries) hold(entry)
      } else {
        return Effect.forEach(entries, (entry) => (entry.isGone ? Effect.void : write([entry], again)), {
          discard: true
        })
      }
      return Effect.void
    }

    const kindOf = (cause: Cause.Cause<E>): Kind => {
      const failure = cause.reasons.find(Cause.isFailReason)
      return failure === undefined ? "lost" : options.kindOf(failure.error)
    }

    /** Goes on with `next` once all of them are told, or wait once more. */
    const write = (
      entries: ReadonlyArray<Entry<A, B, E>>,
      again: boolean,
      next: Effect.Effect<void> = Effect.void
    ): Effect.Effect<void> => {
      let written: Effect.Effect<ReadonlyArray<B>, E>
      try {
        written = options.write(entries.map(itemOf), again)
      } catch (defect) {
        return Effect.andThen(fail(entries, { again, cause: Cause.die(defect), kind: "refused" }), next)
      }
      return Effect.matchCauseEffect(written, {
        onSuccess: (answers) => {
          tell(entries, answers)
          return next
        },
        onFailure: (cause) => Effect.andThen(fail(entries, { again, cause, kind: kindOf(cause) }), next)
      })
    }

    const keyOf = ({ item }: Entry<A, B, E>) => options.keys(item)[0] ?? ""
    const isOfOneKey = (entries: ReadonlyArray<Entry<A, B, E>>) => new Set(entries.map(keyOf)).size === 1

    const hold = (entry: Entry<A, B, E>, key = keyOf(entry)): void => {
      if (entry.isGone) return
      held.set(key, (held.get(key) ?? new Set()).add(entry))
      if (isTrying) return
      isTrying = true
      run(trying)
    }

    const trying = Effect.gen(function* () {
      for (let [next] = held; next !== undefined; [next] = held) {
        const [key, entries] = next
        if (entries.size > 0) yield* write(takeSome(entries, options), true)
        // Its turn is over.
        held.delete(key)
        if (entries.size > 0) held.set(key, entries)
      }
      isTrying = false
    })

    const takeQueued = () => {
      const some = takeSome(waiting, options)
      for (const { item } of some) queued -= options.size(item)
      return some
    }

    const writing: Effect.Effect<void> = Effect.suspend(() => {
      if (waiting.size > 0) return write(takeQueued(), false, writing)
      writers--
      return Effect.void
    })

    const add = (entry: Entry<A, B, E>): void => {
      const key = held.size > 0 ? options.keys(entry.item).find((key) => held.has(key)) : undefined
      if (key !== undefined) return hold(entry, key)
      waiting.add(entry)
      queued += options.size(entry.item)
      if (writers >= options.writers || (writers > 0 && queued < options.most)) return
      writers++
      run(writing)
    }

    /** It is answered, or nobody waits for it any more. */
    const leave = (entry: Entry<A, B, E>): void => {
      if (!pending.delete(entry)) return
      if (!outside.delete(entry)) room += entry.room
      for (const next of outside) {
        if (isClosed || next.room > room) return
        outside.delete(next)
        enter(next)
      }
    }

    const enter = (entry: Entry<A, B, E>): void => {
      room -= entry.room
      add(entry)
    }

    const remove = (entry: Entry<A, B, E>): void => {
      entry.isGone = true
      if (waiting.delete(entry)) queued -= options.size(entry.item)
      for (const entries of held.values()) entries.delete(entry)
      leave(entry)
    }

    return (item) =>
      Effect.callback<B, E>((resume) => {
        if (isClosed) return resume(Effect.interrupt)
        const entry: Entry<A, B, E> = {
          item,
          room: Math.min(options.size(item), options.waiting),
          resume: (answer) => {
            leave(entry)
            resume(answer)
          },
          isGone: false
        }
        pending.add(entry)
        if (outside.size > 0 || entry.room > room) outside.add(entry)
        else enter(entry)
        return Effect.sync(() => remove(entry))
      })
  })

const itemOf = <A>({ item }: { readonly item: A }): A => item
