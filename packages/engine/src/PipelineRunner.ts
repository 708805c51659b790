/**
 * The runner starts items on the submitter's stack, a fiber for each that is not done at once, and reports every end once.
 *
 * - At most `concurrency` items are open; `submit` suspends meanwhile, so back-pressure reaches the feeder.
 * - Every item that was started reaches `onExit` exactly once, also when the scope closes.
 * - An item that its owner interrupts ends as soon as it can; one that was handed over and not started is not run.
 * - An item past its time-out is interrupted and flagged. One that cannot be interrupted ends when it
 *   ends, flagged as well; it keeps its place until then.
 * - The submitter gives way after about 4 ms of starting items, so it never holds the event loop.
 *
 * Held in memory: the open items, and for each time-out in use a queue of at most
 * `4 * concurrency + 256` deadlines; at most 64 exact time-outs are in use at once (see `make`).
 */
import { Clock, Effect, type Exit, type Fiber, Latch, type Scope } from "effect"
import { isDone } from "./internal/AtOnce.ts"

export interface Options<Item, A, E, R> {
  /** How many items may be open at once; at least 1. */
  readonly concurrency: number
  /** What to do with an item. A throw is a defect of the item, not of the runner. */
  readonly run: (item: Item) => Effect.Effect<A, E, R>
  /** Milliseconds an item may take once it first suspends; `null` or infinity: as long as it likes. */
  readonly timeout: (item: Item) => number | null
  /**
   * Called once per started item. `timedOut` says that the time-out, not someone else, interrupted it.
   * It must not throw: the runner then refuses further work with that defect.
   */
  readonly onExit: (item: Item, exit: Exit.Exit<A, E>, timedOut: boolean) => void
}

export interface PipelineRunner<Item> {
  /** Starts the items in order; returns once the last is started. Interrupts its caller when the runner is closed. */
  readonly submit: (items: ReadonlyArray<Item>) => Effect.Effect<void>
  readonly submitOne: (item: Item) => Effect.Effect<void>
  /** What is open, and what was handed over and waits to be started. */
  readonly items: () => ReadonlyArray<Item>
  /** Interrupts these of `items`; does not wait for their end. */
  readonly interrupt: (items: ReadonlySet<Item>) => void
  /** How many items are open now. */
  readonly active: () => number
  /** Returns when no item is open. */
  readonly awaitIdle: Effect.Effect<void>
}

/** The submitter gives way when it has started items for this many milliseconds. */
const slice = 4

/** Time-outs kept apart exactly; beyond, a new one is rounded up by at most an eighth. */
const exactTimeouts = 64

interface Open<Item, A, E> {
  readonly item: Item
  readonly fiber: Fiber.Fiber<A, E>
  deadline: number
  timedOut: boolean
  ended: boolean
}

/** What a submitter handed over. */
interface Submission<Item> {
  readonly items: ReadonlyArray<Item>
  /** How many of them, from the first. */
  started: number
}

/** Deadlines of one time-out: the first is always the earliest. */
interface Deadlines<Item, A, E> {
  entries: Array<Open<Item, A, E>>
  head: number
}

const rounded = (timeout: number): number => {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, timeout))) - 3)
  return Math.ceil(timeout / step) * step
}

/**
 * A runner that lives as long as the scope. Closing the scope interrupts the open items, waits for
 * their finalizers, and hands their exits to `onExit` with `timedOut` false. Time is Effect's Clock.
 */
