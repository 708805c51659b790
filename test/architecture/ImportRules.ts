/**
 * Rules about who imports whom. Each is pure: a repository in, its violations out.
 */
import * as path from "node:path/posix"
import { importTable, worldly } from "./ImportTable.ts"
import { type Repository } from "./Repository.ts"
import { type Import, packageOf, type SourceFile } from "./SourceFile.ts"

/** `path` breaks the rule; `message` says how. */
export interface Violation {
  readonly path: string
  readonly message: string
}

export type Rule = (repository: Repository) => ReadonlyArray<Violation>

const scope = "@fibercast/"

/** Applies to each import of each file. */
const perImport =
  (judge: (file: SourceFile, one: Import) => string | undefined): Rule =>
  ({ files }) =>
    files.flatMap((file) =>
      file.imports.flatMap((one) => {
        const message = judge(file, one)
        return message === undefined ? [] : [{ path: file.path, message }]
      })
    )

const isRelative = (from: string): boolean => from.startsWith(".")
const isOwn = (from: string): boolean => from.startsWith(scope)
/** The package of this repository that a specifier names. */
const target = (from: string): string => from.slice(scope.length).split("/")[0] ?? ""
/** The npm package that a specifier names. */
const npmName = (from: string): string =>
  from
    .split("/")
    .slice(0, from.startsWith("@") ? 2 : 1)
    .join("/")

export const packagesImportDownwards: Rule = perImport((file, { from }) => {
  const importer = packageOf(file.path)
  const permission = importTable[importer]
  if (permission === undefined) return `${importer} has no line in the import table`
  if (isOwn(from)) {
    const imported = target(from)
    if (imported === importer) return `imports its own package by name: ./${path.basename(from)}.ts`
    const allowed = permission.packages === "*" ? imported !== "test" : permission.packages.includes(imported)
    return allowed ? undefined : `${importer} must not import ${imported}`
  }
  if (isRelative(from) || from.startsWith("node:")) return undefined
  return permission.external === undefined || permission.external.includes(npmName(from))
    ? undefined
    : `${importer} may import only ${permission.external.join(", ")} from outside, not ${npmName(from)}`
})

export const thePureStayPure: Rule = perImport((file, { from }) => {
  const permission = importTable[packageOf(file.path)]
  if (permission === undefined || permission.reach === "adapter") return undefined
  if (from.startsWith("node:")) return `${from}: only adapters and services touch Node`
  return worldly.test(from) ? `${from}: only adapters and services speak protocols` : undefined
})

export const relativeImportsStayInside: Rule = perImport((file, { from }) => {
  if (!isRelative(from)) return undefined
  const [top, name] = file.path.split("/")
  const home = top === "test" ? "test/" : `${top}/${name}/`
  return path.join(path.dirname(file.path), from).startsWith(home) ? undefined : `${from} leaves the package`
})

export const internalsStayInside: Rule = perImport((_, { from }) =>
  isOwn(from) && from.includes("/internal/") ? `${from} is internal to its package` : undefined
)

/** What others are measured with are the timers that their users have. */
const measured = "test/bench/yardstick/subjects/"

export const timersComeFromEffect: Rule = perImport((file, { from }) =>
  /^(?:node:)?timers(?:\/|$)/u.test(from) && !file.path.startsWith(measured)
    ? `${from}: sleep with Effect.sleep`
    : undefined
)

const letters = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/gu, "")

/** Whether a namespace is called what its module is called: a library's by one of its words, or by their initials. */
const isCalled = (namespace: string, from: string): boolean => {
  const segments = from.replace(/\.[a-z]+$/u, "").split(/[/:]/u)
  if (isOwn(from) || isRelative(from))
    return letters(namespace) === letters((segments.at(-1) ?? "").replace(/^\d+_/u, ""))
  const initials = segments.map((segment) =>
    segment
      .split("-")
      .map((word) => word.charAt(0))
      .join("")
  )
  return [...segments, ...initials].some((segment) => letters(segment).startsWith(letters(namespace)))
}

/** A library's name may give way to that of the module that wraps it. */
export const noImportIsRenamed: Rule = perImport((file, { from, namespace, renamed }) => {
  if (namespace !== undefined && !isCalled(namespace, from)) return `import * as ${namespace} from "${from}"`
  const module = path.basename(file.path).replace(/(?:\.test)?\.[a-z]+$/u, "")
  const wrong = renamed.find(({ name }) => isOwn(from) || isRelative(from) || name !== module)
  return wrong === undefined ? undefined : `import { ${wrong.name} as ${wrong.as} } from "${from}"`
})

export const importsAreDeclared: Rule = ({ files, manifests }) =>
  perImport((file, { from }) => {
    if (isRelative(from) || from.startsWith("node:") || target(from) === packageOf(file.path)) return undefined
    const manifest = manifests.find((one) => one.package === packageOf(file.path))
    return manifest?.dependencies.includes(npmName(from)) === true
      ? undefined
      : `imports ${npmName(from)}, which its package.json does not list`
  })({ files, manifests })

export const declaredAreImported: Rule = ({ files, manifests }) =>
  manifests.flatMap((manifest) => {
    const own = files.filter((file) => packageOf(file.path) === manifest.package)
    const used = new Set(own.flatMap((file) => file.imports.map(({ from }) => npmName(from))))
    return manifest.dependencies
      .filter((name) => !used.has(name))
      .map((name) => ({ path: manifest.path, message: `lists ${name}, which nothing imports` }))
  })

/** Types count as well: two modules that need each other are one concept. */
export const noCycles: Rule = ({ files }) => {
  const known = new Map(files.map((file) => [file.path, file]))
  const resolve = (file: SourceFile, from: string): SourceFile | undefined => {
    if (isRelative(from)) return known.get(path.join(path.dirname(file.path), from))
    if (!isOwn(from)) return undefined
    const [name, ...rest] = from.slice(scope.length).split("/")
    const inside = `${name}/src/${rest.join("/")}.ts`
    return known.get(`packages/${inside}`) ?? known.get(`services/${inside}`)
  }
  const violations: Array<Violation> = []
  const finished = new Set<SourceFile>()
  const trail: Array<SourceFile> = []
  const visit = (file: SourceFile): void => {
    if (finished.has(file)) return
    const at = trail.indexOf(file)
    if (at >= 0) {
      const loop = [...trail.slice(at), file].map((one) => one.path)
      violations.push({ path: file.path, message: `is in a cycle: ${loop.join(" → ")}` })
      return
    }
    trail.push(file)
    for (const { from } of file.imports) {
      const next = resolve(file, from)
      if (next !== undefined) visit(next)
    }
    trail.pop()
    finished.add(file)
  }
  files.forEach(visit)
  return violations
}
