import { defineConfig } from "vitest/config"

/** What `pnpm test:chaos` runs: suites that kill processes, or take longer than a test should. */
export default defineConfig({
  test: {
    include: ["test/chaos/**/*.test.ts"],
    globalSetup: ["test/support/NatsServerFound.ts"],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000
  }
})
