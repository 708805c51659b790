/**
 * One source file as the rules see it. Imports and names come from a TypeScript parser, so comments and strings
 * cannot fool them.
 */
import { parseAst } from "vitest/node"

/** `from` is the specifier as written. */
export interface Import {
  readonly from: string
  /** Names taken under another name. */
  readonly renamed: ReadonlyArray<{ readonly name: string; readonly as: string }>
  /** `import * as <namespace>`. */
  readonly namespace: string | undefined
  /** Names taken. */
  readonly names: ReadonlyArray<string>
}

export interface SourceFile {
  /** From the repository's root, with `/`. */
  readonly path: string
  readonly lines: number
  readonly imports: ReadonlyArray<Import>
  /** What `export * from` and `export { } from` name. */
  readonly reexports: ReadonlyArray<{ readonly from: string; readonly all: boolean }>
  /** Whether it exports anything of its own, or does anything. */
  readonly substance: boolean
  /** Dotted names read in expressions (`process.env`, `Date.now`), `new X()` and `X()` without arguments as written so. */
  readonly uses: ReadonlySet<string>
  /** `async` functions and `await`, `as unknown as`, counted. */
  readonly promises: number
  readonly doubleCasts: number
}

/** `packages/engine/src/Feeder.ts` → `engine`; tests belong to `test`. */
export const packageOf = (path: string): string => {
  const [top = "", name = ""] = path.split("/")
  return top === "packages" || top === "services" ? name : top
}

type Node = Readonly<Record<string, unknown>> & { readonly type: string }

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

const text = (value: unknown): string => (typeof value === "string" ? value : "")
const nodes = (value: unknown): ReadonlyArray<Node> => (Array.isArray(value) ? value.filter(isNode) : [])
const child = (node: Node, key: string): Node | undefined => {
  const value = node[key]
  return isNode(value) ? value : undefined
}
/** The name of an identifier, or the text of a string literal. */
const named = (node: Node | undefined): string => text(node?.["name"]) || text(node?.["value"])

/** `a.b.c` for a chain of plain members, "" for anything else. */
const dotted = (node: Node | undefined): string => {
  if (node === undefined) return ""
  if (node.type === "Identifier") return named(node)
  if (node.type !== "MemberExpression" || node["computed"] === true) return ""
  const object = dotted(child(node, "object"))
  return object === "" ? "" : `${object}.${named(child(node, "property"))}`
}

export const parse = (path: string, source: string): SourceFile => {
  const imports: Array<Import> = []
  const reexports: Array<{ readonly from: string; readonly all: boolean }> = []
  const uses = new Set<string>()
  let [substance, promises, doubleCasts] = [false, 0, 0]
  const plain = (from: Node | undefined) =>
    imports.push({ from: named(from), renamed: [], namespace: undefined, names: [] })

  const visit = (node: Node): void => {
    switch (node.type) {
      case "ImportDeclaration":
        imports.push(importOf(node))
        return
      case "ExportAllDeclaration":
        reexports.push({ from: named(child(node, "source")), all: true })
        plain(child(node, "source"))
        return
      case "ExportNamedDeclaration": {
        const source = child(node, "source")
        if (source === undefined) break
        reexports.push({ from: named(source), all: false })
        plain(source)
        return
      }
      case "ImportExpression":
      case "TSImportType":
      case "TSExternalModuleReference": {
        const from = child(node, "source") ?? child(node, "argument") ?? child(node, "expression")
        // What is computed is a file that the user names, and no package of ours.
        if (from?.type !== "CallExpression" && from?.type !== "MemberExpression") plain(from)
        break
      }
      case "MemberExpression":
        uses.add(dotted(node))
        break
      case "Identifier":
        uses.add(named(node))
        return
      case "NewExpression":
      case "CallExpression": {
        const callee = dotted(child(node, "callee"))
        if (callee === "require") plain(nodes(node["arguments"])[0])
        const bare = nodes(node["arguments"]).length === 0 ? "()" : "(…)"
        uses.add(`${node.type === "NewExpression" ? "new " : ""}${callee}${bare}`)
        break
      }
      case "AwaitExpression":
        promises += 1
        break
      case "TSAsExpression":
        if (child(node, "expression")?.type === "TSAsExpression") doubleCasts += 1
        break
    }
    if (node["async"] === true) promises += 1
    for (const [key, value] of Object.entries(node)) {
      // `a.name` and `{ name: 1 }` do not read the global `name`.
      const label =
        (node.type === "MemberExpression" && key === "property") || (node.type === "Property" && key === "key")
      if (label && node["computed"] !== true) continue
      if (isNode(value)) visit(value)
      else nodes(value).forEach(visit)
    }
  }

  for (const statement of nodes(program(source).body)) {
    visit(statement)
    substance ||= !/^(?:Import|ExportAll)/u.test(statement.type) && child(statement, "source") === undefined
  }
  uses.delete("")
  return { path, lines: lineCount(source), imports, reexports, substance, uses, promises, doubleCasts }
}

const program = (source: string): { readonly body: unknown } => parseAst(source, { lang: "ts" })

const lineCount = (source: string): number => source.replace(/\n$/u, "").split("\n").length

const importOf = (node: Node): Import => {
  const specifiers = nodes(node["specifiers"])
  const ordinary = specifiers.filter(({ type }) => type === "ImportSpecifier")
  const pairs = ordinary.map((one) => ({ name: named(child(one, "imported")), as: named(child(one, "local")) }))
  const namespace = specifiers.find(({ type }) => type === "ImportNamespaceSpecifier")
  return {
    from: named(child(node, "source")),
    renamed: pairs.filter((pair) => pair.name !== pair.as),
    namespace: namespace === undefined ? undefined : named(child(namespace, "local")),
    names: pairs.map(({ name }) => name)
  }
}
