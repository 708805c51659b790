/**
 * A mail server on this machine that keeps what it was given, and reads it as a recipient would.
 */
import { Effect, type Scope } from "effect"
import PostalMime, { type Email } from "postal-mime"
import { SMTPServer } from "smtp-server"

export interface Login {
  readonly user: string
  readonly password: string
}

export interface Options {
  /** Without one nobody need sign in. */
  readonly login?: Login | undefined
  /** False: it does not offer TLS. Default true, with a certificate that nobody has signed. */
  readonly offersTls?: boolean | undefined
}

export interface MailServer {
  readonly port: number
  readonly received: ReadonlyArray<{ readonly to: ReadonlyArray<string>; readonly email: Email }>
  /** The logins that were tried. */
  readonly logins: ReadonlyArray<Login>
  /** What the next messages are answered, one after the other; then they are taken. */
  readonly refusals: Array<{ readonly code: number; readonly text: string }>
  /** Returns when so many were given to it, taken or not, which no clock of a test hurries. */
  readonly awaitCount: (count: number) => Effect.Effect<void>
}

const refusal = (code: number, text: string): Error => Object.assign(new Error(text), { responseCode: code })

/** Ends with the scope. */
export const make = ({ login, offersTls = true }: Options = {}): Effect.Effect<MailServer, never, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<{ readonly to: ReadonlyArray<string>; readonly email: Email }> = []
    const logins: Array<Login> = []
    const refusals: Array<{ readonly code: number; readonly text: string }> = []
    const given: Array<ReadonlyArray<string>> = []
    const server = new SMTPServer({
      authOptional: login === undefined,
      allowInsecureAuth: true,
      disabledCommands: offersTls ? [] : ["STARTTLS"],
      onAuth: (auth, _session, done) => {
        const password = auth.password ?? ""
        const user = auth.username ?? ""
        logins.push({ user, password })
        if (user === login?.user && password === login.password) return done(null, { user })
        return done(refusal(535, `5.7.8 no login for ${user} with ${password}`))
      },
      onRcptTo: ({ address }, _session, done) =>
        address.startsWith("nobody@") ? done(refusal(550, `5.1.1 ${address} is nobody`)) : done(),
      onData: (stream, session, done) => {
        const chunks: Array<Buffer> = []
        stream.on("data", (chunk: Buffer) => void chunks.push(chunk))
        stream.on("end", () => {
          const refused = refusals.shift()
          const to = session.envelope.rcptTo.map(({ address }) => address)
          PostalMime.parse(Buffer.concat(chunks)).then(
            (email) => {
              if (refused === undefined) received.push({ to, email })
              given.push(to)
              done(refused === undefined ? null : refusal(refused.code, refused.text))
            },
            (error: unknown) => done(error instanceof Error ? error : new Error(String(error)))
          )
        })
      }
    })
    server.on("error", () => {
      // A client that does not trust its certificate breaks off.
    })
    const port = yield* Effect.acquireRelease(
      Effect.callback<number>((resume) => {
        const listening = server.listen(0, "127.0.0.1", () => {
          const address = listening.address()
          resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0))
        })
      }),
      () => Effect.callback<void>((resume) => server.close(() => resume(Effect.void)))
    )
    return {
      port,
      received,
      logins,
      refusals,
      awaitCount: Effect.fnUntraced(function* (count) {
        while (given.length < count) yield* Effect.yieldNow
      })
    }
  })
