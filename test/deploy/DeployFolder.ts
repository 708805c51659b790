/**
 * The files of `deploy/`, and what in the code they must agree with.
 */
import * as HealthServer from "@fibercast/node/HealthServer"
import * as NodeConfig from "@fibercast/node/NodeConfig"
import * as NodeSettings from "@fibercast/node/NodeSettings"
import { assert } from "@effect/vitest"
import { Effect, Schema } from "effect"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { parseAllDocuments } from "yaml"
import * as Program from "../cli/Program.ts"

export const root = fileURLToPath(new URL("../../", import.meta.url))

export const read = (file: string): string => readFileSync(`${root}deploy/${file}`, "utf8")

/** The documents of a YAML file. Fails on what a YAML parser so much as warns of. */
export const documents = (file: string): ReadonlyArray<unknown> =>
  parseAllDocuments(read(file), { merge: true, strict: true, uniqueKeys: true }).map((document) => {
    assert.deepStrictEqual([...document.errors, ...document.warnings], [], file)
    return document.toJS()
  })

/** A field that the schema does not know is a mistake, unless it is to be ignored. */
export const decode = <A>(
  schema: Schema.Codec<A, unknown>,
  file: string,
  document: unknown,
  onExcessProperty: "error" | "ignore" = "error"
): A =>
  Effect.runSync(
    Schema.decodeUnknownEffect(schema, { onExcessProperty })(document).pipe(
      Effect.mapError((error) => new Error(`${file}: ${error.message}`))
    )
  )

const variables: ReadonlyArray<string> = NodeSettings.names.map((name) => NodeSettings.settings[name].variable)

/** How to sign in to NATS is read by what speaks to it. */
const signIn = [
  ...readFileSync(`${root}packages/nats/src/Credentials.ts`, "utf8").matchAll(/Config\.\w+\("(NATS_[A-Z_]+)"\)/gu)
].map(([, name = ""]) => name)

/** Each is a setting of a node. */
export const assertSettings = (names: Iterable<string>, where: string): void => {
  for (const name of names) assert.include([...variables, ...signIn], name, `${where}: no setting is named ${name}`)
}

/** The path is one that the health server answers. */
export const assertHealthPath = (path: string, where: string): void => {
  const paths: ReadonlyArray<string> = Object.values(HealthServer.paths)
  assert.include(paths, path, where)
}

/** A node with these settings may take so long to stop, in seconds. */
export const stopSeconds = (env: Readonly<Record<string, string>>): number => {
  const drain = env[NodeSettings.settings.drainSeconds.variable]
  return NodeConfig.stopSeconds(drain === undefined ? NodeSettings.defaults.drainSeconds : Number(drain))
}

export const isFile = (path: string): boolean => existsSync(`${root}${path}`)

const address = { DATABASE_URL: "postgres://u:p@db/fibercast", NATS_URL: "nats://nats:4222" }

/** Holds the arguments and settings against the real program, which checks them and starts nothing. */
export const checked = Effect.fnUntraced(function* (
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>
) {
  const ran = yield* Program.run(
    { folder: root, env: { ...address, ...env } },
    [...args, "--check"],
    Program.nodeLauncher
  )
  assert.strictEqual(ran.code, 0, `${args.join(" ")}\n${ran.stderr}`)
  return ran.stdout
})
