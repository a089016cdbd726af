// Who is compared: the real ssh and the shim, each with its program, its clean environment and its own ControlPath. It runs nothing itself
// but a reset script.
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnv, mastersOf, processesOf, realProgram, type Sshd, shimProgram, temporary } from "../../test/support/tools.ts";
import type { Command } from "./timer.ts";

export type SideName = "raw" | "sshim";

export interface Side {
  name: SideName;
  program: string;
  environment: Record<string, string>;
  /** a directory of its own, for ControlPaths; SSHIM_DIR lies in it */
  directory: string;
  /** ControlMaster=auto with a ControlPath of this side: what Coolify, Deployer and Ansible pass */
  sharing: string[];
}

/** Both sides against one server, each with a directory, a ControlPath and (the shim) a runtime directory of its own. */
export function makeSides(home: string): { raw: Side; sshim: Side } {
  return { raw: makeSide("raw", home), sshim: makeSide("sshim", home) };
}

export function makeSide(name: SideName, home: string): Side {
  const directory = temporary("b-");
  const run = join(directory, "r");
  mkdirSync(run, { mode: 0o700 });
  const sharing = ["-o", "ControlMaster=auto", "-o", `ControlPath=${directory}/%p`, "-o", "ControlPersist=600"];
  const environment = cleanEnv(name === "raw" ? "real" : "shim", { home, run });
  return { name, program: name === "raw" ? realProgram : shimProgram, environment, directory, sharing };
}

/** A command for the timer: this side's ssh with these words. */
export function sshCommand(side: Side, label: string, words: string[], more: Partial<Command> = {}): Command {
  return { name: label, words: [side.program, ...words], environment: side.environment, ...more };
}

/** A script that takes this side's master away and waits until it is gone; `forget` also removes every ticket. */
export function writeReset(side: Side, server: Sshd, words: string[], forget: boolean): string {
  const file = join(side.directory, forget ? "forget" : "reset");
  const run = side.environment.SSHIM_DIR ?? "";
  const command = [side.program, ...words, server.host].map((word) => `'${word}'`).join(" ");
  const lines = [
    "#!/bin/sh",
    `check() { ${command.replace("' ", "' -O check ")} 2>&1; }`,
    'pid=$(check | sed -n "s/.*(pid=\\([0-9]*\\)).*/\\1/p")',
    'if [ -n "$pid" ]; then',
    `  ${command.replace("' ", "' -O exit ")} 2>/dev/null`,
    '  while kill -0 "$pid" 2>/dev/null; do sleep 0.005; done',
    "fi",
    forget ? `rm -rf '${run}'/*` : ":",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Ends every master that belongs to this side, listening or not, and waits until all are gone. */
export function endSide(side: Side, left: { pid: number }[] = []): void {
  const pids = new Set([
    ...left.map(({ pid }) => pid),
    ...mastersOf(side.environment.SSHIM_DIR ?? ""),
    ...processesOf(side.directory).map(({ pid }) => pid),
  ]);
  for (const signal of ["SIGTERM", "SIGKILL"] as const) {
    const alive = [...pids].filter((pid) => kill(pid, signal));
    const deadline = performance.now() + 2000;
    while (alive.some((pid) => kill(pid, 0)) && performance.now() < deadline) execFileSync("sleep", ["0.02"]);
  }
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}
