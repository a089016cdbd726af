/** How the tests run: files side by side in three processes (they wait more than they compute, so two cores carry them), with deadlines that suit real handshakes on a busy machine. */
import { configDefaults, defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    // Minutes of handshakes: a script of its own (npm run test:field).
    exclude: [...configDefaults.exclude, ...(process.env.SSHIM_FIELD ? [] : ["test/field/**"])],
    setupFiles: ["test/support/programs.ts"],
    pool: "forks",
    maxWorkers: 3,
    testTimeout: 180_000,
    hookTimeout: 180_000,
    teardownTimeout: 60_000,
    allowOnly: false,
  },
});
