import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

/** What `pnpm test:chaos` runs: suites that kill processes, or take longer than a test should. */
export default defineConfig({
  test: {
    include: ["test/chaos/**/*.test.ts"],
    globalSetup: [fileURLToPath(new URL("../support/NatsServerFound.ts", import.meta.url))],
    fileParallelism: false,
    testTimeout: 300_000,
    hookTimeout: 120_000
  }
})
