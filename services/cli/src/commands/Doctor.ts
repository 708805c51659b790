/**
 * `fibercast doctor`: why nothing moves.
 */
import { severity } from "@fibercast/engine/Finding"
import { Console, Effect } from "effect"
import { Command, Flag, TerminalCapabilities } from "effect/cli"
import * as DoctorFindings from "../DoctorFindings.ts"
import * as DoctorReport from "../DoctorReport.ts"
import { Verdict } from "../Ending.ts"
import { Hint } from "../Hint.ts"
import * as Ink from "../Ink.ts"
import { folder, json } from "../SendFlags.ts"

export const command = Command.make(
  "doctor",
  {
    workspace: Flag.String("workspace").pipe(Flag.optional, Flag.withDescription("Of this one only")),
    folder,
    json: json("Print one JSON object: verdict, findings (code, severity, what, why, todo, command), open, nodes")
  },
  Effect.fnUntraced(
    function* (input) {
      const { command } = yield* Hint
      const examined = yield* DoctorFindings.examine(input.folder, input.workspace)
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const ink = canColor ? Ink.coloured : Ink.plain
      yield* Console.log(
        input.json
          ? JSON.stringify(DoctorReport.json(examined, command))
          : DoctorReport.lines(examined, command, ink).join("\n")
      )
      const severities = examined.findings.map(severity)
      if (severities.length > 0) return yield* new Verdict({ code: severities.includes("critical") ? 2 : 1 })
    },
    (run, { folder }) => Effect.provide(run, Hint.layer({ folder, workspace: "default" }))
  )
).pipe(
  Command.withDescription(
    "Look at all that has to work together, and say what does not: database, nodes, schedulers, clocks, lanes that " +
      "nobody serves, pipelines that nobody knows, what is paused, set aside, broken, throttled or stuck; each with what " +
      "mends it. Exit code 0: nothing is in the way; 1: something may be; 2: something is."
  ),
  Command.withShortDescription("Why nothing moves"),
  Command.withExamples([{ command: "fibercast doctor" }, { command: "fibercast doctor --workspace school --json" }])
)
