/**
 * Asks before something is done that cannot be undone.
 */
import { Effect } from "effect"
import { Prompt, TerminalCapabilities } from "effect/cli"
import { Misused } from "./Ending.ts"

/** Whether it may be done: `yes` says so already; where nobody can be asked, that is a usage error. */
export const agreed = Effect.fnUntraced(function* (question: string, yes: boolean) {
  if (yes) return true
  const { canPrompt } = yield* TerminalCapabilities.TerminalCapabilities
  if (!canPrompt) return yield* new Misused({ message: `${question} Nobody can be asked here: add --yes.` })
  return yield* Effect.orElseSucceed(Prompt.run(Prompt.Confirm({ message: question })), () => false)
})
