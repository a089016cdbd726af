/**
 * What a test file imports: sshd, runs, temporary directories; the tear-down at the end of the file is registered by importing it.
 * The demo and the benchmarks import `tools.ts` instead, which needs no vitest.
 */
import { afterAll } from "vitest";
import { tearDown } from "./tools.ts";

export * from "./tools.ts";

// Hooks run last-registered first, so the file's own afterAll come before this one.
afterAll(tearDown);
