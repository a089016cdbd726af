/**
 * The stage of the field's tests: two machines and two persons on loopback, and scenes that are played with the real ssh first and then with
 * sshim, each in a folder and a runtime directory of its own. Every call of a scene tells which machine it reached, and as whom.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  cleanEnv,
  endProcesses,
  processesOf,
  type Result,
  type RunOptions,
  realProgram,
  run,
  type Sshd,
  type SshdOptions,
  shimProgram,
  start,
  startSshd,
  temporary,
} from "../support/index.ts";
import { open } from "./open.ts";

/** The remote command of most scenes: the machine and the person that were reached. */
export const reach = "echo $WHERE $WHO";

export interface Field {
  one: Sshd;
  two: Sshd;
  /** private keys that both machines accept; `carol` is accepted by neither until a test says so */
  keys: { alice: string; bob: string; carol: string };
  /** known_hosts with both machines, by their ports and by the alias `box` */
  known: string;
}

/** Two servers that accept two keys each, and say WHERE and WHO to every command. The second has the first one's port, too: at 127.0.0.2. */
export async function startField(options: { one?: SshdOptions; two?: SshdOptions } = {}): Promise<Field> {
  const folder = scratch();
  const keys = { alice: makeKey(folder, "alice"), bob: makeKey(folder, "bob"), carol: makeKey(folder, "carol") };
  const machine = async (name: "one" | "two", listen: string[] = []) => {
    const more = options[name] ?? {};
    const config = ["PermitUserEnvironment HOME,WHO,WHERE", ...listen, ...(more.config ?? [])];
    const sshd = await startSshd({ ...more, host: name, config });
    for (const who of ["alice", "bob"] as const) accept(sshd, name, who, keys[who]);
    return sshd;
  };
  const one = await machine("one");
  const two = await machine("two", [`ListenAddress 127.0.0.2:${one.port}`]);
  const known = join(folder, "known");
  const hostKey = (sshd: Sshd) => readFileSync(join(sshd.directory, "host_key.pub"), "utf8").trim();
  writeFileSync(known, [one, two].map((sshd) => `[127.0.0.1]:${sshd.port},[localhost]:${sshd.port},box ${hostKey(sshd)}\n`).join(""));
  return { one, two, keys, known };
}

/** Makes an ed25519 key without a passphrase (or with one) and returns its path. All have comments of one length, so that their files do. */
export function makeKey(folder: string, name: string, passphrase = ""): string {
  const file = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", passphrase, "-C", name.slice(0, 5).padEnd(5, "-"), "-f", file]);
  return file;
}

/** Lets a key in, with the words that its commands see. */
export function accept(sshd: Sshd, where: string, who: string, key: string): void {
  const line = `environment="WHERE=${where}",environment="WHO=${who}",environment="HOME=${sshd.home}" ${readFileSync(`${key}.pub`, "utf8")}`;
  writeFileSync(join(sshd.directory, "authorized_keys"), line, { flag: "a" });
}

/** An ssh_config: the scene's own lines, which win, then what every host of the field has. */
export function writeConfig(file: string, field: Field, lines: readonly string[], key = field.keys.alice): string {
  const common = [
    "Host *",
    "  HostName 127.0.0.1",
    `  User ${field.one.user}`,
    `  IdentityFile ${key}`,
    "  IdentitiesOnly yes",
    `  UserKnownHostsFile ${field.known}`,
    "  GlobalKnownHostsFile /dev/null",
    "  StrictHostKeyChecking yes",
  ];
  writeFileSync(file, `${[...lines, ...common].join("\n")}\n`, { mode: 0o600 });
  return file;
}

/** The words that lead to `box`, whose block in ssh_config has these lines: machine one as alice, if nothing else is said. */
export function toBox(side: Side, field: Field, lines: readonly string[] = [], key = field.keys.alice): string[] {
  const block = [...lines, "HostKeyAlias box", `Port ${field.one.port}`].map((text) => `  ${text}`);
  return ["-F", writeConfig(side.path("config"), field, ["Host box", ...block], key), "box"];
}

/** What a call showed; the folder of its side is one word, so that both sides can be compared. */
export interface Shown {
  stdout: string;
  stderr: string;
  exitCode: number | undefined;
}

/** All of it in one line: the exit code, stdout, and what was written to stderr. */
export const line = ({ stdout, stderr, exitCode }: Shown): string =>
  [`${exitCode}:`, stdout.trim(), stderr.trim() && `! ${stderr.trim().replace(/port \d+/g, "port N")}`].filter(Boolean).join(" ");

/** The same of a process that was started, when it has ended. */
export const endOf = async (process: ReturnType<typeof start>): Promise<string> => {
  const { stdout, stderr, exitCode } = await process;
  const text = (bytes: unknown) => Buffer.from(bytes as Uint8Array).toString("latin1");
  return line({ stdout: text(stdout), stderr: text(stderr), exitCode });
};

