/**
 * The school's register: which children are in which class, and who was told of which month.
 *
 * A child is told of a month once, whatever class it is in by then. On Postgres what `tell` does in the register's
 * transaction exists if and only if the children are marked as told.
 */
import { Context, Effect, Layer, Schema, Semaphore } from "effect"
import { SqlClient, type SqlError } from "effect/sql"

export const Student = Schema.Struct({
  /** The child's number at the school. */
  nis: Schema.NonEmptyString,
  name: Schema.NonEmptyString,
  /** A parent's number, as it was typed in. */
  phone: Schema.String,
  className: Schema.NonEmptyString
})
export type Student = typeof Student.Type

/** What is told: the report of a month, like `2026-01`, to the parents of a class. */
export interface Round {
  readonly month: string
  readonly className: string
}

/** The children to be told now, by number, never none; and how many of their class were told of the month before. */
export interface Untold {
  readonly children: ReadonlyArray<Student>
  readonly before: number
}

export class Register extends Context.Service<
  Register,
  {
    /** Adds the child, or changes what is known of it. */
    readonly put: (student: Student) => Effect.Effect<void, SqlError.SqlError>
    /** In alphabetical order. */
    readonly classes: Effect.Effect<ReadonlyArray<string>, SqlError.SqlError>
    /** Marks who of the class was not told yet as told, and does `how` with them, or neither. Null: nobody is left to tell. */
    readonly tell: <A, E, R>(
      round: Round,
      how: (untold: Untold) => Effect.Effect<A, E, R>
    ) => Effect.Effect<A | null, E | SqlError.SqlError, R>
  }
>()("fibercast/examples/school/Register") {
  static readonly layerMemory: Layer.Layer<Register> = Layer.sync(Register, () => {
    const students = new Map<string, Student>()
    /** By month and child, the class it was in. */
    const told = new Map<string, string>()
    const turn = Semaphore.makeUnsafe(1)

    const tell: Register["Service"]["tell"] = (round, how) =>
      Effect.gen(function* () {
        const { className, month } = round
        const keyOf = ({ nis }: Student) => `${month}/${nis}`
        const children = [...students.values()]
          .filter((one) => one.className === className && !told.has(keyOf(one)))
          .toSorted((a, b) => (a.nis < b.nis ? -1 : 1))
        if (children.length === 0) return null
        const before = [...told].filter(([key, inClass]) => key.startsWith(`${month}/`) && inClass === className).length
        const answer = yield* how({ children, before })
        for (const child of children) told.set(keyOf(child), className)
        return answer
      }).pipe(turn.withPermit)

    return Register.of({
      put: (student) => Effect.sync(() => void students.set(student.nis, student)),
      classes: Effect.sync(() => [...new Set([...students.values()].map(({ className }) => className))].toSorted()),
      tell
    })
  })

  static readonly layerSql: Layer.Layer<Register, SqlError.SqlError, SqlClient.SqlClient> = Layer.effect(
    Register,
    Effect.gen(function* () {
      const sql = yield* SqlClient.SqlClient
      yield* sql`create table if not exists school_students (
        nis text primary key, name text not null, phone text not null, class_name text not null)`
      yield* sql`create table if not exists school_told (
        month text not null, nis text not null, class_name text not null, primary key (month, nis))`

      /** Whoever tells of the same children at the same time waits here, and then finds nobody left. */
      const mark = ({ className, month }: Round) => sql<Student>`
        with told as (
          insert into school_told (month, nis, class_name)
          select ${month}, nis, class_name from school_students where class_name = ${className} order by nis
          on conflict do nothing returning nis)
        select nis, name, phone, class_name as "className" from school_students join told using (nis) order by nis`

      const countTold = ({ className, month }: Round) => sql<{ readonly count: number }>`
        select count(*)::int4 as count from school_told where month = ${month} and class_name = ${className}`

      return Register.of({
        put: ({ className, name, nis, phone }) =>
          Effect.asVoid(sql`insert into school_students (nis, name, phone, class_name)
            values (${nis}, ${name}, ${phone}, ${className}) on conflict (nis) do update
            set name = excluded.name, phone = excluded.phone, class_name = excluded.class_name`),
        classes: Effect.map(
          sql<{ readonly name: string }>`select distinct class_name as name from school_students order by 1`,
          (rows) => rows.map(({ name }) => name)
        ),
        tell: (round, how) =>
          sql.withTransaction(
            Effect.gen(function* () {
              const children = yield* mark(round)
              if (children.length === 0) return null
              const [all] = yield* countTold(round)
              return yield* how({ children, before: (all?.count ?? 0) - children.length })
            })
          )
      })
    })
  )
}
