import { assert, describe, it } from "@effect/vitest"
import { nkeys } from "@nats-io/transport-node"
import * as Nats from "@fibercast/nats/Nats"
import { Credentials, readServers } from "@fibercast/nats/Credentials"
import * as NatsServer from "@fibercast/nats/NatsServer"
import { ConfigProvider, Context, Effect, Exit, Fiber, Layer, Logger, Redacted } from "effect"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs/promises"
import * as path from "node:path"
import * as NatsTestServer from "../support/NatsTestServer.ts"
import { tempFolder } from "../support/TempFolder.ts"

const build = (options: Nats.Options) =>
  Effect.map(Layer.build(Nats.layer(options)), (context) => Context.get(context, Nats.Nats))

const refused = (options: Nats.Options) =>
  Effect.flip(build(options)).pipe(Effect.scoped, Effect.timeout("10 seconds"), Effect.orDie)

const password = (user: string, secret: string) => Credentials.Password({ user, password: Redacted.make(secret) })

/** What is logged meanwhile. */
const logged = Effect.fnUntraced(function* <A, E, R>(effect: Effect.Effect<A, E, R>) {
  const lines: Array<string> = []
  const logger = Logger.make(({ message }) => void lines.push(String(message)))
  const exit = yield* Effect.exit(Effect.provide(effect, Logger.layer([logger])))
  return { lines, exit }
})

describe("addresses of NATS servers", () => {
  it("are taken apart, secrets aside", () => {
    const read = readServers("nats://ann:s%3Acret@a:4222, tls://b:4223,c")
    assert.deepStrictEqual(read.servers, ["a:4222", "b:4223", "c"])
    assert.isTrue(read.isSecure)
    assert.notInclude(JSON.stringify(read), "cret")
    assert.isTrue(read.credentials?._tag === "Password" && Redacted.value(read.credentials.password) === "s:cret")
  })

  it("may carry a token", () => {
    const { credentials } = readServers(["nats://t0ken@a:4222"])
    assert.isTrue(credentials?._tag === "Token" && Redacted.value(credentials.token) === "t0ken")
  })
})

describe.skipIf(!NatsTestServer.isThere)("Nats", () => {
  it.layer(
    NatsTestServer.layer,
    NatsTestServer.options
  )((it) => {
    it.effect("a connection knows its server's version and since when it holds", () =>
      Effect.gen(function* () {
        const server = yield* NatsServer.NatsServer
        const nats = yield* build({ servers: server.url })
        const version = yield* nats.serverVersion
        assert.strictEqual(`${version.major}.${version.minor}.${version.patch}`, server.version)
        assert.isTrue(yield* nats.isUp)
        assert.isNumber(yield* nats.upSince)
      }).pipe(Effect.scoped)
    )

    it.effect("a server that comes late is waited for, with one line that says so", () =>
      Effect.gen(function* () {
        const server = yield* NatsServer.make()
        yield* server.kill
        const { exit, lines } = yield* logged(
          Effect.gen(function* () {
            const waiting = yield* Effect.forkScoped(build({ servers: `nats://me:secret@127.0.0.1:${server.port}` }))
            yield* Effect.sleep("1500 millis")
            assert.isUndefined(waiting.pollUnsafe())
            yield* server.start
            return yield* Effect.flatMap(Fiber.join(waiting), ({ isUp }) => isUp)
          })
        )
        assert.deepStrictEqual(exit, Exit.succeed(true))
        assert.strictEqual(lines.length, 1)
        assert.match(lines[0] ?? "", /cannot be reached, waiting/)
        assert.notInclude(lines.join(), "secret")
      }).pipe(Effect.scoped)
    )

    it.effect("waiting for a server can be given up", () =>
      Effect.gen(function* () {
        const server = yield* NatsServer.make()
        yield* server.kill
        const waiting = yield* Effect.forkChild(Effect.scoped(build({ servers: server.url })))
        yield* Effect.sleep("700 millis")
        yield* Effect.timeout(Fiber.interrupt(waiting), "2 seconds")
      }).pipe(Effect.scoped)
    )

    it.effect("a lost connection is made again, and upSince tells", () =>
      Effect.gen(function* () {
        const server = yield* NatsServer.make()
        const nats = yield* build({ servers: server.url })
        const first = yield* nats.upSince
        yield* server.kill
        yield* Effect.repeat(Effect.delay(nats.upSince, 10), { until: (since) => since === null })
        assert.isFalse(yield* nats.isUp)
        yield* server.start
        const second = yield* Effect.repeat(Effect.delay(nats.upSince, 10), { until: (since) => since !== null })
        assert.isAbove(second ?? 0, first ?? Infinity)
      }).pipe(Effect.scoped, Effect.timeout("20 seconds"))
    )

    it.effect("closing does not wait for a server that is gone", () =>
      Effect.gen(function* () {
        const server = yield* NatsServer.make()
        yield* Effect.scoped(Effect.andThen(build({ servers: server.url }), server.kill))
      }).pipe(Effect.scoped, Effect.timeout("10 seconds"))
    )

    it.effect("a wrong password is refused with a clear error that does not tell it", () =>
      Effect.gen(function* () {
        const { url } = yield* NatsServer.make({ args: ["--user", "ann", "--pass", "right"] })
        yield* Effect.scoped(build({ servers: url, credentials: password("ann", "right") }))
        for (const credentials of [password("ann", "sesame"), undefined]) {
          const error = yield* refused({ servers: url, credentials })
          assert.strictEqual(error._tag, "NatsRefused")
          assert.match(error.message, /refused the credentials.*NATS_PASSWORD/)
          assert.notInclude(JSON.stringify(error) + error.message, "sesame")
        }
      }).pipe(Effect.scoped)
    )

    it.effect("a token signs in, given or in the address", () =>
      Effect.gen(function* () {
        const { port, url } = yield* NatsServer.make({ args: ["--auth", "t0ken"] })
        yield* Effect.scoped(build({ servers: url, credentials: Credentials.Token({ token: Redacted.make("t0ken") }) }))
        yield* Effect.scoped(build({ servers: `nats://t0ken@127.0.0.1:${port}` }))
        assert.strictEqual((yield* refused({ servers: url })).reason, "credentials")
      }).pipe(Effect.scoped)
    )

    it.effect("an nkey signs in, and a file that holds none is told", () =>
      Effect.gen(function* () {
        const pair = nkeys.createUser()
        const folder = yield* tempFolder
        const file = path.join(folder, "server.conf")
        yield* Effect.promise(() => fs.writeFile(file, `authorization { users: [{ nkey: ${pair.getPublicKey()} }] }`))
        const { url } = yield* NatsServer.make({ args: ["--config", file] })
        const seed = Redacted.make(new TextDecoder().decode(pair.getSeed()))
        yield* Effect.scoped(build({ servers: url, credentials: Credentials.NKey({ seed }) }))
        const odd = yield* refused({ servers: url, credentials: Credentials.File({ path: file }) })
        assert.strictEqual(odd.reason, "settings")
        const absent = yield* refused({ servers: url, credentials: Credentials.File({ path: `${file}.not` }) })
        assert.match(absent.message, /server\.conf\.not cannot be read \(ENOENT\)/)
      }).pipe(Effect.scoped)
    )

    it.effect("settings come from NATS_URL and its like", () =>
      Effect.gen(function* () {
        const { url } = yield* NatsServer.make({ args: ["--user", "ann", "--pass", "right"] })
        const env = ConfigProvider.fromUnknown({
          NATS_URL: `${url},127.0.0.1:1`,
          NATS_USER: "ann",
          NATS_PASSWORD: "right"
        })
        const context = yield* Layer.build(Nats.layerConfig).pipe(
          Effect.provideService(ConfigProvider.ConfigProvider, env)
        )
        assert.isTrue(yield* Context.get(context, Nats.Nats).isUp)
      }).pipe(Effect.scoped)
    )
  })
})

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" })
    return true
  } catch {
    return false
  }
})()

