/**
 * What the tests of faults share: the server's log as numbers, a real ssh that writes down its starts,
 * and a TCP proxy that counts, and that can stop forwarding. It ends nothing that it did not start.
 */
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import { linesOf } from "../support/left.ts";
import { backdate, type Result, type RunOptions, realProgram, run, type Sshd, temporary } from "../support/tools.ts";

/** A runtime directory that nobody used, and the server's HOME. */
export const fresh = (sshd: Sshd) => ({ home: sshd.home, run: temporary() });

/** The most connections that had not authenticated yet at one time, as the server's log tells it. */
export function mostUnauthenticated(log: string): number {
  const open = new Set<string>();
  let most = 0;
  for (const line of log.split("\n")) {
    const port = /127\.0\.0\.1 port (\d+)/.exec(line)?.[1];
    if (port === undefined) continue;
    if (line.startsWith("Connection from ")) open.add(port);
    else if (/^(Accepted |Connection (closed|reset)|Disconnected |Received disconnect)/.test(line)) open.delete(port);
    most = Math.max(most, open.size);
  }
  return most;
}

/** A real ssh that writes down each of its starts that may lead to a connection; with `all`, those that only ask it something too (-G, -V). Given by SSHIM_REAL_SSH. */
export function countingSsh(all = false): { env: { SSHIM_REAL_SSH: string }; starts: () => string[] } {
  const folder = temporary();
  const program = join(folder, "ssh");
  const log = join(folder, "starts");
  const asks = all ? "-" : `*" -G "* | *" -V "*`;
  writeFileSync(program, `#!/bin/sh\ncase " $* " in ${asks}) ;; *) echo "$*" >> ${log} ;; esac\nexec ${realProgram} "$@"\n`);
  chmodSync(program, 0o755);
  backdate(program);
  return { env: { SSHIM_REAL_SSH: program }, starts: () => linesOf(log) };
}

export interface TcpProxy {
  port: number;
  /** connections taken so far */
  connections: () => number;
  /** nothing goes through any more, and nobody is told; new connections are taken and left */
  cut(): void;
  /** what comes from now on goes through again; what was cut stays cut, as after a change of address */
  heal(): void;
  close(): Promise<void>;
}

/** A TCP proxy on loopback; without a target it takes connections and never says a word. */
export async function startProxy(target: number | undefined): Promise<TcpProxy> {
  const open = new Set<Socket>();
  let dead = target === undefined;
  let count = 0;
  const keep = (socket: Socket) => {
    open.add(socket);
    socket.on("error", () => undefined).on("close", () => open.delete(socket));
    return socket;
  };
  const server: Server = createServer((near) => {
    count++;
    keep(near);
    if (dead || target === undefined) return;
    const far = keep(connect(target, "127.0.0.1"));
    near.pipe(far);
    far.pipe(near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    connections: () => count,
    cut() {
      dead = true;
      for (const socket of open) socket.unpipe().pause();
    },
    heal() {
      dead = target === undefined;
    },
    close() {
      for (const socket of open) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** The words that lead to this server by another port (a proxy's); the host key is known by the alias. */
export const through = (sshd: Sshd, port: number): string[] => [
  ...sshd.options,
  `-oPort=${port}`,
  `-oHostKeyAlias=[127.0.0.1]:${sshd.port}`,
  sshd.host,
];

/** What a caller saw, for comparing: the server's own changing numbers are one word. */
export function seen(result: Pick<Result, "stdout" | "stderr" | "exitCode">) {
  const text = (bytes: Uint8Array) =>
    Buffer.from(bytes)
      .toString("latin1")
      .replace(/port \d+/g, "port N");
  return { stdout: text(result.stdout), stderr: text(result.stderr), exitCode: result.exitCode };
}

/**
 * Starts so many callers at the same moment (a shell forks them, which is faster than we are) and gives what each of them saw, and how
 * long the slowest took. In the words, `@` stands for the number of the caller.
 */
export async function crowd(callers: number, args: readonly string[], options: RunOptions) {
  const folder = temporary();
  const script = `folder=$1; shift
for id in $(seq 0 ${callers - 1}); do
  (ssh ${args.map((_, index) => (args[index]?.includes("@") ? `"$(echo "\${${index + 1}}" | sed s/@/$id/g)"` : `"\${${index + 1}}"`)).join(" ")} \
    </dev/null >$folder/$id.out 2>$folder/$id.err; echo $? >$folder/$id.code) &
done
wait`;
  const whole = await run("shim", ["-c", script, "sh", folder, ...args], { timeout: 60_000, ...options, program: "/bin/sh" });
  const bytes = (id: number, ending: string) => readFileSync(join(folder, `${id}.${ending}`));
  const results = Array.from({ length: callers }, (_, id) =>
    seen({ stdout: bytes(id, "out"), stderr: bytes(id, "err"), exitCode: Number(bytes(id, "code").toString()) }),
  );
  return { results, milliseconds: whole.milliseconds };
}

/** A bound in milliseconds that the README states, with what this machine takes for the same without the fault. */
export function holdBound(took: number, bound: number): void {
  if (took >= bound) throw new Error(`took ${took.toFixed()} ms where ${bound.toFixed()} ms is the bound`);
}
