/**
 * Remembers at which row each E.164 number was first seen, exactly, for up to `capacity` numbers.
 *
 * Open addressing over two flat arrays: 12 bytes a slot, between a quarter and a half of the slots in use
 * once it has grown; 24 to 48 bytes a number, 400 MB at the full capacity. An E.164 number has at most
 * 15 digits (ITU-T E.164) and so is exact as a float64.
 */
export interface FirstRows {
  /** The row that had the number first, or undefined if that is now this one. Beyond the capacity nothing is added. */
  readonly visit: (e164: string, row: number) => number | undefined
  /** Whether numbers were turned away, so that later duplicates may go unseen. */
  readonly full: () => boolean
}

/** 2^24 numbers: nearly seventeen million. */
export const capacity = 16_777_216

export const make = (limit: number = capacity): FirstRows => {
  let size = 0
  let turnedAway = false
  let numbers = new Float64Array(1024)
  let rows = new Uint32Array(1024)

  /** The slot of the number, or the free one (0) where it belongs. */
  const slotOf = (number: number): number => {
    const mask = numbers.length - 1
    // Fibonacci hashing of both halves: national numbers are dense in their low digits.
    let slot = (Math.imul(number % 4_294_967_296, 0x9e3779b1) ^ Math.imul(number / 4_294_967_296, 0x85ebca6b)) >>> 0
    slot = (slot ^ (slot >>> 15)) & mask
    while (numbers[slot] !== 0 && numbers[slot] !== number) slot = (slot + 1) & mask
    return slot
  }

  const grow = () => {
    const [oldNumbers, oldRows] = [numbers, rows]
    numbers = new Float64Array(oldNumbers.length * 2)
    rows = new Uint32Array(oldNumbers.length * 2)
    oldNumbers.forEach((number, at) => {
      if (number === 0) return
      const slot = slotOf(number)
      numbers[slot] = number
      rows[slot] = oldRows[at] ?? 0
    })
  }

  return {
    visit: (e164, row) => {
      const number = Number(e164.slice(1))
      const slot = slotOf(number)
      if (numbers[slot] === number) return rows[slot]
      if (size >= limit) {
        turnedAway = true
        return undefined
      }
      numbers[slot] = number
      rows[slot] = row
      size += 1
      if (size * 2 > numbers.length) grow()
      return undefined
    },
    full: () => turnedAway
  }
}
