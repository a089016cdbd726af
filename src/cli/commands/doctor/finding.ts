/** What the doctor says of one thing: what is so, what follows, what to do. And how it runs its experiments. */
import { spawnSync } from "node:child_process";
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

export function good(id: string, what: string): Finding {
  return { id, level: "ok", what, consequence: "", remedy: "", fixed: false };
}

export function note(id: string, what: string, consequence: string, remedy: string): Finding {
  return { id, level: "note", what, consequence, remedy, fixed: false };
}

export function problem(id: string, what: string, consequence: string, remedy: string): Finding {
  return { id, level: "problem", what, consequence, remedy, fixed: false };
}

export function fixed(id: string, what: string): Finding {
  return { id, level: "ok", what, consequence: "", remedy: "", fixed: true };
}

export interface Trial {
  code: number | undefined;
  stdout: string;
  stderr: string;
  ms: number;
  timedOut: boolean;
}

/** Runs a program to its end, at most so many milliseconds, with nothing on stdin. Never throws. */
export function tryProgram(program: string, args: readonly string[], env: NodeJS.ProcessEnv, timeout: number): Trial {
  const began = performance.now();
  const result = spawnSync(program, [...args], {
    env,
    timeout,
    killSignal: "SIGKILL",
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "latin1",
  });
  const timedOut = (result.error as NodeJS.ErrnoException | undefined)?.code === "ETIMEDOUT" || result.signal === "SIGKILL";
  return {
    code: result.status ?? undefined,
    stdout: result.stdout ?? "",
    stderr: result.stderr ?? "",
    ms: performance.now() - began,
    timedOut,
  };
}
