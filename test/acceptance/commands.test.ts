/** How a command ends, and what its words are: the real ssh's bytes and codes, on a shared connection. */
import { describe, expect, it } from "vitest";
import { expectSame, expectSameShared, shell } from "../support/compare.ts";
import { fixture, runReal, startSshd } from "../support/index.ts";

const { sshd } = await fixture({ warm: true });

describe("exit codes", () => {
  for (const code of [0, 1, 7, 127, 254, 255])
    it(`a command that ends with ${code}`, async () => {
      const real = await expectSameShared(sshd, [...sshd.options, sshd.host, `echo out; echo err >&2; exit ${code}`]);
      expect(real.exitCode).toBe(code);
    });

  it("a command that a signal ends", async () => {
    await expectSameShared(sshd, [...sshd.options, sshd.host, "kill -9 $$"]);
  });

  it("a command that does not exist", async () => {
    await expectSameShared(sshd, [...sshd.options, sshd.host, "no-such-command-here"]);
  });

  it("a server that refuses the command (ForceCommand of nothing that exists)", async () => {
    const strict = await startSshd({ config: ["ForceCommand /nonexistent"] });
    await expectSame([...strict.options, strict.host, "true"]);
  });

  it("output that comes after the exit of the command's shell", async () => {
    await expectSameShared(sshd, [...sshd.options, sshd.host, "(sleep 0.3; echo late) & exit 9"]);
  });
});

describe("an empty command", () => {
  for (const words of [[""], ["", ""], ["", "echo", "x"]])
    it(`${JSON.stringify(words)}: ssh joins the words, and nothing is no command`, async () => {
      await expectSame([...sshd.options, sshd.host, ...words], { input: "echo from stdin; exit 4\n" });
    });
});

describe("the words of a command", () => {
  const cases: Record<string, string[]> = {
    "several words": ["echo", "a  b", "c"],
    "empty words": ["printf", "'<%s>'", "", "''", "x"],
    "words that look like options": ["echo", "-n", "-p", "22", "--"],
    "options between the host and the command": ["-o", "LogLevel=ERROR", "echo", "x"],
    "two dashes before the command": ["--", "echo", "-x"],
    newlines: ["echo a\necho b\n"],
    quotes: [`echo "it's" '$HOME' \\\\`],
    "text that is not ASCII": ["echo", "grüße", "日本"],
    "a long command": [`echo ${"x".repeat(100_000)} | wc -c`],
  };
  for (const [name, words] of Object.entries(cases))
    it(name, async () => {
      await expectSame([...sshd.options, sshd.host, ...words]);
    });

  it("bytes that are not UTF-8 reach the remote as they are", async () => {
    const script = 'bytes=$(printf "\\377\\376\\200"); exec ssh "$@" "printf %s \'$bytes\' | od -An -tx1"';
    const [args, options] = shell(script, [...sshd.options, sshd.host]);
    const real = await expectSameShared(sshd, args, options);
    expect(real.stdout.toString().trim()).toBe("ff fe 80");
  });

  it("bytes that are not UTF-8 in an option reach the real ssh", async () => {
    const script = 'bytes=$(printf "\\377"); exec ssh "$@"';
    await expectSame(
      ...shell(`${script.slice(0, -4)}-o "SetEnv=A=$bytes" "$@"`, [...sshd.options, sshd.host, 'printf %s "$A" | od -An -tx1']),
    );
  });

  it("a command of more bytes than a mux frame holds still runs once", async () => {
    const words = [...sshd.options, sshd.host];
    const script = 'exec ssh "$@" "$(head -c 120000 /dev/zero | tr "\\0" "#" | sed "s/^/echo once \\n/")"';
    const real = await runReal(...shell(script, words));
    expect(real.stdout.toString()).toBe("once\n");
    await expectSame(...shell(script, words));
  });

  it("a host name given after options and a user, as a URI, and with -l", async () => {
    for (const place of [[`ssh://${sshd.user}@127.0.0.1:${sshd.port}`], ["-l", sshd.user, "127.0.0.1"], [`${sshd.user}@127.0.0.1`]])
      await expectSame([...sshd.plainOptions, ...place, "echo $USER"]);
  });
});
