/**
 * The demo: starts a throw-away sshd on loopback and shows, side by side, what sharing does without sshim and with it. Needs no
 * root, touches no file of the account, and removes everything it made, also after ^C.
 */
import { execFileSync } from "node:child_process";
import { type Sshd, startSshd, tearDown } from "../../test/support/tools.ts";
import { type Burst, type Interrupted, interrupt, runAtOnce, runInTurn } from "./scenes.ts";
import { drawTable } from "./table.ts";
import { makeWays, type Way } from "./ways.ts";

const IN_TURN = 20;
const AT_ONCE = 10;

for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => void tearDown().finally(() => process.exit(130)));

try {
  await main();
} catch (error) {
  showProgress("");
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
} finally {
  await tearDown();
}

async function main(): Promise<void> {
  showProgress("starting a sshd on loopback");
  const sshd = await startSshd();
  const ways = makeWays(sshd);
  const version = sshVersion();
  const columns: Array<{ way: Way; turn: Burst; crowd: Burst; cut: Interrupted }> = [];
  for (const way of ways) columns.push({ way, ...(await watch(way, sshd)) });
  showProgress("");
  process.stdout.write(`${drawTable(version, columns)}\n`);
}

async function watch(way: Way, sshd: Sshd): Promise<{ turn: Burst; crowd: Burst; cut: Interrupted }> {
  const turn = await runInTurn(way, sshd, IN_TURN, (done) => showProgress(`${way.name}: command ${done + 1} of ${IN_TURN}`));
  showProgress(`${way.name}: ${AT_ONCE} callers at once on a cold host`);
  const crowd = await runAtOnce(way, sshd, AT_ONCE);
  showProgress(`${way.name}: a running command, and somebody sends -O exit`);
  const cut = await interrupt(way);
  await way.cool();
  return { turn, crowd, cut };
}

let shown = 0;

/** One line on stderr, redrawn in place on a terminal; "" takes it away. */
function showProgress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r${text.padEnd(shown)}${text === "" ? "\r" : ""}`);
    shown = text.length;
  } else if (text && !/command ([2-9]|1\d|20) of/.test(text)) {
    process.stderr.write(`${text}\n`);
  }
}

/** `ssh -V` writes on stderr. */
function sshVersion(): string {
  return execFileSync("sh", ["-c", "ssh -V 2>&1"], { encoding: "utf8" }).split(",")[0] ?? "OpenSSH";
}
