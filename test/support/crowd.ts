/** Many callers at the same moment, and what the server's log says of them. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { outcome, type RunOptions, run } from "./run.ts";
import { temporary } from "./temporary.ts";

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
  const whole = await run("shim", ["-c", script, "sh", folder, ...args], { ...options, program: "/bin/sh" });
  const bytes = (id: number, ending: string) => readFileSync(join(folder, `${id}.${ending}`));
  const results = Array.from({ length: callers }, (_, id) =>
    outcome({ stdout: bytes(id, "out"), stderr: bytes(id, "err"), exitCode: Number(bytes(id, "code").toString()) }),
  );
  return { results, milliseconds: whole.milliseconds };
}

/** A bound in milliseconds that the README states, with what this machine takes for the same without the fault. */
export function holdBound(took: number, bound: number): void {
  if (took >= bound) throw new Error(`took ${took.toFixed()} ms where ${bound.toFixed()} ms is the bound`);
}

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
