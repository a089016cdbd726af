/** Coolify's commands, old and new, each through sh and through BusyBox, compared with the real ssh. */
import { describe, expect, it } from "vitest";
import { fixture } from "../support/index.ts";
import { compareCommands, has, shells } from "./coolify.ts";

const { sshd } = await fixture();

for (const [shell] of shells)
  describe.skipIf(!has(shell))(`through ${shell}`, () => {
    it("checks, establishes, checks, runs, copies, retires, as the new versions do", async () => {
      const results = await compareCommands(sshd, shell, ({ commands, mux }) => [
        commands.check,
        commands.establish,
        commands.check,
        commands.health,
        commands.script("echo out; echo err >&2; exit 3"),
        commands.script("cat <<'X'\n$HOME `id` \\\\\nX\nexit 0"),
        commands.upload(sshd.configFile, `${mux}/../copied`),
        commands.download(`${mux}/../copied`, `${mux}/../again`),
        commands.check,
        commands.stop,
        commands.check,
        commands.script("echo after"),
        commands.stop,
      ]);
      expect(results.map(({ exitCode }) => exitCode)).toEqual([255, 0, 0, 0, 3, 0, 0, 0, 0, 0, 255, 0, 0]);
      expect(results[2]?.stderr).toBe("Master running (pid=N)\r\n");
    });

    it("establishes, refreshes and ends as the old versions do", async () => {
      const results = await compareCommands(sshd, shell, ({ commands }) => [
        commands.establishOld,
        commands.check,
        commands.script("echo one"),
        commands.exit,
        commands.exit,
        commands.establishOld,
        commands.script("echo two"),
        commands.cleanUp,
        commands.cleanUp,
      ]);
      expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 255, 0, 0, 0, 255]);
    });

    it("falls back to a connection of its own without sharing, and tells a command that fails", async () => {
      const results = await compareCommands(sshd, shell, ({ commands }) => [
        commands.scriptAlone("echo alone"),
        commands.scriptAlone("exit 255"),
        commands.script("no-such-command"),
        commands.script("kill -9 $$"),
      ]);
      expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 255, 127, 255]);
    });
  });

describe("a timeout", () => {
  it.each(shells.filter(([shell]) => has(shell)))(
    "a timeout ends the call with the same code, and nobody else's connection (%s)",
    async (shell) => {
      const results = await compareCommands(sshd, shell, ({ commands }) => [
        commands.establish,
        // As with OpenSSH's own master, a remote command without a terminal goes on, and the caller's stderr with it.
        commands.script("exec sleep 1.5", 1),
        commands.check,
        commands.script("echo on"),
        commands.stop,
      ]);
      expect([124, 143, 255]).toContain(results[1]?.exitCode);
      expect(results.map(({ exitCode }) => exitCode)).toEqual([0, results[1]?.exitCode, 0, 0, 0]);
    },
  );
});
