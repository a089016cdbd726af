/** scp and sftp themselves, which run a compiled-in ssh past any PATH: bin/scp and bin/sftp hand them ours. */
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { onBothSides, onSide, visibleIn } from "../support/both-sides.ts";
import { fixture, scratch, shimFolder, systemPath, tree, visible } from "../support/index.ts";

const { sshd } = await fixture();
let source: string;
beforeAll(async () => {
  source = join(scratch(), "src");
  mkdirSync(join(source, "deep/er"), { recursive: true });
  writeFileSync(join(source, "a b"), "one\n", { mode: 0o640 });
  writeFileSync(join(source, "deep/er/c"), "two\n".repeat(10_000), { mode: 0o755 });
  writeFileSync(join(source, "deep/empty"), "");
});

describe("scp", () => {
  it.each([
    ["by sftp", []],
    ["by its old protocol", ["-O"]],
  ])("copies folders there and back %s", async (_, flags) => {
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => {
      const results = [
        await side.succeed("scp", [...flags, "-rp", ...sshd.options, source, `target:${side.folder}/there`]),
        await side.succeed("scp", [...flags, "-rp", ...sshd.options, `target:${side.folder}/there`, "back"]),
      ];
      return { results: results.map(visible), files: tree(side.folder) };
    });
    expect(shim.files["back/deep/er/c"]).toMatch(/^755 40000/);
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
  });

  it("copies from one remote to another, through itself and directly", async () => {
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => {
      const from = `target:${source}/deep/er/c`;
      const through = await side.succeed("scp", ["-3", ...sshd.options, from, `target:${side.folder}/through`]);
      return { through: visible(through), files: tree(side.folder) };
    });
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
  });

  it("gives the real one's words and codes for what is not there", async () => {
    const { real, shim } = await onBothSides(sshd, async (side) => [
      visible(await side.run("scp", [...sshd.options, "target:/no/such", "."])),
      visible(await side.run("scp", [...sshd.options, "/no/such", "target:/tmp/"])),
      visible(await side.run("scp", ["-F", "/dev/null", "-o", "BatchMode=yes", "-P", "1", "127.0.0.1:/etc/hostname", "."])),
      visible(await side.run("scp", [])),
      visible(await side.run("scp", ["-Y"])),
    ]);
    expect(shim).toEqual(real);
    expect(shim.map(({ exitCode }) => exitCode)).toEqual([1, 255, 255, 1, 1]);
  });

  it("shares what ssh already has, and -oControlMaster=no does not stop it", async () => {
    const [, cost] = await onSide("shim", sshd, async (side) => {
      await side.succeed("ssh", [...sshd.options, "target", "true"]);
      await side.succeed("scp", ["-oControlMaster=no", ...sshd.options, join(source, "a b"), `target:${side.folder}/x`]);
      await side.succeed("sftp", ["-b", "-", ...sshd.options, "target"], { input: `ls ${source}\n` });
    });
    expect(cost).toBe(1);
  });

  it("takes the caller's own -S", async () => {
    const [called] = await onSide("shim", sshd, async (side) => {
      const own = join(side.folder, "own");
      writeFileSync(own, `#!/bin/sh\necho called >>${side.folder}/log\nexec /usr/bin/ssh "$@"\n`, { mode: 0o755 });
      await side.succeed("scp", ["-S", own, ...sshd.options, join(source, "a b"), `target:${side.folder}/x`]);
      await side.succeed("sftp", ["-S", own, "-b", "-", ...sshd.options, "target"], { input: "pwd\n" });
      return readFileSync(join(side.folder, "log"), "utf8");
    });
    expect(called).toBe("called\ncalled\n");
  });

  it("is found by PATH, by a link of another folder, and with PATH unset", async () => {
    const [, cost] = await onSide("shim", sshd, async (side) => {
      const folder = join(side.folder, "bin");
      mkdirSync(folder);
      symlinkSync(join(shimFolder, "scp"), join(folder, "scp"));
      const args = [...sshd.options, join(source, "a b"), `target:${side.folder}/x`];
      await side.succeed("sh", ["-c", 'scp "$@"', "sh", ...args]);
      await side.succeed("sh", ["-c", 'scp "$@"', "sh", ...args], { env: { PATH: `${folder}:${systemPath}` } });
      await side.succeed(join(folder, "scp"), args, { env: { PATH: undefined } });
    });
    expect(cost).toBe(1);
  });
});

describe("sftp", () => {
  it("runs a batch with its every answer", async () => {
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => {
      const there = join(side.folder, "there");
      const batch = `mkdir ${there}\ncd ${there}\nput -r ${source}/deep\nls -1 deep/er\nrename deep/empty deep/full\nget deep/er/c c\n-rm nothing\nbye\n`;
      writeFileSync(join(side.folder, "batch"), batch);
      const first = await side.succeed("sftp", ["-q", "-b", "batch", ...sshd.options, "target"]);
      const second = await side.run("sftp", ["-b", "-", ...sshd.options, "target"], { input: "ls /no/such/folder\n" });
      return [visibleIn(side, first), visibleIn(side, second)];
    });
    expect(shim).toEqual(real);
    expect(shim.map(({ exitCode }) => exitCode)).toEqual([0, 1]);
    expect(authentications).toBe(1);
  });

  it("talks with a person on a terminal", async () => {
    const { real, shim } = await onBothSides(sshd, async (side) => {
      const program = side.name === "real" ? "/usr/bin/sftp" : join(shimFolder, "sftp");
      const terminal = startOnTerminal(side.name, [...sshd.options, "target"], {
        program,
        argv0: "sftp",
        run: side.runtime,
        home: sshd.home,
        cwd: side.folder,
      });
      await terminal.shows("sftp> ");
      terminal.type(`ls ${source}\n`);
      await terminal.shows("deep");
      terminal.type("bye\n");
      const end = await terminal.ended;
      return { end, shown: terminal.shown() };
    });
    expect(shim).toEqual(real);
    expect(shim.end).toBe("exit 0");
  });
});
