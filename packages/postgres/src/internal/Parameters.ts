/**
 * Typed parameters of prepared statements. Every one names its Postgres type, so that a statement is
 * planned once, whatever its values: all nulls, small or large.
 */
import { PgTypes } from "@effect/sql-pg"
import { Result } from "effect"

/** Milliseconds, or a count. Fractions are rounded. */
export const int8 = (value: number | bigint | null): PgTypes.Parameter =>
  PgTypes.int8(value === null ? null : wide(value))

export const int8s = (values: ReadonlyArray<number | bigint | null>): PgTypes.Parameter =>
  array(
    values.map((value) => (value === null ? null : wide(value))),
    PgTypes.OID.int8
  )

/** The least and the greatest. */
export const range = (ids: ReadonlyArray<bigint>) => [
  int8(ids.reduce((least, id) => (id < least ? id : least), ids[0] ?? 0n)),
  int8(ids.reduce((greatest, id) => (id > greatest ? id : greatest), ids[0] ?? 0n))
]

export const int4 = PgTypes.int4

export const int4s = (values: ReadonlyArray<number | null>): PgTypes.Parameter => array(values, PgTypes.OID.int4)

export const int2 = PgTypes.int2

export const int2s = (values: ReadonlyArray<number | null>): PgTypes.Parameter => array(values, PgTypes.OID.int2)

export const bools = (values: ReadonlyArray<boolean | null>): PgTypes.Parameter => array(values, PgTypes.OID.bool)

/** Postgres keeps no U+0000 in texts; it becomes U+FFFD. */
export const text = (value: string | null): PgTypes.Parameter => PgTypes.text(storable(value))

/** As `text`, of the type that the statement gives it. */
export const literal = (value: string): string => storable(value)

export const texts = (values: ReadonlyArray<string | null>): PgTypes.Parameter =>
  array(values.map(storable), PgTypes.OID.text)

const array = (values: ReadonlyArray<unknown>, oid: number): PgTypes.Parameter =>
  Result.getOrThrow(PgTypes.array(values, oid))

const wide = (value: number | bigint): bigint => (typeof value === "bigint" ? value : BigInt(Math.round(value)))

const storable = <A extends string | null>(value: A): A | string =>
  value !== null && value.includes("\u0000") ? value.replaceAll("\u0000", "\uFFFD") : value
