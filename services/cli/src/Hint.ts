/**
 * Commands as people can paste them: started the way this program was started, and looking where this run looks.
 */
import { Config, Context, Effect, Layer } from "effect"

/** Through the clone's pnpm there is no `fibercast` on the path. */
const throughPnpm = Config.String("npm_package_name").pipe(
  Effect.map((name) => name === "fibercast"),
  Effect.orElseSucceed(() => false)
)

const pnpm = "npx -y pnpm@12 "

/** A word as a shell takes it. */
export const quoted = (word: string): string =>
  /^[\w./:@%+=,-]+$/u.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`

export interface Place {
  readonly folder: string
  readonly workspace: string
}

const defaults: Place = { folder: ".fibercast", workspace: "default" }

export class Hint extends Context.Service<
  Hint,
  {
    /** How the program is started. */
    readonly program: string
    /** The whole command: `campaign show 1` becomes `fibercast campaign show 1 --folder /x`. */
    readonly command: (words: string) => string
  }
>()("fibercast/cli/Hint") {
  /** Flags that are what they are anyway are left out. */
  static readonly layer = (place: Place): Layer.Layer<Hint> =>
    Layer.effect(
      Hint,
      Effect.map(throughPnpm, (long) => {
        const flags = (["workspace", "folder"] as const)
          .filter((name) => place[name] !== defaults[name])
          .map((name) => ` --${name} ${quoted(place[name])}`)
          .join("")
        const program = `${long ? pnpm : ""}fibercast`
        return Hint.of({ program, command: (words) => `${program} ${words}${flags}` })
      })
    )
}

/** A text that names commands in backticks by the program's name alone, so that they work when pasted. */
export const typed = (text: string): Effect.Effect<string> =>
  Effect.map(throughPnpm, (long) =>
    long ? text.replaceAll(/`([A-Z_]+=… )?fibercast /gu, `\`$1${pnpm}fibercast `) : text
  )
