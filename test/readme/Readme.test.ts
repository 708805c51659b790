/**
 * What the README says is true: its code is the code of the files it names, and its commands run as they stand there.
 */
import { assert, describe, it } from "@effect/vitest"
import { FonnteSimulator } from "@fibercast/simulator/Fonnte"
import { Effect, Option } from "effect"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Program from "../cli/Program.ts"
import * as MailServer from "../support/MailServer.ts"
import { isThere } from "../support/NatsTestServer.ts"
import { tempFolder } from "../support/TempFolder.ts"
import * as WebhookReceiver from "../support/WebhookReceiver.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))
const read = (file: string) => readFileSync(`${root}/${file}`, "utf8")
const readme = read("README.md")

/** Indentation and line breaks do not count: the README's code stands alone. */
const flat = (code: string) => code.replaceAll(/\s+/gu, " ").trim()

const quoted = [...readme.matchAll(/<!-- (\S+) -->\n\n```ts\n([^]*?)```/gu)].map(([, file = "", code = ""]) => ({
  file,
  code
}))
const commands = [...readme.matchAll(/```sh\n([^]*?)```/gu)]
  .flatMap(([, block = ""]) => block.trim().split("\n"))
  .filter((line) => line.includes("pnpm@12 fibercast"))

/** Those that go on until they are stopped, by what they say once they run. */
const lasting: ReadonlyArray<readonly [start: string, says: RegExp]> = [
  ["schedule work", /Ctrl-C stops it/u],
  ["dev", /Ctrl-C drains it/u],
  ["cluster", /Ctrl-C drains all nodes/u]
]

/** Without a nats-server there is no cluster to try. */
const runnable = commands.filter((line) => isThere || !/fibercast cluster|\.fibercast\/cluster/u.test(line))

/** A node is checked, and not started: what it stands on is not there. */
const nodeFlags = {
  args: ["--check"],
  env: { DATABASE_URL: "postgres://u:p@db/fibercast", NATS_URL: "nats://nats:4222" }
}

/** Where alerts are taken. */
const alerted = Effect.gen(function* () {
  const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
  const webhook = yield* WebhookReceiver.make(secret)
  const mail = yield* MailServer.make({ offersTls: false })
  return {
    FIBERCAST_ALERT_WEBHOOK_URL: `http://127.0.0.1:${webhook.port}`,
    FIBERCAST_ALERT_WEBHOOK_SECRET: secret,
    FIBERCAST_ALERT_EMAIL_TO: "ops@example.com",
    FIBERCAST_ALERT_EMAIL_FROM: "fibercast@example.com",
    FIBERCAST_SMTP_URL: `smtp://127.0.0.1:${mail.port}`
  }
})

/** The words of a command line as a shell would part them; quotes keep words together. */
const wordsOf = (line: string): ReadonlyArray<string> =>
  [...line.matchAll(/"([^"]*)"|(\S+)/gu)].map(([, inQuotes, bare]) => inQuotes ?? bare ?? "")

const isApp = (word: string): boolean => word.startsWith("services/examples/src/")

describe("the README", () => {
  it("quotes code as it stands in the files it names", () => {
    assert.isAtLeast(quoted.length, 2)
    for (const { code, file } of quoted) assert.include(flat(read(file)), flat(code), file)
  })

  it("shows a first pipeline of twenty lines at most, imports aside", () => {
    const lines = quoted[0]?.code.split("\n").filter((line) => line.trim() !== "" && !line.startsWith("import ")) ?? []
    assert.isAtMost(lines.length, 20)
  })

  it.live(
    "shows commands that run, in the order they stand",
    () =>
      Effect.gen(function* () {
        assert.isAtLeast(commands.length, 8)
        const provider = yield* FonnteSimulator
        const env = { FONNTE_TOKEN: provider.token, FONNTE_URL: provider.url, CAMPUS_PORT: "0" }
        const sample = "services/cli/demo/contacts.csv"
        const alone = { folder: yield* tempFolder, env }
        const told = { folder: alone.folder, env: yield* alerted }
        const beside = { folder: yield* tempFolder, env }
        for (const { folder } of [alone, beside]) {
          // The one that runs beside has enough to do for as long as the test may take.
          yield* Program.write(`${folder}/contacts.csv`, Program.contacts(folder === beside.folder ? 5000 : 500))
          yield* Program.write(`${folder}/sample.csv`, read(sample))
        }
        // What is shown as said from a second terminal is said while a campaign runs.
        const words = ["send", "--audience", "contacts.csv", "--to", "phone", "--region", "ID", "--template", "Halo"]
        const running = yield* Program.start(beside, [...words, "--provider", "fonnte", "--rate", "10/s", "--json"])
        assert.isTrue(Option.isSome(yield* Program.lineOf(running.stderr, / sent [1-9]/u)))
        for (const line of runnable) {
          const [, program, ...args] = wordsOf(line.slice(line.indexOf("pnpm@12")))
          // A campaign that waits for its time would keep the test waiting: it is checked, not sent.
          const more = args.includes("--at") ? ["--dry-run"] : []
          const place = args[0] === "campaign" ? beside : args[0] === "alerts" ? told : alone
          const typed = args.map((word) => (word === sample ? "sample.csv" : isApp(word) ? `${root}/${word}` : word))
          const [, says] = lasting.find(([start]) => args.join(" ").startsWith(start)) ?? []
          if (says !== undefined) {
            // Left running, as the reader would, for what is typed in a second terminal.
            const working = yield* Program.start(place, typed)
            const sees = yield* Program.follow(working.stdout)
            yield* sees(says)
            continue
          }
          const ran =
            program === "fibercast-node"
              ? yield* Program.run(
                  { ...place, env: nodeFlags.env },
                  [...typed, ...nodeFlags.args],
                  Program.nodeLauncher
                )
              : yield* Program.run(place, [...typed, ...more])
          assert.strictEqual(ran.code, 0, `${line}\n${ran.stdout}\n${ran.stderr}`)
        }
      }).pipe(Effect.scoped, Effect.provide(FonnteSimulator.layer()), Effect.provide(NodeServices.layer)),
    480_000
  )
})
