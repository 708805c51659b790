/**
 * An address in front of a server that may move or vanish, and a network between the two that may fail.
 *
 * Shut, nothing listens at the address. Cut, every connection is broken and new ones are broken at once. Silent, as when
 * a cable is pulled: connections stay, and not one byte passes either way.
 */
import { Effect, type Scope } from "effect"
import * as net from "node:net"

export interface Door {
  readonly port: number
  /** Where it leads from now on; those who are through stay where they are. */
  readonly leadTo: (port: number) => void
  readonly open: Effect.Effect<void>
  readonly shut: Effect.Effect<void>
  readonly state: (state: "whole" | "cut" | "silent") => Effect.Effect<void>
}

const listen = (server: net.Server, port: number) =>
  Effect.callback<number>((resume) => {
    server.listen(port, "127.0.0.1", () => {
      const address = server.address()
      resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : port))
    })
  })

/** Open, leading to the port; shut with the scope. */
export const make = (target: number): Effect.Effect<Door, never, Scope.Scope> =>
  Effect.gen(function* () {
    let leadsTo = target
    let network: "whole" | "cut" | "silent" = "whole"
    const sockets = new Set<net.Socket>()
    const join = (from: net.Socket, to: net.Socket) => {
      sockets.add(from)
      from.on("data", (data) => {
        if (!to.write(data)) from.pause()
      })
      to.on("drain", () => {
        if (network !== "silent") from.resume()
      })
      from.on("end", () => to.end())
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
      if (network === "silent") from.pause()
    }
    const server = net.createServer((client) => {
      if (network === "cut") return client.destroy()
      const there = net.connect(leadsTo, "127.0.0.1")
      join(client, there)
      join(there, client)
    })
    const shut = Effect.sync(() => void server.close())
    yield* Effect.addFinalizer(() =>
      Effect.andThen(
        shut,
        Effect.sync(() => {
          for (const socket of sockets) socket.destroy()
        })
      )
    )
    const port = yield* listen(server, 0)
    return {
      port,
      leadTo: (port) => {
        leadsTo = port
      },
      open: Effect.asVoid(Effect.suspend(() => listen(server, port))),
      shut,
      state: (state) =>
        Effect.sync(() => {
          network = state
          for (const socket of sockets) {
            if (state === "cut") socket.destroy()
            else if (state === "silent") socket.pause()
            else socket.resume()
          }
        })
    }
  })
