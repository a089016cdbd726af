/** Sessions with a terminal: allocation, size, modes restored on every way out, escapes, and the words at the end. */
import { describe, expect, it } from "vitest";
import { startOnTerminal, type Terminal } from "../fakes/index.ts";
import { expectSame, expectSameShared } from "../support/compare.ts";
import { fixture, freshPath, mastersOf, poll, runDirectory, runReal, signal, start, startSshd } from "../support/index.ts";
import { journalOf } from "../support/runtime-directory.ts";

const { sshd, words } = await fixture({ warm: true });
const env = { TERM: "xterm" };

async function expectSameOnTerminal(args: string[], play: (terminal: Terminal) => Promise<void> = async () => undefined, apart = true) {
  const results = [];
  for (const side of ["real", "shim"] as const) {
    const terminal = startOnTerminal(side, args, { env, apart });
    await play(terminal);
    const end = await terminal.ended;
    const modes = terminal.modes();
    results.push({ end, shown: withoutReturns(terminal.shown()), errors: terminal.errors(), restored: modes.at(-1) === modes[0] });
  }
  expect(results[1]).toEqual(results[0]);
  expect(results[0]?.restored).toBe(true);
  return results[0] as (typeof results)[0];
}

/**
 * A master writes to the terminal itself, and what comes in the moment before (or after) the modes are raw is shown with one `\r` too many
 * (or too few): OpenSSH's own mux client has the same race, so a loaded machine decides on it.
 */
function withoutReturns(text: string): string {
  return text.replaceAll(/\r*\n/g, "\n");
}

