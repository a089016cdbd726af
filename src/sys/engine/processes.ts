/** Other programs, by the engine's host functions: run to their end or started beside us. */
import type { Beside, Child, Environment, Finished, Program } from "../types.ts";
import { environment } from "./environment.ts";
import { system } from "./system.ts";
import { NUMBERS, readable, whenEnded } from "./waiting.ts";

const { access, close, elapsed, X_OK } = system;
const read = (file: number, into: Uint8Array): number => system.read(file, into, -1);

export const kill = (other: number, signal: "SIGKILL" | "SIGTERM"): void => system.kill(other, NUMBERS[signal]);

const MOST = 4 * 1024 * 1024;

export function run(program: Program, milliseconds?: number): Finished {
  const until = milliseconds === undefined ? undefined : elapsed() + milliseconds;
  const caught: Caught[] = [];
  const fileFor = (where: Program["stdout"]): number => {
    if (where !== "catch") return where ?? -1;
    const [from, to] = system.pipe();
    caught.push({ from, to, chunks: [], length: 0, open: true });
    return to;
  };
  const outputs = [fileFor(program.stdout), fileFor(program.stderr)] as const;
  let pid = 0;
  let error: string | undefined;
  try {
    pid = spawn(program, program.stdin ?? -1, ...outputs);
  } catch (thrown) {
    error = (thrown as { code: string }).code;
  }
  for (const { to } of caught) close(to);
  const late = pid > 0 && !readAll(caught, until);
  const full = caught.some(({ length }) => length > MOST);
  const status = pid > 0 ? waitFor(pid, until, late || full) : undefined;
  for (const { from } of caught) close(from);
  const [stdout, stderr] = [program.stdout, program.stderr].map((where) => (where === "catch" ? join(caught.shift()) : new Uint8Array(0)));
  return {
    code: late || full || status === undefined || status === "late" ? undefined : codeOf(status),
    stdout: stdout as Uint8Array,
    stderr: stderr as Uint8Array,
    late: late || status === "late",
    error: error ?? (late || status === "late" ? "ETIMEDOUT" : full ? "ENOBUFS" : undefined),
  };
}

/** The exit code in a wait status; undefined where a signal ended it. */
function codeOf(status: number): number | undefined {
  return (status & 0x7f) === 0 ? (status >> 8) & 0xff : undefined;
}

interface Caught {
  readonly from: number;
  readonly to: number;
  readonly chunks: Uint8Array[];
  length: number;
  open: boolean;
}

/** Reads the pipes until all have ended or one is full; false at the deadline. */
function readAll(caught: readonly Caught[], until: number | undefined): boolean {
  const chunk = new Uint8Array(65_536);
  for (;;) {
    const open = caught.filter((pipe) => pipe.open);
    if (open.length === 0 || caught.some(({ length }) => length > MOST)) return true;
    const left = until === undefined ? -1 : until - elapsed();
    if (until !== undefined && left <= 0) return false;
    const ready = system.poll(
      open.map(({ from }) => from),
      left,
    );
    for (const [index, pipe] of open.entries()) {
      const count = ready[index] ? read(pipe.from, chunk) : -1;
      if (count === 0) pipe.open = false;
      if (count <= 0) continue;
      pipe.chunks.push(chunk.slice(0, count));
      pipe.length += count;
    }
  }
}

/** Its wait status; ends it where it has to, or at the deadline. */
function waitFor(child: number, until: number | undefined, ends: boolean): number | "late" {
  if (ends) kill(child, "SIGKILL");
  for (let late = false; ; ) {
    const status = system.ended(child);
    if (status !== undefined) return late ? "late" : status;
    const left = until === undefined || ends || late ? -1 : until - elapsed();
    if (until !== undefined && !ends && !late && left <= 0) {
      late = true;
      kill(child, "SIGKILL");
    } else {
      system.poll([], left);
    }
  }
}

function join(caught: Caught | undefined): Uint8Array {
  const { chunks, length } = caught as Caught;
  const first = chunks[0];
  if (chunks.length === 1 && first !== undefined) return first;
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

export function start(program: Beside): Child {
  const input = program.stdin === "pipe" ? system.pipe() : undefined;
  const output = program.stdout === "pipe" ? system.pipe() : undefined;
  let pid = 0;
  try {
    pid = spawn(
      program,
      input?.[0] ?? (program.stdin as number | undefined) ?? -1,
      output?.[1] ?? (program.stdout as number | undefined) ?? -1,
      program.stderr ?? -1,
    );
  } catch {
    // It has ended without a code.
  }
  if (input) close(input[0]);
  if (output) close(output[1]);
  let hung = input === undefined;
  const ended = pid === 0 ? Promise.resolve(undefined) : whenEnded(pid).then((status) => ({ code: codeOf(status) }));
  return {
    pid,
    ended,
    spoke: output === undefined ? Promise.resolve(false) : speaks(output[0]),
    hangUp() {
      if (!hung && input) close(input[1]);
      hung = true;
    },
    kill: (signal) => kill(pid, signal),
  };
}

async function speaks(file: number): Promise<boolean> {
  await readable(file);
  return read(file, new Uint8Array(1)) > 0;
}

/** Throws the errno's name where it cannot be started. */
function spawn(program: Program | Beside, stdin: number, stdout: number, stderr: number): number {
  const { path, name, words, folder } = program;
  const found = path.includes("/") ? path : (search(path) ?? path);
  return system.spawn(found, [name ?? path, ...words], variablesFor(program.environment), folder ?? "", stdin, stdout, stderr);
}

/** Entry by entry as we have them where nothing was changed: no byte of the environment is made anew. */
function variablesFor(wanted: Environment | undefined): string[] {
  if (wanted === undefined) return system.variables;
  const before = environment();
  const kept = system.variables.filter((entry) => {
    const equals = entry.indexOf("=");
    const name = entry.slice(0, Math.max(0, equals));
    return equals <= 0 || (wanted[name] !== undefined && wanted[name] === before[name]);
  });
  const changed = Object.entries(wanted).filter(([name, value]) => value !== undefined && value !== before[name]);
  return [...kept, ...changed.map(([name, value]) => `${name}=${value}`)];
}

function search(name: string): string | undefined {
  const folders = (environment().PATH || "/usr/bin:/bin").split(":");
  return folders
    .map((folder) => `${folder || "."}/${name}`)
    .find((path) => {
      try {
        access(path, X_OK);
        return true;
      } catch {
        return false;
      }
    });
}