/** An authority, and a certificate of 127.0.0.1 that it signed. */
const certificates = (folder: string) => {
  const openssl = (...args: ReadonlyArray<string>) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" })
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
  openssl("req", "-x509", ...key, "-days", "2", "-subj", "/CN=ca", "-keyout", "ca.key", "-out", "ca.pem")
  openssl(
    "req",
    "-new",
    ...key,
    "-subj",
    "/CN=127.0.0.1",
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-keyout",
    "one.key",
    "-out",
    "one.csr"
  )
  openssl(
    "x509",
    "-req",
    "-in",
    "one.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-days",
    "2",
    "-copy_extensions",
    "copyall",
    "-out",
    "one.pem"
  )
  const at = (name: string) => path.join(folder, name)
  return { ca: at("ca.pem"), cert: at("one.pem"), key: at("one.key") }
}

describe.skipIf(!NatsTestServer.isThere || !hasOpenssl)("Nats with TLS", () => {
  it.layer(
    NatsTestServer.layer,
    NatsTestServer.options
  )((it) => {
    it.effect("both sides show what the other trusts, or nothing comes about", () =>
      Effect.gen(function* () {
        const tls = certificates(yield* tempFolder)
        const { port, url } = yield* NatsServer.make({
          args: ["--tlsverify", "--tlscert", tls.cert, "--tlskey", tls.key, "--tlscacert", tls.ca]
        })
        const servers = `tls://127.0.0.1:${port}`
        const { connection } = yield* build({ servers, tls })
        assert.isTrue(connection.info?.tls_required)
        const untrusted = yield* refused({ servers: url })
        assert.strictEqual(untrusted.reason, "certificate")
        assert.match(untrusted.message, /NATS_CA/)
        const absent = yield* refused({ servers, tls: { ...tls, ca: `${tls.ca}.not` } })
        assert.strictEqual(absent.reason, "settings")
        const plain = yield* NatsServer.NatsServer
        const noTls = yield* refused({ servers: `tls://127.0.0.1:${plain.port}` })
        assert.strictEqual(noTls.reason, "certificate")
      }).pipe(Effect.scoped)
    )
  })
})
