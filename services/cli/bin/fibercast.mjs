#!/usr/bin/env node
/**
 * Starts the command line. Plain JavaScript, so that a Node too old for the rest can still say so.
 *
 * Paths are the user's: `pnpm fibercast` moves into the clone's root, the launcher moves back to where it was typed.
 */
import fs from "node:fs"
import module from "node:module"
import path from "node:path"
import { fileURLToPath } from "node:url"
import v8 from "node:v8"

const needed = [22, 19]
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number)

if (major < needed[0] || (major === needed[0] && minor < needed[1])) {
  console.error(
    `fibercast needs Node ${needed.join(".")} or newer; this is ${process.version}. ` +
      "`npx -y pnpm@12 fibercast` in the clone brings its own."
  )
  process.exitCode = 1
} else {
  const root = fileURLToPath(new URL("../../..", import.meta.url))
  const typedIn = process.env.INIT_CWD
  if (typedIn && process.env.npm_package_name === "fibercast" && path.relative(root, process.cwd()) === "") {
    if (fs.existsSync(typedIn)) process.chdir(typedIn)
  }
  // What is held in memory is bounded and short-lived: V8 would rather let the heap grow while there is room. What loading the
  // code makes is no reason to; afterwards the young generation may grow, if Node is told how far.
  v8.setFlagsFromString("--semi-space-growth-factor=1")
  v8.setFlagsFromString("--heap-growing-percent=60")
  module.enableCompileCache?.()
  await import("../src/main.ts")
  const told = [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ")
  if (/--max[-_]semi[-_]space[-_]size=/u.test(told)) v8.setFlagsFromString("--semi-space-growth-factor=2")
}
