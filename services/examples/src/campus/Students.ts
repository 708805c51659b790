/**
 * Who a student is, by a signed token: name, groups, and until when it holds. It stands for the campus' own login.
 */
import { Clock, Config, Context, Effect, Layer, Option, Redacted, Schema } from "effect"
import { createHmac, randomBytes, timingSafeEqual } from "node:crypto"
import { name } from "./Messages.ts"

export const Student = Schema.Struct({ name, rooms: Schema.Array(name).check(Schema.isMaxLength(50)) })
export type Student = typeof Student.Type

const Token = Schema.fromJsonString(Schema.Struct({ ...Student.fields, until: Schema.Number }))

/** Milliseconds: twelve hours. */
const valid = 43_200_000

export class Students extends Context.Service<
  Students,
  {
    /** A token for the student. */
    readonly login: (student: Student) => Effect.Effect<string>
    /** Whose token it is; none if it was not signed here, or holds no more. */
    readonly who: (token: string) => Effect.Effect<Option.Option<Student>>
  }
>()("fibercast/examples/campus/Students") {
  /** Signs with `CAMPUS_SECRET`; without it tokens hold as long as the process runs. */
  static readonly layerConfig = Layer.effect(
    Students,
    Effect.gen(function* () {
      const configured = yield* Config.option(Config.Redacted("CAMPUS_SECRET"))
      const secret = Option.match(configured, { onNone: () => randomBytes(32), onSome: Redacted.value })
      const sign = (text: string) => createHmac("sha256", secret).update(text).digest()

      return Students.of({
        login: Effect.fnUntraced(function* (student) {
          const until = (yield* Clock.currentTimeMillis) + valid
          const text = Buffer.from(yield* Effect.orDie(Schema.encodeEffect(Token)({ ...student, until })))
          const body = text.toString("base64url")
          return `${body}.${sign(body).toString("base64url")}`
        }),
        who: Effect.fnUntraced(function* (token) {
          const [body = "", signature = ""] = token.split(".")
          const [given, wanted] = [Buffer.from(signature, "base64url"), sign(body)]
          if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) return Option.none()
          const read = yield* Effect.option(Schema.decodeEffect(Token)(Buffer.from(body, "base64url").toString("utf8")))
          const now = yield* Clock.currentTimeMillis
          return Option.filter(read, ({ until }) => until > now)
        })
      })
    })
  )
}
