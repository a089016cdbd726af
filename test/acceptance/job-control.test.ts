/** Jobs of an interactive shell: what is typed for the shell is not taken by a session in the background, nor by one that was stopped. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal, type Terminal } from "../fakes/index.ts";
import { fixture, poll, runShim, shellQuote, temporary } from "../support/index.ts";

const { sshd, words } = await fixture({ warm: true });
let ssh: string;
beforeAll(async () => {
  ssh = `ssh ${words.map(shellQuote).join(" ")}`;
});

const startShell = (side: "real" | "shim") =>
  startOnTerminal(side, ["--norc", "--noprofile", "--noediting", "-i"], { program: "bash", argv0: "bash", env: { PS1: "$ " } });

/** Types lines for the shell, one after the other; it has to run each of them. */
async function typeForShell(terminal: Terminal, mark: string): Promise<void> {
  for (let line = 1; line <= 6; line++) {
    terminal.type(`echo ${mark}-$((${line} * 111))\n`);
    await terminal.shows(`${mark}-${line * 111}`);
  }
}

/** The job is stopped when it sees a line that the shell has not taken yet: on a busy machine not every line. */
async function untilStopped(terminal: Terminal): Promise<void> {
  await poll(() => typeForShell(terminal, "again").then(() => terminal.shown().includes("Stopped")), "a stopped job");
}

async function leave(terminal: Terminal): Promise<void> {
  terminal.type("kill -9 %1; disown -a; exit 3\n");
  expect(await terminal.ended).toBe("exit 3");
}

describe.each(["real", "shim"] as const)("with the %s ssh", (side) => {
  it("a command in the background is stopped when there is something to read", async () => {
    const got = join(temporary(), "got");
    const terminal = startShell(side);
    terminal.type(`${ssh} ${shellQuote(`cat > ${got}`)} &\n`);
    await poll(() => existsSync(got), "the session");
    await typeForShell(terminal, "mine");
    await untilStopped(terminal);
    expect(readFileSync(got, "utf8")).toBe("");
    await leave(terminal);
  });

  it("a command that was stopped by ^Z reads nothing, and goes on with fg", async () => {
    const got = join(temporary(), "got");
    const terminal = startShell(side);
    terminal.type(`${ssh} ${shellQuote(`cat > ${got}; echo ended`)}\n`);
    await poll(() => existsSync(got), "the session");
    terminal.type("before\n");
    await poll(() => readFileSync(got, "utf8") === "before\n", "the first line");
    terminal.type("\u001a");
    await terminal.shows("Stopped");
    await typeForShell(terminal, "mine");
    expect(readFileSync(got, "utf8")).toBe("before\n");
    terminal.type("fg\n");
    terminal.type("after\n");
    await poll(() => readFileSync(got, "utf8") === "before\nafter\n", "the line after fg");
    terminal.type("\u0004");
    await terminal.shows("ended");
    terminal.type("exit 4\n");
    expect(await terminal.ended).toBe("exit 4");
  });

  it("a session with a terminal of its own is stopped in the background", async () => {
    const terminal = startShell(side);
    terminal.type(`${ssh} -t 'echo remote; sleep 300' &\n`);
    await typeForShell(terminal, "mine");
    await untilStopped(terminal);
    await leave(terminal);
  });

  it("-W in the background takes nothing of it either", async () => {
    const terminal = startShell(side);
    terminal.type(`${ssh.replace("ssh ", `ssh -W 127.0.0.1:${sshd.port} `)} &\n`);
    await terminal.shows("SSH-2.0-");
    await typeForShell(terminal, "mine");
    await untilStopped(terminal);
    await leave(terminal);
  });

  it("what is typed before the command reads any of it arrives, and its end too", async () => {
    const [go, got] = [join(temporary(), "go"), join(temporary(), "got")];
    const terminal = startShell(side);
    terminal.type(`${ssh} ${shellQuote(`: > ${got}; while [ ! -e ${go} ]; do sleep 0.05; done; cat > ${got}`)}; echo code $?\n`);
    await poll(() => existsSync(got), "the session");
    const lines = Array.from({ length: 15 }, (_, index) => `line ${index} ${"x".repeat(200)}\n`);
    for (const line of lines) terminal.type(line);
    terminal.type(`\u0004`);
    await terminal.shows("line 14");
    await runShim([...sshd.options, sshd.host, `: > ${go}`]);
    await terminal.shows("code 0");
    expect(readFileSync(got, "utf8")).toBe(lines.join(""));
    terminal.type("exit 5\n");
    expect(await terminal.ended).toBe("exit 5");
  });
});
