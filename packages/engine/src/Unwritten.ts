/**
 * How deliveries ended, claim by claim, until it is written.
 *
 * Where everything that is left of claims has completed, those claims are written as a whole, without naming what they
 * hold, once they are most of what there is. What is passed over by that is named with the third batch at the latest.
 */
import { type Settlement } from "@fibercast/ports/Settlement"
import { type Held, type Task } from "./Flow.ts"
import * as Settlements from "./Settlements.ts"

/** How one delivery ended, ready to be written. */
export interface Ended {
  readonly task: Task
  readonly settlement: Settlement
  /** Why its campaign must be paused; null: no reason to. */
  readonly hold: string | null
}

/** What is to be written together. */
export interface Taken {
  readonly ended: ReadonlyArray<Ended>
  /** Claims that this is the rest of. */
  readonly closing: ReadonlyArray<bigint>
  /** All of it completed, and is the rest of those claims: it need not be named. */
  readonly isWhole: boolean
}

/** How often what ended may be passed over. */
const patience = 2

interface Page {
  ended: Array<Ended>
  /** All of it completed, without a provider's id. */
  isPlain: boolean
  passedOver: number
}

export class Unwritten {
  readonly #most: number
  /** In the order in which the first of each ended. */
  readonly #pages = new Map<Held, Page>()
  #size = 0

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#size
  }

  add(...ended: ReadonlyArray<Ended>) {
    for (const one of ended) {
      const page = this.#page(one.task.held)
      page.ended.push(one)
      page.isPlain &&= Settlements.isPlain(one.settlement)
    }
    this.#size += ended.length
  }

  /** At most as many as go into one batch, and one claim; with `byName` none as a whole. */
  take(byName: boolean): Taken {
    const whole = byName ? null : this.#takeWhole()
    return whole ?? this.#takeNamed()
  }

  /** It was not written. */
  putBack({ ended }: Taken) {
    const later = [...this.#pages]
    this.#pages.clear()
    this.add(...ended)
    for (const [held, { ended: others, passedOver }] of later) {
      this.#size -= others.length
      this.add(...others)
      this.#page(held).passedOver = passedOver
    }
  }

  #page(held: Held): Page {
    const known = this.#pages.get(held)
    if (known !== undefined) return known
    const page: Page = { ended: [], isPlain: true, passedOver: 0 }
    this.#pages.set(held, page)
    return page
  }

  #takeWhole(): Taken | null {
    const whole: Array<readonly [Held, Page]> = []
    const others: Array<Page> = []
    let count = 0
    for (const entry of this.#pages) {
      const [held, page] = entry
      const isWhole = page.isPlain && page.ended.length === held.left
      if (!isWhole) others.push(page)
      else if (count < this.#most) count += whole.push(entry) && page.ended.length
    }
    if (count === 0 || 2 * count < Math.min(this.#size, this.#most)) return null
    if (others.some(({ passedOver }) => passedOver >= patience)) return null
    for (const page of others) page.passedOver++
    for (const [held] of whole) this.#pages.delete(held)
    this.#size -= count
    return {
      ended: whole.flatMap(([, page]) => page.ended),
      closing: whole.map(([{ claimId }]) => claimId),
      isWhole: true
    }
  }

  #takeNamed(): Taken {
    const ended: Array<Ended> = []
    const closing: Array<bigint> = []
    for (const [held, page] of this.#pages) {
      if (ended.length >= this.#most) break
      const some = page.ended.splice(0, this.#most - ended.length)
      ended.push(...some)
      if (some.length === held.left) closing.push(held.claimId)
      if (page.ended.length === 0) this.#pages.delete(held)
    }
    this.#size -= ended.length
    return { ended, closing, isWhole: false }
  }
}
