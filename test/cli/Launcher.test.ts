import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import * as path from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("../../", import.meta.url))
const launcher = path.join(root, "services/cli/bin/fibercast.mjs")

/** Runs the program as a shell would. */
const shell = (command: string, options: { readonly cwd?: string; readonly env?: Record<string, string> } = {}) =>
  new Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }>((resolve) => {
    const env = { PATH: process.env["PATH"], node: process.execPath, launcher, ...options.env }
    const child = execFile("sh", ["-c", command], { cwd: root, ...options, env }, (_, stdout, stderr) =>
      resolve({ code: child.exitCode ?? -1, stdout, stderr })
    )
  })

describe("fibercast", () => {
  it("knows its version", async () => {
    const { code, stdout } = await shell(`"$node" "$launcher" --version`)
    assert.strictEqual(code, 0)
    assert.match(stdout, /^fibercast v\d+\.\d+\.\d+\n$/u)
  })

  it("answers a word it does not know with suggestions on stderr, and exit code 2", async () => {
    const { code, stdout, stderr } = await shell(`"$node" "$launcher" audiense`)
    assert.deepStrictEqual([code, stdout], [2, ""])
    assert.match(stderr, /Unknown subcommand "audiense"[^]*Did you mean this\?\s+audience/u)
  })

  it("takes paths from where it was typed, when pnpm has moved into the clone's root", async () => {
    const typedIn = path.join(root, "services/cli/demo")
    const env = { INIT_CWD: typedIn, npm_package_name: "fibercast" }
    const { code, stdout } = await shell(`"$node" "$launcher" audience check contacts.csv --to phone --region ID`, {
      env
    })
    assert.strictEqual(code, 0)
    assert.match(stdout, /^contacts\.csv: 5,000 rows/u)
  })

  it("stays where it is when some other script of pnpm's runs it", async () => {
    const env = { INIT_CWD: "/", npm_package_name: "theirs" }
    const cwd = path.join(root, "services/cli/demo")
    const { code } = await shell(`"$node" "$launcher" audience check contacts.csv --to phone --region ID`, { env, cwd })
    assert.strictEqual(code, 0)
  })

  it("ends quietly, with 0, when the reader of its output goes away", async () => {
    const check = `"$node" "$launcher" audience check services/cli/demo/contacts.csv --to phone --region ID --json`
    const { stdout, stderr } = await shell(`{ ${check}; echo "exit code $?" >&2; } | head -1`)
    assert.strictEqual(stderr, "exit code 0\n")
    assert.match(stdout, /^\{"row":1,.*\}\n$/u)
  })
})
