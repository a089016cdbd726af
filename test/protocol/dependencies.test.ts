/** What a judgement rests on: identity of files, hashes of variables, the directory; and when it is too young to be kept. */
import { execFileSync } from "node:child_process";
import { mkdirSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { formatIdentity, readIdentity, recordDependencies } from "../../src/protocol/dependencies.ts";
import { readVariable } from "../../src/protocol/environment.ts";
import { hashBytes, hashName } from "../../src/protocol/paths.ts";
import { writeOld } from "../plan/support.ts";
import { temporary } from "../support/index.ts";

const hex = (text: string, encoding: BufferEncoding = "utf8") => Buffer.from(text, encoding).toString("hex");

describe("a file", () => {
  it("is named once, with device, inode, size and time to the nanosecond", () => {
    const path = writeOld(join(temporary(), "f"), "12345");
    const facts = recordDependencies({}, "/");
    expect(facts.file(path)).toBe(facts.file(path));
    const { dev, ino, size, mtimeNs } = statSync(path, { bigint: true });
    const [first] = facts.list;
    expect(facts.list).toHaveLength(1);
    expect(first?.kind === "file" && formatIdentity(first.identity)).toBe(
      `${dev} ${ino} ${size} ${mtimeNs / 1_000_000_000n} ${mtimeNs % 1_000_000_000n}`,
    );
  });

  it("that is not there is named as such, also below something that is no directory", () => {
    const path = writeOld(join(temporary(), "f"), "");
    const facts = recordDependencies({}, "/");
    for (const missing of ["/nowhere/at/all", join(path, "below")]) expect(facts.file(missing)).toBeUndefined();
    expect(facts.list.map(({ kind }) => kind)).toEqual(["nofile", "nofile"]);
    expect(facts.notYet).toBeUndefined();
  });

  it("from before 1970 has the time that struct timespec has", () => {
    const path = writeOld(join(temporary(), "f"), "");
    execFileSync("touch", ["-d", "1969-12-31 23:59:58.5 UTC", path]);
    const found = readIdentity(path);
    expect(found !== undefined && found !== "unknown" && [found.seconds, found.nanoseconds]).toEqual([-2n, 500_000_000n]);
  });

  it("that changed just now, or while it was judged, makes the judgement one that is not kept", () => {
    const path = join(temporary(), "f");
    const facts = recordDependencies({}, "/");
    writeFileSync(path, "now");
    facts.file(path);
    expect(facts.notYet).toBe(`${path} changed just now`);
  });

  it("that changed a second ago does, where the file system counts whole seconds, and does not where it counts finer", () => {
    const second = Math.floor(Date.now() / 1000) - 1;
    for (const [date, unsure] of [
      [second, true],
      [second + 0.5 - 1, false],
      [second + 3600, false],
    ] as const) {
      const path = writeOld(join(temporary(), "f"), "");
      utimesSync(path, date, date);
      const facts = recordDependencies({}, "/");
      facts.file(path);
      expect(facts.notYet !== undefined, String(date - second)).toBe(unsure);
    }
  });

  it("that is a socket is never too young: it is made anew, not changed", async () => {
    const path = join(temporary(), "s");
    const server = createServer();
    await new Promise<void>((done) => server.listen(path, done));
    try {
      const facts = recordDependencies({}, "/");
      expect(facts.file(path)?.type).toBe("socket");
      expect(facts.notYet).toBeUndefined();
    } finally {
      server.close();
    }
  });

  it("of a relative path brings the directory along", () => {
    const directory = temporary();
    mkdirSync(join(directory, "sub"));
    const facts = recordDependencies({}, directory);
    facts.file("sub/missing");
    expect(facts.dependsOnCwd).toBe(true);
    expect(facts.list.map(({ kind }) => kind)).toEqual(["cwd", "nofile"]);
    expect(facts.list[1]).toMatchObject({ path: `${directory}/sub/missing` });
  });
});

describe("a variable", () => {
  it("counts by its value's hash, unset apart from empty", () => {
    const facts = recordDependencies({ A: "x", B: "" }, "/");
    for (const name of ["A", "B", "C", "A"]) facts.variable(name);
    expect(facts.list).toEqual([
      { kind: "env", name: "A", hash: hashName("x") },
      { kind: "env", name: "B", hash: hashName("") },
      { kind: "env", name: "C", hash: "unset" },
    ]);
  });

  it("is found in its disguise too, byte for byte", () => {
    const env = { SSHIM_RAW_4: hex("BUN_X=1"), SSHIM_RAW_17: hex("ODD=\xff", "latin1"), NODE: "n" };
    expect(readVariable(env, "BUN_X")).toBe("1");
    expect(readVariable(env, "BUN")).toBeUndefined();
    const facts = recordDependencies(env, "/");
    facts.variable("ODD");
    expect(facts.list).toEqual([{ kind: "env", name: "ODD", hash: hashBytes(Uint8Array.of(0xff)) }]);
  });
});
