/**
 * The chunks that a sender has in hand. Of what it works on, their owners hear every `beat`, and the stream of that and of
 * what waits for places, so that neither takes them for lost. A chunk of which a part was worked on here is in hand
 * while the rest of it waits.
 */
import { type Chunk } from "@fibercast/ports/Chunk"
import { type Report, type SenderChannel } from "@fibercast/ports/SenderChannel"
import { type Received } from "@fibercast/ports/WorkStream"
import { Effect } from "effect"
import { type OpenChunk } from "./OpenChunk.ts"

export class InHand {
  readonly #channel: SenderChannel["Service"]
  readonly #opened = new Set<OpenChunk>()
  /** What waits for places, and whether a part of it was worked on. */
  readonly #waiting = new Map<Received, boolean>()

  constructor(channel: SenderChannel["Service"]) {
    this.#channel = channel
  }

  opened(open: OpenChunk) {
    this.#opened.add(open)
  }

  closed(open: OpenChunk) {
    this.#opened.delete(open)
  }

  waits(received: Received) {
    this.#waiting.set(received, false)
  }

  /** A part of what waits has found places. */
  entered(received: Received) {
    this.#waiting.set(received, true)
  }

  waitsNoMore(received: Received) {
    this.#waiting.delete(received)
  }

  /** Tells until interrupted. */
  readonly beats = (beat: number): Effect.Effect<never> =>
    Effect.forever(Effect.andThen(Effect.sleep(beat), this.#tell))

  readonly #tell = Effect.suspend(() => {
    const owners = new Map<string, Array<Report>>()
    for (const { epoch, id: chunkId, owner, workspaceId } of this.#chunks()) {
      const reports = owners.get(owner) ?? []
      owners.set(owner, reports)
      reports.push({ workspaceId, epoch, chunkId, ended: [] })
    }
    return Effect.andThen(
      Effect.forEach(owners, ([owner, reports]) => this.#channel.report(owner, reports), { discard: true }),
      Effect.suspend(() => Effect.forEach(this.#received(), ({ working }) => working, { discard: true }))
    )
  })

  #chunks(): ReadonlySet<Chunk> {
    const chunks = new Set<Chunk>()
    for (const { chunk } of this.#opened) chunks.add(chunk)
    for (const [{ chunk }, isInHand] of this.#waiting) if (isInHand) chunks.add(chunk)
    return chunks
  }

  /** What the stream waits for. */
  #received(): ReadonlySet<Received> {
    const received = new Set(this.#waiting.keys())
    for (const { isOnce, received: of } of this.#opened) if (!isOnce) received.add(of)
    return received
  }
}