export const make = Effect.fnUntraced(function* <Item, A, E, R>(
  options: Options<Item, A, E, R>
): Effect.fn.Return<PipelineRunner<Item>, never, R | Scope.Scope> {
  const { concurrency, onExit } = options
  const fork = Effect.runForkWith(yield* Effect.context<R>())
  const clock = yield* Clock.Clock
  const millis = () => Number(clock.monotonicTimeNanosUnsafe()) / 1e6

  const open = new Set<Open<Item, A, E>>()
  const submitters: Array<() => void> = []
  const idlers = new Set<() => void>()
  const submissions = new Set<Submission<Item>>()
  /** Handed over, not started, and interrupted. */
  const refused = new Set<Item>()
  let closed = false
  let broken: { readonly defect: unknown } | null = null

  const ended = () => closed || broken !== null
  const full = () => open.size >= concurrency || ended()
  const report = (item: Item, exit: Exit.Exit<A, E>, timedOut: boolean) => {
    try {
      onExit(item, exit, timedOut)
    } catch (defect) {
      broken ??= { defect }
    }
  }
  const release = () => {
    while (submitters.length > 0 && (ended() || open.size < concurrency)) submitters.shift()?.()
    if (open.size === 0) for (const resume of idlers) resume()
  }

  const timeouts = new Map<number, Deadlines<Item, A, E>>()
  const changed = Latch.makeUnsafe(false)
  let wakesAt = Infinity

  const watch = (entry: Open<Item, A, E>, timeout: number) => {
    const key = timeouts.has(timeout) || timeouts.size < exactTimeouts ? timeout : rounded(timeout)
    let queue = timeouts.get(key)
    if (queue === undefined) timeouts.set(key, (queue = { entries: [], head: 0 }))
    if (queue.entries.length >= 4 * concurrency + 256) {
      queue.entries = queue.entries.filter((other) => !other.ended && !other.timedOut)
      queue.head = 0
    }
    entry.deadline = millis() + key
    queue.entries.push(entry)
    if (entry.deadline < wakesAt) changed.openUnsafe()
  }
  /** Interrupts what is overdue; returns the next deadline, or infinity. */
  const sweep = (now: number): number => {
    let next = Infinity
    for (const [timeout, queue] of timeouts) {
      while (queue.head < queue.entries.length) {
        const entry = queue.entries[queue.head]
        if (entry !== undefined && !entry.ended && entry.deadline > now) {
          next = Math.min(next, entry.deadline)
          break
        }
        queue.head++
        if (entry === undefined || entry.ended) continue
        entry.timedOut = true
        entry.fiber.interruptUnsafe()
      }
      if (queue.head === queue.entries.length) timeouts.delete(timeout)
    }
    return next
  }
  const watchdog = Effect.gen(function* () {
    for (;;) {
      changed.closeUnsafe()
      wakesAt = Infinity
      const now = millis()
      wakesAt = sweep(now + 0.001)
      if (wakesAt === Infinity) yield* changed.await
      else yield* Effect.raceFirst(Effect.sleep(Math.max(1, Math.ceil(wakesAt - now - 0.001))), changed.await)
    }
  })

  const start = (item: Item) => {
    let body: Effect.Effect<A, E, R>
    let timeout: number | null
    try {
      body = refused.size > 0 && refused.delete(item) ? Effect.interrupt : options.run(item)
      timeout = options.timeout(item)
    } catch (defect) {
      body = Effect.die(defect)
      timeout = null
    }
    if (isDone(body)) return report(item, body, false)
    const fiber = fork(body)
    const exit = fiber.pollUnsafe()
    if (exit !== undefined) return report(item, exit, false)
    const entry = { item, fiber, deadline: Infinity, timedOut: false, ended: false }
    open.add(entry)
    if (timeout !== null && timeout < Infinity) watch(entry, timeout)
    fiber.addObserver((exit) => {
      entry.ended = true
      open.delete(entry)
      report(item, exit, entry.timedOut)
      release()
    })
  }

  const place = Effect.callback<void>((resume) => {
    const wake = () => resume(Effect.void)
    submitters.push(wake)
    return Effect.sync(() => {
      const index = submitters.indexOf(wake)
      if (index >= 0) submitters.splice(index, 1)
    })
  })
  const untilPlace: Effect.Effect<void> = Effect.suspend(() => {
    if (broken !== null) return Effect.die(broken.defect)
    if (closed) return Effect.interrupt
    return open.size < concurrency ? Effect.void : Effect.andThen(place, untilPlace)
  })

  const startAll = Effect.fnUntraced(function* (submission: Submission<Item>) {
    let began = millis()
    for (const item of submission.items) {
      if (full()) {
        yield* untilPlace
        began = millis()
      }
      submission.started++
      start(item)
      if ((submission.started & 15) === 0 && millis() - began > slice) {
        yield* Effect.yieldNow
        began = millis()
      }
    }
  })
  const waiting = ({ items, started }: Submission<Item>) => items.slice(started)
  const leave = (submission: Submission<Item>) => {
    submissions.delete(submission)
    for (const item of waiting(submission)) refused.delete(item)
  }
  const submit = (items: ReadonlyArray<Item>): Effect.Effect<void> =>
    Effect.suspend(() => {
      const submission: Submission<Item> = { items, started: 0 }
      submissions.add(submission)
      return Effect.ensuring(
        startAll(submission),
        Effect.sync(() => leave(submission))
      )
    })
  const submitOne = (item: Item) =>
    Effect.suspend(() => {
      if (full()) return submit([item])
      start(item)
      return Effect.void
    })
  const awaitIdle: Effect.Effect<void> = Effect.callback<void>((resume) => {
    if (open.size === 0) return resume(Effect.void)
    const wake = () => {
      idlers.delete(wake)
      resume(Effect.void)
    }
    idlers.add(wake)
    return Effect.sync(() => idlers.delete(wake))
  })

  yield* Effect.forkScoped(watchdog)
  yield* Effect.addFinalizer(() =>
    Effect.suspend(() => {
      closed = true
      timeouts.clear()
      release()
      for (const entry of open) entry.fiber.interruptUnsafe()
      return awaitIdle
    })
  )
  const interrupt = (items: ReadonlySet<Item>) => {
    for (const submission of submissions) {
      for (const item of waiting(submission)) if (items.has(item)) refused.add(item)
    }
    const started = Array.from(open).filter(({ item }) => items.has(item))
    for (const { fiber } of started) fiber.interruptUnsafe()
  }
  const items = () => [...Array.from(open, ({ item }) => item), ...[...submissions].flatMap(waiting)]
  return { submit, submitOne, items, interrupt, active: () => open.size, awaitIdle }
})
