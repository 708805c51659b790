/**
 * One step of the schema: a numbered list of statements, applied in one transaction, never edited
 * once released. Its checksum is what a database remembers it by.
 */
import { createHash } from "node:crypto"

export interface Migration {
  /** From 1, without gaps, in the order of application. */
  readonly id: number
  /** Says what it does, in words: `initial schema`. */
  readonly name: string
  /** Each a single SQL statement: the wire protocol takes no lists of them in one string. */
  readonly statements: ReadonlyArray<string>
  /** SHA-256 over the statements as written, leading and trailing white space aside. */
  readonly checksum: string
}

export const make = (options: Omit<Migration, "checksum">): Migration => ({
  ...options,
  checksum: createHash("sha256")
    .update(options.statements.map((statement) => statement.trim()).join("\n;\n"))
    .digest("hex")
})
