import { defineConfig } from "vitest/config"

/** If set, a file that gets the results as JSON, beside what is printed. */
const report = process.env["FIBERCAST_TEST_REPORT"]

/** What `pnpm test` runs: everything but the suites that kill processes (`pnpm test:chaos`). */
export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/chaos/**", "**/node_modules/**"],
    globalSetup: ["test/support/PostgresServer.ts", "test/support/NatsServerFound.ts"],
    maxWorkers: 2,
    testTimeout: 90_000,
    hookTimeout: 60_000,
    reporters: report === undefined ? ["default"] : ["default", ["json", { outputFile: report }]]
  }
})
