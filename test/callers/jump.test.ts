/** ProxyJump, `ssh -J` and ProxyCommand with -W: the jump's own connection is shared as well, by everybody who goes through it. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { onBothSides, onSide } from "../support/both-sides.ts";
import { runReal, runShim, type Sshd, scratch, startSshd, visible } from "../support/index.ts";

let jump: Sshd;
let inner: Sshd;
let other: Sshd;
let config: string;
beforeAll(async () => {
  jump = await startSshd({ host: "jump" });
  inner = await startSshd({ host: "inner", client: ["ProxyJump jump"] });
  other = await startSshd({ host: "other", client: ["ProxyJump jump"] });
  config = join(scratch(), "config");
  writeFileSync(config, [jump, inner, other].map(({ configFile }) => readFileSync(configFile, "utf8")).join("\n"), { mode: 0o600 });
});

describe("through a jump host", () => {
  it("ProxyJump shares both legs, and two targets share the first", async () => {
    const counts = () => [jump, inner, other].map((sshd) => sshd.authentications());
    const before = counts();
    let middle = before;
    const { real, shim } = await onBothSides(jump, async (side) => {
      const results = [];
      for (const [host, command] of [
        ["inner", "echo a; exit 3"],
        ["inner", "cat"],
        ["other", "echo b >&2"],
      ] as const)
        results.push(visible(await side.run("ssh", ["-F", config, host, command], { input: "in\n" })));
      if (side.name === "real") middle = counts();
      return results;
    });
    expect(shim).toEqual(real);
    expect(shim.map(({ exitCode }) => exitCode)).toEqual([3, 0, 0]);
    expect(middle.map((count, index) => count - (before[index] ?? 0))).toEqual([3, 2, 1]);
    expect(counts().map((count, index) => count - (middle[index] ?? 0))).toEqual([1, 1, 1]);
  });

  it("-J on the command line, and a direct session on the jump host, share its connection", async () => {
    const [, cost] = await onSide("shim", jump, async (side) => {
      const plain = ["-F", config, "-o", "ProxyJump=none"];
      await side.succeed("ssh", ["-F", config, "jump", "true"]);
      await side.succeed("ssh", ["-F", config, "-J", "jump", "inner", "true"]);
      await side.succeed("scp", ["-F", config, "-J", "jump", config, `inner:${side.folder}/x`]);
      expect((await side.run("ssh", [...plain, "inner", "echo direct"])).stdout.toString()).toBe("direct\n");
    });
    expect(cost).toBe(1);
  });

  it("a ProxyCommand with -W shares both legs", async () => {
    const before = inner.authentications();
    const { real, shim, authentications } = await onBothSides(jump, async (side) => {
      const proxy = ["-F", config, "-o", "ProxyJump=none", "-o", `ProxyCommand=ssh -F ${config} -W %h:%p jump`];
      const results = [await side.run("ssh", [...proxy, "inner", "echo one"]), await side.run("ssh", [...proxy, "inner", "echo two"])];
      return results.map(visible);
    });
    expect(shim).toEqual(real);
    expect(shim.map(({ stdout }) => stdout)).toEqual(["one\n", "two\n"]);
    expect(authentications).toBe(1);
    expect(inner.authentications() - before).toBe(3);
  });

  it("a jump host that refuses is told in the real ssh's words", async () => {
    const words = ["-F", config, "-J", "nobody@127.0.0.1:1", "inner", "true"];
    const [real, shim] = [await runReal(words), await runShim(words)];
    expect(visible(shim)).toEqual(visible(real));
    expect(shim.exitCode).toBe(255);
  });
});