describe("whether there is a terminal", () => {
  it("-t with a command", async () => {
    const { shown } = await expectSameOnTerminal(["-t", ...words, "test -t 0 && test -t 1 && stty size; exit 4"]);
    expect(shown).toBe("24 80\n");
  });
  it("stderr joins the terminal's output, and the closing words come on the caller's stderr", async () => {
    await expectSameOnTerminal(["-t", ...words, "echo out; echo err >&2"], undefined, false);
  });
  it("a command without -t has none", async () => {
    await expectSameOnTerminal([...words, "test -t 0 || echo no terminal"]);
  });
  it("-T without a command has none", async () => {
    await expectSameOnTerminal(["-T", ...words], async (terminal) => {
      terminal.type("test -t 0 || echo no terminal; exit 3\n");
    });
  });
  it("an empty command is none: a shell on a terminal", async () => {
    const { end } = await expectSameOnTerminal([...words, ""], async (terminal) => {
      terminal.type("tty -s && echo is-a-t''ty; exit 4\n");
      await terminal.shows("is-a-tty");
    });
    expect(end).toBe("exit 4");
  });
  it("-t without a local terminal says so and goes on", async () => {
    await expectSameShared(sshd, ["-t", ...words, "test -t 0 || echo none"], { env });
    await expectSame(["-q", "-t", ...words, "test -t 0 || echo none"], { env });
  });
  it("-tt without a local terminal forces one", async () => {
    const real = await expectSame(["-tt", ...words, "test -t 0 && echo yes; exit 8"], { env });
    expect(real.stdout.toString()).toBe("yes\r\n");
  });
  it("-t -T, -T -t and -n -t", async () => {
    for (const options of [
      ["-t", "-T"],
      ["-T", "-t"],
      ["-n", "-t"],
      ["-n", "-tt"],
    ])
      await expectSameOnTerminal([...options, ...words, "test -t 0 && echo yes || echo no"]);
  });
  it("RequestTTY of the configuration", async () => {
    for (const value of ["no", "yes", "auto", "force"]) {
      await expectSameOnTerminal(["-o", `RequestTTY=${value}`, ...words, "test -t 0 && echo yes || echo no"]);
      await expectSame(["-o", `RequestTTY=${value}`, ...words, "test -t 0 && echo yes || echo no"], { env });
    }
  });
  it("LogLevel decides on the closing words", async () => {
    for (const option of ["-q", "-oLogLevel=ERROR", "-oLogLevel=INFO"]) await expectSameOnTerminal(["-t", option, ...words, "echo x"]);
  });
  it("TERM travels, and an unset one too", async () => {
    await expectSameOnTerminal(["-t", ...words, "echo $TERM"]);
    await expectSame(["-tt", ...words, "echo $TERM"], { env: { TERM: undefined } });
    await expectSame(["-tt", "-o", "SetEnv=TERM=vt220", ...words, "echo $TERM"], { env });
  });
  it("an interactive shell", async () => {
    const play = async (terminal: Terminal) => {
      await poll(() => /[#$] $/.test(terminal.shown()), "the prompt");
      terminal.type("exit 9\n");
    };
    const { end } = await expectSameOnTerminal([...words], play);
    expect(end).toBe("exit 9");
  });
  it("stdout may be a pipe (ssh -t host command | less)", async () => {
    for (const side of ["real", "shim"] as const) {
      const terminal = startOnTerminal(
        side,
        ["-c", 'ssh -t "$@" "test -t 1 && echo paged" 2>/dev/null | od -c | head -1', "sh", ...words],
        { env, program: "/bin/sh" },
      );
      expect(await terminal.ended).toBe("exit 0");
      expect(terminal.shown()).toContain("p   a   g   e   d  \\r  \\n");
    }
  });
});

describe("while it runs", () => {
  it("a new size of the window reaches the remote", async () => {
    for (const side of ["real", "shim"] as const) {
      const terminal = startOnTerminal(side, ["-t", ...words, "stty -echo; echo ready; while read x; do stty size; done"], { env });
      await terminal.shows("ready");
      terminal.order("resize 41 132");
      await poll(() => {
        terminal.type("x\n");
        return terminal.shown().includes("41 132");
      }, "the new size");
      terminal.type("\x04");
      await terminal.ended;
    }
  });

  it("control characters go to the remote", async () => {
    const play = async (terminal: Terminal) => {
      await terminal.shows("ready");
      terminal.type("\x03");
    };
    const { end } = await expectSameOnTerminal(
      ["-t", ...words, "trap 'echo interrupted; exit 12' INT; echo ready; while :; do sleep 0.05; done"],
      play,
    );
    expect(end).toBe("exit 12");
  });

  it("the escape character ends the session", async () => {
    const play = async (terminal: Terminal) => {
      await terminal.shows("ready");
      terminal.type("\r~.");
    };
    expect((await expectSameOnTerminal(["-t", ...words, "stty -echo; echo ready; exec cat"], play)).end).toBe("exit 255");
    await expectSameOnTerminal(["-t", "-e", "%", ...words, "stty -echo; echo ready; exec cat"], async (terminal) => {
      await terminal.shows("ready");
      terminal.type("\r%.");
    });
  });

  it("-e none sends it through", async () => {
    await expectSameOnTerminal(["-t", "-e", "none", ...words, "stty raw -echo; echo ready; head -c 4 | od -An -tx1"], async (terminal) => {
      await terminal.shows("ready");
      terminal.type("\r~.\r");
    });
  });
});

describe("every way out restores the modes", () => {
  const command = "stty -echo; echo ready; exec cat";
  for (const [name, number] of [
    ["HUP", 1],
    ["INT", 2],
    ["TERM", 15],
  ] as const)
    it(`SIG${name} ends it with 255`, async () => {
      const { end } = await expectSameOnTerminal(["-t", ...words, command], async (terminal) => {
        await terminal.shows("ready");
        terminal.order(`signal ${number}`);
      });
      expect(end).toBe("exit 255");
    });

  it("the server ends the connection", async () => {
    const other = await startSshd();
    const terminal = startOnTerminal("shim", ["-t", ...other.options, other.host, command], { env });
    await terminal.shows("ready");
    await other.stop();
    expect(await terminal.ended).toBe("exit 255");
    expect(terminal.modes().at(-1)).toBe(terminal.modes()[0]);
  });

  it("the master is killed", async () => {
    const other = await startSshd();
    const before = mastersOf(runDirectory());
    const terminal = startOnTerminal("shim", ["-t", ...other.options, other.host, command], { env });
    await terminal.shows("ready");
    const masters = mastersOf(runDirectory()).filter((pid) => !before.includes(pid));
    expect(masters.length).toBe(1);
    for (const pid of masters) signal(pid, "SIGKILL");
    expect(await terminal.ended).toBe("exit 255");
    expect(terminal.modes().at(-1)).toBe(terminal.modes()[0]);
  });

  it("a server without terminals (PermitTTY no): as through OpenSSH's own sharing", async () => {
    const other = await startSshd({ config: ["PermitTTY no"] });
    const path = freshPath();
    expect((await runReal(["-fNM", "-S", path, ...other.options, other.host])).exitCode).toBe(0);
    await expectSameOnTerminal(["-t", "-S", path, ...other.options, other.host, "echo went on"]);
  });
});

describe("the terminal sessions above", () => {
  it("were shared: the shim attached", async () => {
    const child = start("shim", ["-tt", ...words, "echo x"], { env });
    expect((await child).exitCode).toBe(0);
    expect(journalOf(runDirectory()).filter(({ lane }) => lane === "attach").length).toBeGreaterThan(20);
    expect((await runReal(["-tt", ...words, "true"])).exitCode).toBe(0);
  });
});
