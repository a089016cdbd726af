/**
 * A real sshd on loopback, for whoever runs it (root or not), with keys, a HOME and a log of its own.
 * It never reads or writes ~/.ssh of the account, and the login shell reads no start-up file of the account.
 */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { endProcesses, processTree } from "./processes.ts";
import { realPath, systemPath } from "./programs.ts";
import { backdate, poll, temporary } from "./temporary.ts";

export interface SshdOptions {
  /** MaxSessions; sshd's own default is 10 */
  maxSessions?: number;
  /** MaxStartups, e.g. "10:30:100" (sshd's own default) */
  maxStartups?: string;
  /** further lines for sshd_config; the first mention of a keyword wins, and these come first */
  config?: string[];
  /** further lines for the client's configuration of this host */
  client?: string[];
  /** a fixed port, to come back on the place of one that was stopped */
  port?: number;
  /** the name by which clients call it (default "target") */
  host?: string;
  /** where its files are; default a new temporary directory */
  directory?: string;
  /** words that start it in other surroundings and become it, e.g. ["unshare", "-m", "/bin/sh", "-c", 'mount …; exec "$@"', "sh"] */
  within?: string[];
}

export interface Sshd {
  port: number;
  pid: number;
  /** the alias for the command line, resolved by `configFile` */
  host: string;
  user: string;
  directory: string;
  /** a HOME with .ssh/{id_ed25519,known_hosts,config}; also HOME of the remote commands */
  home: string;
  keyFile: string;
  configFile: string;
  knownHosts: string;
  /** options that make ssh use this and nothing of the account: ["-F", configFile] */
  options: string[];
  /** the same without a config file, for a host given as 127.0.0.1: -i, -p, -o … */
  plainOptions: string[];
  /** how many times a client has authenticated */
  authentications(): number;
  /** how many TCP connections it took */
  connections(): number;
  log(): string;
  /** pids of the listener and all below it */
  processes(): number[];
  /** ends it with all its sessions */
  stop(): Promise<void>;
  /** starts it again on the same port, with the same keys and log (after `stop`) */
  restart(): Promise<void>;
}

const program = realPath("sshd") ?? "/usr/sbin/sshd";

/** Starts one and waits until it listens. Throws with its log when it does not. */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const directory = options.directory ?? temporary();
  const home = join(directory, "home");
  const user = userInfo().username;
  const host = options.host ?? "target";
  const logFile = join(directory, "sshd.log");
  makeKeys(directory, home);
  if (process.getuid?.() === 0) mkdirSync("/run/sshd", { recursive: true, mode: 0o755 });
  let port = options.port ?? 0;
  let child: ChildProcess | undefined;
  let watcher: ChildProcess | undefined;
  const log = () => (existsSync(logFile) ? readFileSync(logFile, "utf8") : "");

  async function launch(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      if (!options.port && attempt > 1) port = 0;
      port ||= await freePort();
      writeServerConfig(directory, port, options);
      const before = log().length;
      const words = [...(options.within ?? []), program, "-D", "-f", join(directory, "sshd_config"), "-E", logFile];
      child = spawn(words[0] as string, words.slice(1), {
        stdio: "ignore",
        cwd: "/",
        env: { PATH: systemPath },
      });
      const started = child;
      const gone = new Promise<boolean>((resolve) => started.once("exit", () => resolve(false)).once("error", () => resolve(false)));
      if (await Promise.race([gone, listens(started, () => log().slice(before))])) {
        watcher = guard(started.pid, directory);
        return;
      }
      if (attempt === 5) throw new Error(`cannot start ${program}: it did not listen on port ${port}\n${log()}`);
    }
  }

  await launch();
  const files = writeClientConfig(home, host, user, port, options.client ?? []);
  return {
    port,
    get pid() {
      return child?.pid ?? 0;
    },
    host,
    user,
    directory,
    home,
    ...files,
    authentications: () => count(log(), /^Accepted (publickey|password|keyboard-interactive\S*|none|hostbased) for /gm),
    connections: () => count(log(), /^Connection from /gm),
    log,
    processes: () => (child?.pid ? processTree(child.pid) : []),
    async stop() {
      const pid = child?.pid;
      child = undefined;
      watcher?.kill("SIGKILL");
      if (pid) await endProcesses(processTree(pid));
    },
    restart: launch,
  };
}

