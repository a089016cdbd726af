/** Two calls through one jump host or ProxyCommand: whoever dialled may end in any way, and nobody else's session notices. */
import { type ChildProcess, spawn } from "node:child_process";
import { beforeAll, describe } from "vitest";
import { buildFake, startOnTerminal } from "../fakes/index.ts";
import { type Gate, makeGate } from "../support/gate.ts";
import { poll, shellQuote } from "../support/index.ts";
import { accept, beside, endOf, type Field, line, makeKey, reach, type Side, scratch, startField, writeConfig } from "./scene.ts";

let field: Field;
let pipe: string;
let locked: string;
beforeAll(async () => {
  field = await startField();
  pipe = buildFake("tcp-pipe");
  locked = makeKey(scratch(), "lock", "secret");
  accept(field.two, "two", "alice", locked);
});

/** The words that lead to machine one through machine two, or through a ProxyCommand that is no ssh. */
function words(side: Side, way: "jump" | "command", key = field.keys.alice): string[] {
  const through = way === "jump" ? "ProxyJump jump" : `ProxyCommand ${pipe} %p`;
  const jump = ["Host jump", "  HostKeyAlias box", `  Port ${field.two.port}`, `  IdentityFile ${key}`];
  const inner = ["Host inner", "  HostKeyAlias box", `  Port ${field.one.port}`, `  ${through}`, `  IdentityFile ${field.keys.alice}`];
  return ["-F", writeConfig(side.path("config"), field, [...jump, ...inner], "none"), "inner"];
}

/** How the first caller starts, with the gate's command for a remote one, and how he ends; `end` comes back when he has, or has stopped. */
type First = (side: Side, way: string[], gate: Gate) => { end: () => Promise<unknown>; over?: () => Promise<unknown> };

/** The second caller's session lives while the first one's ends; then a third one comes, and the second goes on. */
async function play(side: Side, way: string[], begin: First): Promise<string[]> {
  const [first, second] = [makeGate("exit 0"), makeGate("echo survived")];
  const { end, over } = begin(side, way, first);
  try {
    await poll(() => first.begun() > 0, "the first caller's session", 15_000);
    const other = side.start([...way, second.command], { timeout: 40_000 });
    await poll(() => second.begun() > 0, "the second caller's session", 15_000);
    await end();
    const third = line(await side.ssh([...way, reach], { timeout: 10_000 }));
    second.open();
    return [await endOf(other), third];
  } finally {
    first.open();
    second.open();
    await over?.();
  }
}
const told = ["0: survived", "0: one alice"];

/** On a terminal of his own, as the leader of its session. */
const onTerminal = (side: Side, way: string[], gate: Gate) =>
  startOnTerminal(side.name, [...way, gate.command], { run: side.run, home: side.folder, cwd: side.folder, timeout: 50_000 });

const byTimeout: First = (side, way, gate) => {
  const first = side.start(["50", "ssh", ...way, gate.command], { program: "timeout" });
  return {
    // What it does when its time is up: it signals its whole group.
    end: () => {
      first.kill("SIGTERM");
      return first;
    },
  };
};
const byInterrupt: First = (side, way, gate) => {
  const terminal = onTerminal(side, way, gate);
  return {
    end: () => {
      terminal.type("\x03");
      return terminal.ended;
    },
  };
};
const byExit: First = (side, way, gate) => {
  const terminal = onTerminal(side, way, gate);
  return {
    end: () => {
      gate.open();
      return terminal.ended;
    },
  };
};
const byHangUp: First = (side, way, gate) => {
  const bridge: ChildProcess = spawn(buildFake("pty-bridge"), [side.program, "ssh", ...way, gate.command], {
    stdio: ["pipe", "ignore", "ignore", "pipe", "ignore"],
    cwd: side.folder,
    env: { TERM: "xterm", ...side.env() },
  });
  const gone = new Promise((resolve) => bridge.once("exit", resolve));
  return {
    end: () => {
      bridge.kill("SIGKILL");
      return gone;
    },
  };
};
const byStop: First = (side, way, gate) => {
  const options = { run: side.run, home: side.folder, cwd: side.folder, timeout: 50_000, env: { PS1: "$ " } };
  const shell = startOnTerminal(side.name, ["--norc", "--noprofile", "--noediting", "-i"], {
    ...options,
    program: "bash",
    argv0: "bash",
  });
  shell.type(`ssh ${[...way, gate.command].map(shellQuote).join(" ")}\n`);
  return {
    end: async () => {
      shell.type("\x1a");
      await shell.shows("Stopped");
    },
    over: () => {
      shell.type("kill -9 %1; disown -a; exit 3\n");
      return shell.ended;
    },
  };
};

describe("the caller who dialled through a jump host", () => {
  const through = (begin: First) => (side: Side) => play(side, words(side, "jump"), begin);
  beside("his timeout ends him, through a jump host", through(byTimeout), told);
  beside("^C ends him, through a jump host", through(byInterrupt), told);
  beside("his terminal hangs up, through a jump host", through(byHangUp), told);
  beside("he ends as the leader of his terminal's session, through a jump host", through(byExit), told);
  beside("^Z stops him, through a jump host", through(byStop), told);

  beside(
    "a passphrase for the jump host is asked on the terminal, and others use what it opened",
    async (side) => {
      const way = words(side, "jump", locked);
      const terminal = startOnTerminal(side.name, [...way, reach], { run: side.run, home: side.folder, cwd: side.folder });
      await terminal.shows("Enter passphrase for key");
      terminal.type("secret\n");
      return [
        await terminal.ended,
        terminal
          .shown()
          .trim()
          .split(/[\r\n]+/)
          .at(-1),
      ];
    },
    ["exit 0", "one alice"],
  );
});

describe("the caller who dialled through a ProxyCommand", () => {
  const through = (begin: First) => (side: Side) => play(side, words(side, "command"), begin);
  beside("his timeout ends him, through a ProxyCommand", through(byTimeout), told);
  beside("his terminal hangs up, through a ProxyCommand", through(byHangUp), told);
  beside("he ends as the leader of his terminal's session, through a ProxyCommand", through(byExit), told);
  beside("^Z stops him, through a ProxyCommand", through(byStop), told);
});