export interface Side {
  name: "real" | "shim";
  /** empty at the start, the working directory of every call, removed with all that runs from it */
  folder: string;
  /** SSHIM_DIR */
  run: string;
  /** Calls ssh. */
  ssh(args: readonly string[], options?: RunOptions): Promise<Shown>;
  /** Calls a program that finds this side's ssh on its PATH. */
  call(program: string, args: readonly string[], options?: RunOptions): Promise<Shown>;
  /** Starts ssh, or another program, for a call that goes on. */
  start(args: readonly string[], options?: RunOptions): ReturnType<typeof start>;
  /** This side's ssh. */
  program: string;
  /** The environment of those calls. */
  env(options?: RunOptions): Record<string, string>;
  /** Writes a script of this scene and returns its path. */
  script(name: string, text: string): string;
  /** A path in the folder. */
  path(name: string): string;
}

/**
 * One test: the scene as the real ssh plays it, which must be `told`, and then as sshim does, which must be the same. Where `possible` is false it
 * is skipped by name; where `open` names it, it must fail.
 */
export function beside<T>(name: string, scene: (side: Side) => Promise<T>, told: T, possible = true): void {
  describe(name, () => {
    let real: T;
    if (possible)
      beforeAll(async () => {
        real = await onSide("real", scene);
        expect(real, "what the real ssh does").toEqual(told);
      });
    mended(name)("is as with the real ssh", async () => expect(await onSide("shim", scene)).toEqual(real), possible);
  });
}

/** One test of sshim alone, for what has no counterpart in the real ssh. */
export function alone(name: string, body: (side: Side) => Promise<void>, possible = true): void {
  mended(name)(name, () => onSide("shim", body), possible);
}

/** SSHIM_OPEN=show runs the open ones as plain tests, to see in which words they fail. */
function mended(fault: string): (name: string, body: () => Promise<void>, possible: boolean) => void {
  const how = fault in open && process.env.SSHIM_OPEN !== "show" ? it.fails : it;
  return (name, body, possible) => (possible ? how : it.skip)(name, body);
}

/** Plays a scene in a folder of its own and ends whatever still runs from there. */
export async function onSide<T>(name: Side["name"], scene: (side: Side) => Promise<T>): Promise<T> {
  const root = scratch();
  const [folder, runtime] = [join(root, "w"), join(root, "r")];
  for (const path of [folder, runtime]) mkdirSync(path, { mode: 0o700 });
  const options: RunOptions = { run: runtime, home: folder, cwd: folder, timeout: 20_000 };
  const plain = (bytes: Buffer) => bytes.toString("latin1").replaceAll(root, "ROOT");
  const shown = ({ stdout, stderr, exitCode, timedOut }: Result): Shown => ({
    stdout: plain(stdout),
    stderr: plain(stderr) + (timedOut ? "(had to be killed)" : ""),
    exitCode,
  });
  const side: Side = {
    name,
    folder,
    run: runtime,
    program: name === "real" ? realProgram : shimProgram,
    ssh: async (args, more = {}) => shown(await run(name, args, { ...options, ...more })),
    call: async (program, args, more = {}) => shown(await run(name, args, { ...options, program, argv0: program, ...more })),
    start: (args, more = {}) => start(name, args, { ...options, ...more }),
    env: (more = {}) => cleanEnv(name, { ...options, ...more }),
    script(file, text) {
      writeFileSync(join(folder, file), `#!/bin/sh\n${text}\n`);
      chmodSync(join(folder, file), 0o755);
      return join(folder, file);
    },
    path: (file) => join(folder, file),
  };
  try {
    return await scene(side);
  } finally {
    // More than once: the end of a master may leave the proxy that it waited for.
    for (let found = processesOf(root); found.length > 0; found = processesOf(root)) await endProcesses(found.map(({ pid }) => pid));
  }
}

let ownRoot: string | undefined;

/** A new folder in the one temporary directory of this test file. */
export function scratch(): string {
  ownRoot ??= temporary();
  return mkdtempSync(join(ownRoot, "s"));
}

export interface Agent {
  socket: string;
  pid: number;
  add(...keys: string[]): void;
  clear(): void;
  end(): void;
  order(args: readonly string[], input?: string): void;
}

/** An agent at `socket`; it ends with the scene, to whose folder the path belongs. */
export function startAgent(socket: string, keys: readonly string[] = []): Agent {
  const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" }))?.[1]);
  const order = (args: readonly string[], input?: string) =>
    void execFileSync("ssh-add", args, {
      env: { ...process.env, SSH_AUTH_SOCK: socket },
      stdio: [input === undefined ? "ignore" : "pipe", "ignore", "ignore"],
      ...(input === undefined ? {} : { input }),
    });
  const agent: Agent = {
    socket,
    pid,
    add: (...files) => order(["-q", ...files]),
    clear: () => order(["-q", "-D"]),
    end: () => void execFileSync("ssh-agent", ["-k"], { env: { ...process.env, SSH_AGENT_PID: String(pid) }, stdio: "ignore" }),
    order,
  };
  if (keys.length > 0) agent.add(...keys);
  return agent;
}

/** Gives files one date, the same at every call: what `cp -p`, an archive or SOURCE_DATE_EPOCH leave. */
export function date(...paths: string[]): void {
  for (const path of paths) utimesSync(path, 1_700_000_000, 1_700_000_000);
}

/** The text of a file, or nothing. */
export const textOf = (file: string): string => (existsSync(file) ? readFileSync(file, "utf8") : "");
