/**
 * Asks before something is done that is not easily undone.
 */
import { Effect } from "effect"
import { Prompt, TerminalCapabilities } from "effect/cli"
import { Misused } from "./Ending.ts"

/** Whether the person at the terminal agrees. Where there is none, it is refused unless it was agreed to before. */
export const agreed = Effect.fnUntraced(function* (question: string, yes: boolean) {
  if (yes) return true
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return yield* new Misused({ message: `${question} Nobody can be asked here: add --yes.` })
  return yield* Effect.orElseSucceed(Prompt.run(Prompt.Confirm({ message: question })), () => false)
})
