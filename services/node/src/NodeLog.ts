/**
 * The log of a node, on stdout: one line an entry, for programs; or as people like it.
 */
import { Layer, Logger, References } from "effect"
import { type NodeSettings } from "./NodeSettings.ts"

const levels = { trace: "Trace", debug: "Debug", info: "Info", warn: "Warn", error: "Error" } as const

const loggers = { pretty: Logger.consolePretty(), logfmt: Logger.consoleLogFmt, json: Logger.consoleJson } as const

/** Without a level of its own it keeps the one that was set. */
export const layer = ({ log, logLevel }: Pick<NodeSettings, "log" | "logLevel">): Layer.Layer<never> => {
  const logger = Logger.layer([loggers[log]])
  return logLevel === null ? logger : Layer.merge(logger, Layer.succeed(References.MinimumLogLevel, levels[logLevel]))
}