/** Ends `pid` when this process is gone without a tear-down: the shell then reads the end of its stdin. */
function guard(pid: number | undefined, directory: string): ChildProcess {
  const watcher = spawn("/bin/sh", ["-c", 'read -r _; kill "$1"', directory, String(pid)], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  watcher.unref();
  (watcher.stdin as Socket | null)?.unref();
  return watcher;
}

/** A TCP port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject).listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}

function makeKeys(directory: string, home: string): void {
  mkdirSync(join(home, ".ssh"), { recursive: true, mode: 0o700 });
  const hostKey = join(directory, "host_key");
  const userKey = join(home, ".ssh/id_ed25519");
  for (const [file, comment] of [
    [hostKey, "host"],
    [userKey, "user"],
  ] as const) {
    if (!existsSync(file)) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", file]);
  }
  // HOME: Debian's bash reads ~/.bashrc for a command that sshd starts; in our HOME there is none.
  const key = readFileSync(`${userKey}.pub`, "utf8");
  if (!existsSync(join(directory, "authorized_keys")))
    writeFileSync(join(directory, "authorized_keys"), `environment="HOME=${home}" ${key}`, { mode: 0o600 });
}

function writeServerConfig(directory: string, port: number, options: SshdOptions): void {
  const lines = [
    ...(options.config ?? []),
    ...(options.maxSessions === undefined ? [] : [`MaxSessions ${options.maxSessions}`]),
    ...(options.maxStartups === undefined ? [] : [`MaxStartups ${options.maxStartups}`]),
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${join(directory, "host_key")}`,
    `AuthorizedKeysFile ${join(directory, "authorized_keys")}`,
    "PermitUserEnvironment HOME",
    "PermitUserRC no",
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "UsePAM no",
    "StrictModes no",
    // Remote commands find what tests may use, and no more; the first SetEnv counts.
    `SetEnv PATH=${systemPath}`,
    "AcceptEnv *",
    "Subsystem sftp internal-sftp",
    "PidFile none",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    "LogLevel VERBOSE",
  ];
  writeFileSync(join(directory, "sshd_config"), `${lines.join("\n")}\n`, { mode: 0o600 });
}

function writeClientConfig(home: string, host: string, user: string, port: number, extra: string[]) {
  const keyFile = join(home, ".ssh/id_ed25519");
  const knownHosts = join(home, ".ssh/known_hosts");
  const configFile = join(home, ".ssh/config");
  const hostKey = readFileSync(join(home, "../host_key.pub"), "utf8").trim();
  writeFileSync(knownHosts, `[127.0.0.1]:${port} ${hostKey}\n[localhost]:${port} ${hostKey}\n`, { mode: 0o600 });
  const settings = [
    ["IdentityFile", keyFile],
    ["IdentitiesOnly", "yes"],
    ["UserKnownHostsFile", knownHosts],
    ["GlobalKnownHostsFile", "/dev/null"],
    ["StrictHostKeyChecking", "yes"],
  ];
  const block = [...extra, "HostName 127.0.0.1", `Port ${port}`, `User ${user}`, ...settings.map((pair) => pair.join(" "))];
  writeFileSync(configFile, `Host ${host}\n${block.map((line) => `  ${line}\n`).join("")}`, { mode: 0o600 });
  backdate(keyFile, `${keyFile}.pub`, knownHosts, configFile);
  const plain = ["-F", "/dev/null", "-i", keyFile, "-p", String(port), ...settings.slice(1).flatMap((pair) => ["-o", pair.join("=")])];
  return { keyFile, knownHosts, configFile, options: ["-F", configFile], plainOptions: plain };
}

/** True once its log says so (a trial connection would be counted); false when `child` ends first or ten seconds pass. */
async function listens(child: ChildProcess, log: () => string): Promise<boolean> {
  const ready = await poll(() => child.exitCode !== null || log().includes("Server listening on ")).catch(() => false);
  return ready && child.exitCode === null;
}

function count(text: string, pattern: RegExp): number {
  return text.match(pattern)?.length ?? 0;
}
