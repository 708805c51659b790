import { assert, describe, it } from "@effect/vitest"
import * as NatsServer from "@fibercast/nats/NatsServer"
import { ConfigProvider, Effect } from "effect"
import { spawn } from "node:child_process"
import * as fs from "node:fs/promises"
import * as net from "node:net"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as NatsTestServer from "../support/NatsTestServer.ts"
import { tempFolder } from "../support/TempFolder.ts"

const withEnv = (env: Record<string, string>) =>
  Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))

const answers = (port: number): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const socket = net.connect(port, "127.0.0.1")
    socket.on("data", () => {
      socket.destroy()
      resume(Effect.succeed(true))
    })
    socket.on("error", () => resume(Effect.succeed(false)))
  })

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe("finding a nats-server", () => {
  it.live("tells each place it looked at when there is none", () =>
    Effect.gen(function* () {
      const cache = yield* tempFolder
      const error = yield* Effect.flip(NatsServer.find({ sources: ["PATH", "cache"], cache }))
      assert.strictEqual(error._tag, "NatsServerNotFound")
      assert.deepStrictEqual(error.lookedAt, [
        "PATH: /nowhere/nats-server",
        `cache: ${path.join(cache, "unpacked/usr/sbin/nats-server")}`
      ])
      assert.match(error.message, /NATS_SERVER/)
    }).pipe(withEnv({ PATH: "/nowhere" }), Effect.scoped)
  )

  it.live("takes what NATS_SERVER names, and nothing else", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(NatsServer.find())
      assert.deepStrictEqual(error.lookedAt.length, 1)
      assert.match(error.lookedAt[0] ?? "", /^NATS_SERVER \(\/nowhere\/nats-server\): .*ENOENT/)
    }).pipe(withEnv({ NATS_SERVER: "/nowhere/nats-server" }))
  )

  it.live("takes no other program, whatever version it has", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(NatsServer.find())
      assert.match(error.lookedAt[0] ?? "", /: v\d+/)
    }).pipe(withEnv({ NATS_SERVER: process.execPath }))
  )
})

describe.skipIf(!NatsTestServer.isThere)("NatsServer", () => {
  it.live("it takes connections while its scope is open", () =>
    Effect.gen(function* () {
      const { folder, pid, port } = yield* Effect.scoped(
        Effect.gen(function* () {
          const server = yield* NatsServer.make()
          assert.isTrue(yield* answers(server.port))
          assert.strictEqual(server.url, `nats://127.0.0.1:${server.port}`)
          return { ...server, pid: yield* server.pid }
        })
      )
      assert.isFalse(yield* answers(port))
      assert.isFalse(isAlive(pid))
      const left = yield* Effect.promise(() =>
        fs.stat(folder).then(
          () => true,
          () => false
        )
      )
      assert.isFalse(left)
    })
  )

  it.live("killed, it can be started again at the same port, as another process", () =>
    Effect.gen(function* () {
      const server = yield* NatsServer.make()
      const first = yield* server.pid
      yield* server.kill
      yield* server.kill
      assert.isFalse(yield* answers(server.port))
      yield* server.start
      yield* server.start
      assert.isTrue(yield* answers(server.port))
      assert.notStrictEqual(yield* server.pid, first)
    }).pipe(Effect.scoped)
  )

  it.live("what it says when it cannot start is told", () =>
    Effect.gen(function* () {
      const { port } = yield* NatsServer.make()
      const error = yield* Effect.flip(NatsServer.make({ port }))
      assert.strictEqual(error._tag, "NatsServerFailed")
      assert.match(error.message, /address already in use/)
    }).pipe(Effect.scoped)
  )

  it.live("it does not outlive an owner that was killed", () =>
    Effect.gen(function* () {
      const folder = yield* tempFolder
      const program = fileURLToPath(new URL("ServerOwner.ts", import.meta.url))
      const owner = spawn(process.execPath, [program, folder], { stdio: ["ignore", "pipe", "inherit"] })
      yield* Effect.addFinalizer(() => Effect.sync(() => owner.kill("SIGKILL")))
      const line = yield* Effect.callback<string>((resume) => {
        owner.stdout.on("data", (text: Buffer) => resume(Effect.succeed(text.toString())))
      })
      const [pid = "0", url = ""] = line.trim().split(" ")
      assert.isTrue(yield* answers(Number(new URL(url).port)))
      owner.kill("SIGKILL")
      yield* Effect.repeat(
        Effect.delay(
          Effect.sync(() => isAlive(Number(pid))),
          20
        ),
        { until: (alive) => !alive }
      )
    }).pipe(Effect.scoped, Effect.timeout("20 seconds"))
  )
})
