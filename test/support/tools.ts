/**
 * Everything of the harness that needs no test runner; callers end with `await tearDown()`.
 */
export * from "./files.ts";
export * from "./fixture.ts";
export * from "./gate.ts";
export * from "./processes.ts";
export * from "./programs.ts";
export * from "./run.ts";
export * from "./sshd.ts";
export * from "./teardown.ts";
export * from "./temporary.ts";
