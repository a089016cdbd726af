/** rsync itself, both ways, many files and a big one, with --delete, and interrupted and resumed. */
import { createHash, randomBytes } from "node:crypto";
import { appendFileSync, createReadStream, mkdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { beforeAll, describe, expect, it } from "vitest";
import { onBothSides, onSide, visibleIn, wholeSize } from "../support/both-sides.ts";
import { cleanEnv, fixture, poll, scratch, shellQuote, signal, start, tree, visible } from "../support/index.ts";

const { sshd } = await fixture();
let shell: string;
let small: string;
const folders = wholeSize ? 100 : 20;
beforeAll(async () => {
  shell = `ssh -F ${sshd.configFile}`;
  small = join(scratch(), "src");
  for (let folder = 0; folder < folders; folder++) {
    mkdirSync(join(small, `d${folder}`), { recursive: true });
    for (let file = 0; file < 100; file++) writeFileSync(join(small, `d${folder}/f${file}`), `${folder}/${file}\n`.repeat(file % 7));
  }
});

describe("rsync", () => {
  it(`sends ${folders * 100} small files and fetches them again`, async () => {
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => {
      const sent = await side.succeed("rsync", ["-ai", "-e", shell, `${small}/`, `target:${side.folder}/there/`]);
      const fetched = await side.succeed("rsync", ["-ai", "-e", shell, `target:${side.folder}/there/`, "back/"]);
      return { sent: visibleIn(side, sent), fetched: visibleIn(side, fetched), files: tree(join(side.folder, "back")) };
    });
    expect(Object.keys(shim.files)).toHaveLength(folders * 101);
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
  });

  it("deletes what is no longer there, and tells it in the same words", async () => {
    const { real, shim, authentications } = await onBothSides(sshd, async (side) => {
      const from = join(side.folder, "from");
      mkdirSync(from);
      for (const name of ["a", "b c", "ü"]) writeFileSync(join(from, name), name);
      const args = ["-rlpci", "--delete", "-e", shell, "from/", `target:${side.folder}/to/`];
      const first = await side.succeed("rsync", args);
      rmSync(join(from, "b c"));
      writeFileSync(join(from, "d"), "new");
      const second = await side.succeed("rsync", args);
      return { first: visibleIn(side, first), second: visibleIn(side, second), files: tree(join(side.folder, "to")) };
    });
    expect(shim.second.stdout).toContain("*deleting   b c");
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
  });

  it("reports a missing source, a refused write and a server that is away as with the real ssh", async () => {
    const { real, shim } = await onBothSides(sshd, async (side) => {
      const missing = await side.run("rsync", ["-a", "-e", shell, "target:/no/such/file", "."]);
      // Their words and the last code are not compared: rsync kills its ssh when it knows the code, and asks only once whether ssh has ended.
      const refused = await side.run("rsync", ["-a", "-e", shell, sshd.configFile, "target:/proc/nowhere/"]);
      const away = await side.run("rsync", ["-a", "-e", "ssh -F /dev/null -p 1 -o BatchMode=yes", "127.0.0.1:/etc/hostname", "."]);
      expect([12, 255]).toContain(away.exitCode);
      return { missing: visible(missing), refused: refused.exitCode, away: away.stderr.toString().split("\n")[0] };
    });
    expect(shim).toEqual(real);
    expect(shim).toMatchObject({
      missing: { exitCode: 23 },
      refused: 11,
      away: "ssh: connect to host 127.0.0.1 port 1: Connection refused\r",
    });
  });

  it("carries a big file both ways without changing a byte", async () => {
    const big = join(scratch(), "big");
    const block = randomBytes(1 << 20);
    for (let index = 0; index < (wholeSize ? 1024 : 64); index++) {
      block.writeUInt32LE(index);
      appendFileSync(big, block);
    }
    const [sum, cost] = await onSide("shim", sshd, async (side) => {
      await side.succeed("rsync", ["-e", shell, big, `target:${side.folder}/big`]);
      await side.succeed("rsync", ["-e", shell, `target:${side.folder}/big`, "again"]);
      return hashOf(join(side.folder, "again"));
    });
    expect(sum).toBe(await hashOf(big));
    expect(cost).toBe(1);
  });

  it("goes on where it was interrupted, over the same connection", async () => {
    const big = join(scratch(), "big");
    writeFileSync(big, randomBytes(48 << 20));
    const [{ code, sum }, cost] = await onSide("shim", sshd, async (side) => {
      const to = join(side.folder, "to");
      mkdirSync(to);
      const args = ["--partial", "--inplace", "--bwlimit=20m", "-e", shell, big, `target:${to}/`];
      const first = start("shim", args, { program: "rsync", run: side.runtime, home: sshd.home, cwd: side.folder });
      await poll(() => statSync(join(to, "big")).size > 4 << 20, "some megabytes");
      signal(first.pid as number, "SIGTERM");
      const { exitCode } = await first;
      expect(statSync(join(to, "big")).size).toBeLessThan(48 << 20);
      const rest = ["--partial", "--inplace", "--append-verify", "-e", shell, big, `target:${to}/`];
      await side.succeed("rsync", rest);
      return { code: exitCode, sum: await hashOf(join(to, "big")) };
    });
    expect(code).toBe(20);
    expect(sum).toBe(await hashOf(big));
    expect(cost).toBe(1);
  });

  it("takes RSYNC_RSH, --rsync-path and a remote user from the command line as ever", async () => {
    const { real, shim, authentications } = await onBothSides(
      sshd,
      async (side) => {
        const path = shellQuote(`cd ${side.folder} && rsync`);
        const args = ["-i", `--rsync-path=${path.slice(1, -1)}`, join(small, "d3/f3"), `${sshd.user}@target:./`];
        return { ...visible(await side.succeed("rsync", args)), files: tree(side.folder) };
      },
      { RSYNC_RSH: shell },
    );
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
    expect(cleanEnv("shim").RSYNC_RSH).toBeUndefined();
  });
});

async function hashOf(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}
