/**
 * Things kept in (dueAt, id) order. Adding, removing and taking from any place cost far less than
 * a walk over all of them: they are kept in sorted buckets of at most `bucketSize`.
 *
 * The place of a thing must not change while it is in here.
 */
export interface Place {
  readonly dueAt: number
  readonly id: bigint
}

const bucketSize = 1024

const isAfter = (a: Place, b: Place): boolean => a.dueAt > b.dueAt || (a.dueAt === b.dueAt && a.id > b.id)

/** The first index below `length` that is not passed, or `length`. What is passed comes before what is not. */
const firstNot = (length: number, passed: (index: number) => boolean): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (passed(middle)) low = middle + 1
    else high = middle
  }
  return low
}

/** The index of the first thing after the place. */
const indexAfter = (bucket: ReadonlyArray<Place>, place: Place): number =>
  firstNot(bucket.length, (index) => {
    const item = bucket[index]
    return item !== undefined && !isAfter(item, place)
  })

export class PlaceOrder<T extends Place> {
  /** Never holds an empty bucket. */
  readonly #buckets: Array<Array<T>> = []

  get first(): T | undefined {
    return this.#buckets[0]?.[0]
  }

  /** The bucket that holds the first thing after the place. */
  #bucketAfter(place: Place): number {
    return firstNot(this.#buckets.length, (index) => {
      const last = this.#buckets[index]?.at(-1)
      return last !== undefined && !isAfter(last, place)
    })
  }

  add(item: T): void {
    const index = Math.min(this.#bucketAfter(item), this.#buckets.length - 1)
    const bucket = this.#buckets[index]
    if (bucket === undefined) {
      this.#buckets.push([item])
      return
    }
    bucket.splice(indexAfter(bucket, item), 0, item)
    if (bucket.length > bucketSize) this.#buckets.splice(index + 1, 0, bucket.splice(bucketSize >>> 1))
  }

  /** Does nothing when it is not in here. */
  remove(item: T): void {
    const before = { dueAt: item.dueAt, id: item.id - 1n }
    const index = this.#bucketAfter(before)
    const bucket = this.#buckets[index]
    const at = bucket === undefined ? -1 : indexAfter(bucket, before)
    if (bucket === undefined || bucket[at] !== item) return
    bucket.splice(at, 1)
    if (bucket.length === 0) this.#buckets.splice(index, 1)
  }

  /** Remove and answer those after the place (null: from the start) that are due by the instant, at most `limit`. */
  take(after: Place | null, by: number, limit: number): Array<T> {
    const taken: Array<T> = []
    let index = after === null ? 0 : this.#bucketAfter(after)
    while (taken.length < limit) {
      const bucket = this.#buckets[index]
      if (bucket === undefined) break
      const from = after === null ? 0 : indexAfter(bucket, after)
      const due = bucket.slice(from, from + limit - taken.length)
      const count = firstNot(due.length, (at) => (due[at]?.dueAt ?? Infinity) <= by)
      const wholeRest = from + count === bucket.length
      taken.push(...bucket.splice(from, count))
      if (bucket.length === 0) this.#buckets.splice(index, 1)
      else index += 1
      if (!wholeRest) break
    }
    return taken
  }

  /** Those after the place (null: from the start), in order. Nothing may be added or removed while it is read. */
  *after(place: Place | null): Generator<T> {
    const start = place === null ? 0 : this.#bucketAfter(place)
    for (let index = start; index < this.#buckets.length; index += 1) {
      const bucket = this.#buckets[index] ?? []
      for (let at = place === null ? 0 : indexAfter(bucket, place); at < bucket.length; at += 1) {
        const item = bucket[at]
        if (item !== undefined) yield item
      }
    }
  }
}
