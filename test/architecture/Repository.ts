/**
 * What the rules look at: every source file of `packages`, `services` and `test`, and each package's manifest.
 */
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import * as SourceFile from "./SourceFile.ts"

export interface Manifest {
  /** Folder name: `engine`, `cli`, `test`. */
  readonly package: string
  readonly path: string
  /** What it says it needs to run. Optional ones are looked for at run time and not among these. */
  readonly dependencies: ReadonlyArray<string>
}

export interface Repository {
  readonly files: ReadonlyArray<SourceFile.SourceFile>
  readonly manifests: ReadonlyArray<Manifest>
}

const root = fileURLToPath(new URL("../../", import.meta.url))

export const load = (): Repository => {
  const paths = ["packages", "services", "test"].flatMap(walk)
  return {
    files: paths
      .filter((file) => /\.(?:ts|mjs)$/u.test(file))
      .map((file) => SourceFile.parse(file, fs.readFileSync(path.join(root, file), "utf8"))),
    manifests: paths.filter((file) => path.basename(file) === "package.json").map(manifest)
  }
}

const walk = (folder: string): ReadonlyArray<string> =>
  fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === "node_modules" || entry.name.startsWith(".")) return []
    const inside = `${folder}/${entry.name}`
    return entry.isDirectory() ? walk(inside) : [inside]
  })

const manifest = (file: string): Manifest => {
  const parsed: unknown = JSON.parse(fs.readFileSync(path.join(root, file), "utf8"))
  const listed = (field: "dependencies" | "devDependencies"): ReadonlyArray<string> => {
    const found = typeof parsed === "object" && parsed !== null ? Reflect.get(parsed, field) : undefined
    return typeof found === "object" && found !== null ? Object.keys(found) : []
  }
  return {
    package: SourceFile.packageOf(file),
    path: file,
    // What only tests and benchmarks need is for development.
    dependencies: [
      ...listed("dependencies"),
      ...(SourceFile.packageOf(file) === "test" ? listed("devDependencies") : [])
    ]
  }
}
