/**
 * The SHA-256 of a text, at once: what asks for it waits for nothing, so it decides the same under any clock. For texts
 * that people write; large contents are for a streaming digest.
 */

const fraction = (x: number): number => Math.floor((x - Math.floor(x)) * 2 ** 32)

const primes = (count: number): ReadonlyArray<number> => {
  const found: Array<number> = []
  for (let n = 2; found.length < count; n++) if (found.every((prime) => n % prime !== 0)) found.push(n)
  return found
}

const first = primes(64)
const constants = Uint32Array.from(first, (prime) => fraction(Math.cbrt(prime)))
const initial = Uint32Array.from(first.slice(0, 8), (prime) => fraction(Math.sqrt(prime)))

const rotate = (x: number, by: number): number => (x >>> by) | (x << (32 - by))

/** The UTF-8 bytes, a one, zeros, and the length in bits: a whole number of blocks. */
const padded = (bytes: Uint8Array): DataView => {
  const view = new DataView(new ArrayBuffer(Math.ceil((bytes.length + 9) / 64) * 64))
  for (const [index, byte] of bytes.entries()) view.setUint8(index, byte)
  view.setUint8(bytes.length, 0x80)
  view.setBigUint64(view.byteLength - 8, BigInt(bytes.length) * 8n)
  return view
}

/** 64 hexadecimal digits. */
export const hex = (text: string): string => {
  const message = padded(new TextEncoder().encode(text))
  const hash = Uint32Array.from(initial)
  const words = new Uint32Array(64)
  const word = (index: number): number => words[index] ?? 0
  for (let block = 0; block < message.byteLength; block += 64) {
    for (let t = 0; t < 64; t++) {
      const early = word(t - 15)
      const late = word(t - 2)
      words[t] =
        t < 16
          ? message.getUint32(block + 4 * t)
          : (rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10)) +
            word(t - 7) +
            (rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3)) +
            word(t - 16)
    }
    let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = hash
    for (let t = 0; t < 64; t++) {
      const one =
        h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + (constants[t] ?? 0) + word(t)
      const two = (rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))
      h = g
      g = f
      f = e
      e = (d + one) | 0
      d = c
      c = b
      b = a
      a = (one + two) | 0
    }
    for (const [index, value] of [a, b, c, d, e, f, g, h].entries()) hash[index] = (hash[index] ?? 0) + value
  }
  return Array.from(hash, (value) => value.toString(16).padStart(8, "0")).join("")
}
