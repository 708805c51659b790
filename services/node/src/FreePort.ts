/**
 * A port of this machine that nobody listens on at the moment.
 */
import { Effect } from "effect"
import * as net from "node:net"

export const find: Effect.Effect<number> = Effect.callback<number>((resume) => {
  const server = net.createServer()
  server.once("error", (error) => resume(Effect.die(error)))
  server.listen(0, "0.0.0.0", () => {
    const address = server.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    server.close(() => resume(Effect.succeed(port)))
  })
})
