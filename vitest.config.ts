/** How the tests run: files side by side in three processes (they wait more than they compute, so two cores carry them), with deadlines that suit real handshakes on a busy machine. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    setupFiles: ["test/support/programs.ts"],
    pool: "forks",
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    allowOnly: false,
  },
});
