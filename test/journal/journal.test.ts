/** The journal: whole lines from many writers, through rotations, for readers and followers. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { SessionEvent } from "../../src/journal/events.ts";
import { followJournal } from "../../src/journal/follow.ts";
import { formatEvent, journalEvent, journalPathFor, LINE_BYTES, parseEvent, readJournal } from "../../src/journal/journal.ts";
import { conform } from "../cli/support/schema.ts";
import { session } from "../cli/support/synthetic.ts";
import { freshRun, poll, runShim, runSshim, start, temporary } from "../support/index.ts";

const line = (n: number) => `${JSON.stringify(session(1_700_000_000_000 + n, { id: `a${n}` }))}\n`;
const ids = (path: string) => [...readJournal(path)].map((event) => (event as SessionEvent).id);

describe("a journal that cannot be read", () => {
  const commands = [["log"], ["why"], ["stats"], ["report"]];

  it("is named by every command that reads it, in one line, instead of an empty one", async () => {
    const run = temporary();
    const path = join(run, "journal.jsonl");
    for (const [make, why] of [
      [() => mkdirSync(path), "it is not a regular file"],
      [() => execFileSync("mkfifo", [path]), "it is not a regular file"],
      [() => symlinkSync(path, path), "ELOOP"],
    ] as const) {
      make();
      for (const words of commands) {
        const { exitCode, stdout, stderr } = await runSshim(words, { run });
        expect([words, exitCode, stdout.toString(), stderr.toString()]).toEqual([
          words,
          1,
          "",
          `sshim: cannot read the journal ${path}: ${why}\n`,
        ]);
      }
      rmSync(path, { recursive: true });
    }
  });

  it("is a problem to doctor, as is one that cannot be written", async () => {
    const run = temporary();
    const finding = async (journal: string) => {
      const said = JSON.parse((await runSshim(["doctor", "--json"], { run, env: { SSHIM_JOURNAL: journal } })).stdout.toString());
      return said.findings.find(({ id }: { id: string }) => id === "journal");
    };
    const pipe = join(run, "pipe");
    execFileSync("mkfifo", [pipe]);
    for (const [journal, what] of [
      [join(run, "nowhere/j.jsonl"), "cannot be written: ENOENT"],
      [run, "cannot be written: EISDIR"],
      [pipe, "cannot be written: ENXIO"],
    ] as const)
      expect(await finding(journal)).toMatchObject({ level: "problem", what: `the journal ${journal} ${what}` });
    expect(await finding("/dev/null")).toMatchObject({ level: "ok" });
    expect(await finding(join(run, "none-yet.jsonl"))).toMatchObject({ level: "ok" });
  });
});

describe("writing", () => {
  it("appends one line a call, private, with the time first", () => {
    const run = temporary();
    journalEvent(run, { event: "dial", key: "k", shard: 0, outcome: "ok", ms: 12, pid: 5 });
    journalEvent(run, { event: "sweep", tickets: 3 });
    const lines = readFileSync(join(run, "journal.jsonl"), "utf8").trimEnd().split("\n");
    expect(lines.map((text) => Object.keys(JSON.parse(text)).slice(0, 2))).toEqual([
      ["time", "event"],
      ["time", "event"],
    ]);
    expect(statSync(join(run, "journal.jsonl")).mode & 0o777).toBe(0o600);
  });

  it("stays below one write's bytes, and a line of JSON, however long its texts are", () => {
    for (const text of ["x".repeat(100_000), "ü\n\u0000".repeat(30_000), "\u{1f600}".repeat(5000)]) {
      const written = formatEvent(
        { event: "heal", evidence: text, problem: text, reason: text, destination: text, stage: "opened" },
        new Date(0),
      );
      expect(Buffer.byteLength(written)).toBeLessThan(LINE_BYTES);
      expect(written.indexOf("\n")).toBe(written.length - 1);
      expect(parseEvent(written)).toMatchObject({ event: "heal", stage: "opened" });
    }
  });

  it("costs the line and not the call where it cannot write", () => {
    expect(() => journalEvent("/nonexistent/place", { event: "sweep" })).not.toThrow();
    expect(() => journalEvent(temporary(), { event: "sweep" }, { journal: "/proc/version" })).not.toThrow();
  });

  it("goes where the setting says, or nowhere", () => {
    expect(journalPathFor("/run/x", {})).toBe("/run/x/journal.jsonl");
    expect(journalPathFor("/run/x", { journal: "/var/log/s.jsonl" })).toBe("/var/log/s.jsonl");
    expect(journalPathFor("/run/x", { journal: "off" })).toBeUndefined();
  });
});

describe("reading", () => {
  it("gives rotated files first, leaves out what is no whole line, and counts it", () => {
    const path = join(temporary(), "journal.jsonl");
    writeFileSync(`${path}.2`, line(1));
    writeFileSync(`${path}.1`, `${line(2)}garbage\n${line(3)}[1]\n`);
    writeFileSync(path, `${line(4)}{"time":"2026`);
    const damaged = { count: 0 };
    expect([...readJournal(path, "", damaged)].map((event) => (event as SessionEvent).id)).toEqual(["a1", "a2", "a3", "a4"]);
    expect(damaged.count).toBe(2);
  });

  it("reads lines that cross its buffer, and only those since a moment", () => {
    const path = join(temporary(), "journal.jsonl");
    const many = Array.from({ length: 3000 }, (_, index) => line(index));
    writeFileSync(path, many.join(""));
    expect(ids(path)).toHaveLength(3000);
    expect([...readJournal(path, new Date(1_700_000_000_000 + 2990).toISOString())]).toHaveLength(10);
    expect(ids(join(temporary(), "none.jsonl"))).toEqual([]);
  });

  it("loses nothing and gives nothing twice when the file is renamed between its looks", () => {
    const path = join(temporary(), "journal.jsonl");
    writeFileSync(path, line(1));
    const reader = readJournal(path);
    expect((reader.next().value as SessionEvent).id).toBe("a1");
    renameSync(path, `${path}.1`);
    appendFileSync(`${path}.1`, line(2));
    appendFileSync(path, line(3));
    expect([...reader].map((event) => (event as SessionEvent).id)).toEqual(["a2"]);
    expect(ids(path)).toEqual(["a1", "a2", "a3"]);
  });
});

describe("following", () => {
  it("gives each line once through rotations, those included that land in the older file late", async () => {
    const path = join(temporary(), "journal.jsonl");
    writeFileSync(path, line(0));
    const seen: string[] = [];
    let end = () => {};
    const until = new Promise<void>((resolve) => {
      end = resolve;
    });
    const following = followJournal(path, (event) => seen.push((event as SessionEvent).id), { until, interval: 2 });
    for (let n = 1; n <= 300; n++) {
      appendFileSync(path, line(n));
      if (n % 60 === 0) {
        if (existsSync(`${path}.1`)) renameSync(`${path}.1`, `${path}.2`);
        renameSync(path, `${path}.1`);
        appendFileSync(`${path}.1`, line(n + 1000));
        await poll(() => seen.includes(`a${n + 1000}`));
      }
    }
    await poll(() => seen.length === 305, "all lines");
    end();
    await following;
    expect(new Set(seen).size).toBe(305);
    expect(seen).not.toContain("a0");
  });

  it("shows in sshim log --follow what is written while it runs, and ends with 0 on SIGTERM", async () => {
    const run = temporary();
    const path = join(run, "journal.jsonl");
    chmodSync(run, 0o700);
    writeFileSync(path, line(1));
    const child = start("shim", ["log", "--follow", "--json"], { run, program: "sshim" });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    let n = 2;
    await poll(() => {
      appendFileSync(path, line(n++));
      return said.includes('"id":"a');
    });
    expect(said).not.toContain('"id":"a1"');
    renameSync(path, `${path}.1`);
    appendFileSync(path, line(9999));
    await poll(() => said.includes('"id":"a9999"'));
    child.kill("SIGTERM");
    expect((await child).exitCode).toBe(0);
  });
});

describe("the front's lines", () => {
  it("are all there, whole and as documented, from a hundred writers through rotations, while a reader looks", async () => {
    const run = freshRun();
    const env = { SSHIM_JOURNAL_SIZE: "64K" };
    // A call that is passed through by its ticket: options that the real ssh answers by itself would not write a line each.
    const args = ["-o", "ControlPath=none", "-o", "ProxyCommand=false", "-o", "BatchMode=yes", "nowhere", "true"];
    expect((await runShim(args, { run, env })).exitCode).toBe(255);
    const path = join(run, "journal.jsonl");
    const filler = Array.from({ length: 300 }, (_, index) => line(index)).join("");
    writeFileSync(path, filler, { flag: "a" });
    let torn = 0;
    let looks = 0;
    let writing = true;
    const reader = (async () => {
      while (writing) {
        const damaged = { count: 0 };
        for (const event of readJournal(path, "", damaged)) if (!event.time) torn++;
        torn += damaged.count;
        looks++;
        await new Promise((resume) => setImmediate(resume));
      }
    })();
    const writers = Array.from({ length: 100 }, async () => expect((await runShim(args, { run, env })).exitCode).toBe(255));
    await Promise.all(writers);
    writing = false;
    await reader;
    expect(torn).toBe(0);
    expect(looks).toBeGreaterThan(0);
    expect(existsSync(`${path}.1`)).toBe(true);
    const events = [...readJournal(path)].filter((event) => !/^a\d+$/.test((event as SessionEvent).id));
    expect(events).toHaveLength(101);
    expect(new Set(events.map((event) => (event as SessionEvent).id)).size).toBe(101);
    for (const event of events) {
      conform("journal", event);
      expect(event).toMatchObject({ event: "session", lane: "pass", outcome: "pass", reason: "no-control-path" });
    }
  });

  it("hold no word of a command, an option's value or the environment", async () => {
    const run = freshRun();
    const secret = "hunter2secret";
    await runShim(["-o", "ProxyCommand=false", "-o", `RemoteCommand=echo ${secret}`, "nowhere"], { run, env: { SSHIM_SCOPE: secret } });
    await runShim(["-o", "ProxyCommand=false", "-o", "BatchMode=yes", "nowhere", "echo", secret], {
      run,
      env: { TOKEN: secret, SSHIM_SCOPE: secret },
    });
    await runShim(["-i", `/tmp/${secret}`, "-o", "ProxyCommand=false", "-S", "none", "nowhere", secret], { run });
    const text = readFileSync(join(run, "journal.jsonl"), "utf8");
    expect(text.split("\n").length).toBeGreaterThanOrEqual(4);
    expect(text).not.toContain(secret);
    const log = await runSshim(["log"], { run });
    expect(log.exitCode).toBe(0);
  });
});
