/**
 * Coolify's commands as it composes them (app/Helpers/SshMultiplexingHelper.php, old and new), run as PHP runs them: one string through `/bin/sh -c`,
 * or through BusyBox's ash with BusyBox's `timeout`, as in its container.
 */
import { cpSync, mkdirSync, readdirSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { findProgram, type Result, run, type Sshd, scratch, shimFolder, systemPath, visible } from "../support/index.ts";

export type Side = "real" | "shim";

export interface Coolify {
  side: Side;
  /** the mux folder, which its clean-up lists */
  mux: string;
  /** the ControlPath */
  path: string;
  /** SSHIM_DIR */
  runtime: string;
  commands: Commands;
  /** Runs one command string; `shell` is "sh" or "ash". */
  run(command: string, shell?: "sh" | "ash"): Promise<Result>;
  env: Record<string, string>;
}

export interface Commands {
  establish: string;
  /** ≤ v4.1.0 */
  establishOld: string;
  check: string;
  exit: string;
  stop: string;
  /** the hourly clean-up names no host */
  cleanUp: string;
  health: string;
  /** a script on stdin, in a quoted heredoc */
  script(text: string, timeout?: number): string;
  /** the same without sharing */
  scriptAlone(text: string): string;
  upload(from: string, to: string): string;
  download(from: string, to: string): string;
  /** the words of the web terminal's ssh, without a shell */
  terminal(script: string): string[];
}

/** A Coolify of its own for one server: its folders, its keys, its environment. */
export function makeCoolify(side: Side, sshd: Sshd, uuid = "wgkk4cs8ok8o0"): Coolify {
  const root = scratch();
  const mux = join(root, "mux");
  const keys = join(root, "keys");
  const runtime = join(root, "r");
  for (const path of [mux, keys, runtime]) mkdirSync(path, { mode: 0o700 });
  const key = join(keys, `ssh_key@${uuid}`);
  cpSync(sshd.keyFile, key);
  const path = join(mux, `mux_${uuid}`);
  const tools = join(root, "busybox");
  if (findProgram("busybox")) {
    mkdirSync(tools);
    for (const name of ["ash", "timeout", "cat", "echo", "sleep"]) symlinkSync(findProgram("busybox") as string, join(tools, name));
  }
  const folder = side === "shim" ? `${shimFolder}:` : "";
  const env = { PATH: `${folder}${systemPath}`, HOME: root, SSHIM_DIR: runtime, LANG: "C.UTF-8" };
  return {
    side,
    mux,
    path,
    runtime,
    env,
    commands: makeCommands(path, key, sshd),
    run: (command, shell = "sh") =>
      run(side, ["-c", command], {
        program: shell === "sh" ? "/bin/sh" : join(tools, "ash"),
        wholeEnv: shell === "sh" ? env : { ...env, PATH: `${folder}${tools}:${systemPath}` },
      }),
  };
}

/** Health and control commands carry neither port nor key: Coolify's own go to port 22 when no master is there, so ours name the test server's. */
function makeCommands(path: string, key: string, sshd: Sshd): Commands {
  const host = `'${sshd.user}'@'127.0.0.1'`;
  const checks = "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o PasswordAuthentication=no";
  const common = (port: string) =>
    `-i ${key} ${checks} -o ConnectTimeout=10 -o ServerAliveInterval=20 -o RequestTTY=no -o LogLevel=ERROR ${port} '${sshd.port}' `;
  const sharing = `-o ControlMaster=auto -o ControlPath=${path} -o ControlPersist=3600 `;
  const control = (word: string) => `ssh -O ${word} -o ControlPath=${path} ${host}`;
  const heredoc = (text: string) => `'bash -se' << \\JDJ5JDEyJHNlZWQ=\n${text}\nJDJ5JDEyJHNlZWQ=`;
  return {
    establish: `ssh -fN ${sharing}${common("-p")}${host}`,
    establishOld: `ssh -fNM ${sharing}${common("-p")}${host}`,
    check: control("check"),
    exit: control("exit"),
    stop: control("stop"),
    cleanUp: `ssh -O stop -o ControlPath=${path} localhost 2>/dev/null`,
    health: `timeout 5 ssh -o ControlMaster=auto -o ControlPath=${path} ${host} 'echo "health_check_ok"'`,
    script: (text, timeout = 3600) => `timeout ${timeout} ssh ${sharing}${common("-p")}${host} ${heredoc(text)}`,
    scriptAlone: (text) => `timeout 3600 ssh ${common("-p")}${host} ${heredoc(text)}`,
    upload: (from, to) => `timeout 3600 scp ${sharing}${common("-P")}'${from}' ${host}:'${to}'`,
    download: (from, to) => `timeout 3600 scp ${sharing}${common("-P")}${host}:'${from}' '${to}'`,
    terminal: (script) => [
      ...sharing.trim().split(" "),
      ...common("-p").replace("RequestTTY=no", "RequestTTY=yes").trim().replaceAll("'", "").split(" "),
      `${sshd.user}@127.0.0.1`,
      script,
    ],
  };
}

/** The shells through which commands go, and whether this machine has one. */
export const shells = [["sh"], ["ash"]] as const;
export const has = (shell: string): boolean => shell === "sh" || findProgram("busybox") !== undefined;

/** What a caller sees, with the folder and the pid of the master taken out. */
export function shown(coolify: Coolify, result: Result) {
  const plain = (text: string) => text.replaceAll(coolify.path, "PATH").replace(/\(pid=\d+\)/, "(pid=N)");
  const { stdout, stderr, ...rest } = visible(result);
  return { ...rest, stdout: plain(stdout), stderr: plain(stderr) };
}

/** The same commands in the same order on both sides. */
export async function compareCommands(sshd: Sshd, shell: "sh" | "ash", choose: (coolify: Coolify) => string[]) {
  const seen = [];
  for (const side of ["real", "shim"] as const) {
    const coolify = makeCoolify(side, sshd);
    const results = [];
    for (const command of choose(coolify)) {
      results.push(shown(coolify, await coolify.run(command, shell)));
      expect(readdirSync(coolify.mux).filter((name) => name !== "mux_wgkk4cs8ok8o0")).toEqual([]);
    }
    seen.push(results);
  }
  expect(seen[1]).toEqual(seen[0]);
  return seen[0] as NonNullable<(typeof seen)[0]>;
}
