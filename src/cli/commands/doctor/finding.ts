/** What the doctor says of one thing: what is so, what follows, what to do; and its experiments. */
import { elapsed } from "../../../sys/clock.ts";
import type { Environment } from "../../../sys/environment.ts";
import { run } from "../../../sys/processes.ts";
import { decodeLatin1 } from "../../../sys/text.ts";
import type { Context } from "../../command.ts";
import type { Finding } from "../../interface.ts";
import type { RealSshFound } from "../../place.ts";

/** What every check is given. */
export interface DoctorContext {
  context: Context;
  run: string;
  front: string;
  real: RealSshFound;
  fix: boolean;
}

/** What follows from a finding, and what to do. */
export type Advice = readonly [consequence: string, remedy: string];

export function good(id: string, what: string): Finding {
  return { id, level: "ok", what, consequence: "", remedy: "", fixed: false };
}

export function note(id: string, what: string, [consequence, remedy]: Advice): Finding {
  return { id, level: "note", what, consequence, remedy, fixed: false };
}

export function problem(id: string, what: string, [consequence, remedy]: Advice): Finding {
  return { id, level: "problem", what, consequence, remedy, fixed: false };
}

export function fixed(id: string, what: string): Finding {
  return { ...good(id, what), fixed: true };
}

export interface Trial {
  code: number | undefined;
  stdout: string;
  stderr: string;
  ms: number;
  timedOut: boolean;
}

/** Runs a program to its end, at most so many milliseconds, with nothing on stdin. Never throws. */
export function tryProgram(program: string, args: readonly string[], env: Environment, timeout: number): Trial {
  const began = elapsed();
  const done = run({ path: program, words: args, environment: env, stdout: "catch", stderr: "catch" }, timeout);
  const [stdout, stderr] = [decodeLatin1(done.stdout), decodeLatin1(done.stderr)];
  return { code: done.code, stdout, stderr, ms: elapsed() - began, timedOut: done.late };
}
