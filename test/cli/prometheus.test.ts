/** The Prometheus text: accepted by promtool, counting on through rotations, written whole. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countOn } from "../../src/cli/commands/stats/checkpoint.ts";
import { formatPrometheus } from "../../src/cli/commands/stats/prometheus.ts";
import { findProgram, run, runSshim, temporary } from "../support/index.ts";
import { madeUp, placeJournal, session } from "./support/synthetic.ts";

const noon = Date.parse("2026-11-20T12:00:00.000Z");

describe("Prometheus", () => {
  it("counts on through a rotation and never twice, whoever asks in between", () => {
    const { path } = placeJournal([session(noon), session(noon + 1), session(noon + 2, { code: 255 })]);
    const shared = () => countOn(path).shared;
    expect([shared(), shared()]).toEqual([3, 3]);
    writeFileSync(path, `${JSON.stringify(session(noon + 3))}\n{"time":"2026`, { flag: "a" });
    expect(shared()).toBe(4);
    writeFileSync(path, '-11-22T12:00:01.000Z","event":"sweep"}\n', { flag: "a" });
    renameSync(path, `${path}.1`);
    writeFileSync(`${path}.1`, `${JSON.stringify(session(noon + 4))}\n`, { flag: "a" });
    writeFileSync(path, `${JSON.stringify(session(noon + 5))}\n`);
    expect([shared(), shared()]).toEqual([6, 6]);
    renameSync(`${path}.1`, `${path}.2`);
    renameSync(path, `${path}.1`);
    writeFileSync(path, `${JSON.stringify(session(noon + 6))}\n`);
    expect([shared(), shared()]).toEqual([7, 7]);
    expect(countOn(path).codes255).toEqual({ remote: 1 });
  });

  it("counts on when the journal is cut off, or removed and made anew with the same inode", () => {
    const { path } = placeJournal([session(noon), session(noon + 1), session(noon + 2)]);
    const lines = (...times: number[]) => times.map((time) => `${JSON.stringify(session(noon + time))}\n`).join("");
    const shared = () => countOn(path).shared;
    writeFileSync(`${path}.1`, lines(-9, -8));
    expect([shared(), shared()]).toEqual([5, 5]);
    // Written over in place, shorter than before and then longer: the inode stays.
    writeFileSync(path, lines(10));
    expect([shared(), shared()]).toEqual([6, 6]);
    writeFileSync(path, lines(11, 12, 13, 14));
    expect([shared(), shared()]).toEqual([10, 10]);
    rmSync(path);
    writeFileSync(path, lines(20));
    expect([shared(), shared()]).toEqual([11, 11]);
    rmSync(path);
    expect([shared(), shared()]).toEqual([11, 11]);
  });

  it("gives the sums where they cannot be kept", async () => {
    const { run: directory, path } = placeJournal([session(noon)]);
    mkdirSync(`${path}.counted`);
    const printed = await runSshim(["stats", "--prometheus"], { run: directory });
    expect([printed.exitCode, printed.stderr.toString()]).toEqual([0, ""]);
    expect(printed.stdout.toString()).toMatch(/^sshim_shared_sessions_total 1$/m);
    expect(
      readdirSync(directory)
        .filter((name) => name.startsWith("journal"))
        .sort(),
    ).toEqual(["journal.jsonl", "journal.jsonl.counted"]);
  });

  it("starts again where what it kept is damaged", () => {
    const { path } = placeJournal([session(noon)]);
    expect(countOn(path).shared).toBe(1);
    writeFileSync(`${path}.counted`, '{"version":1,"tally":{');
    expect(countOn(path).shared).toBe(1);
  });

  it.skipIf(!findProgram("promtool"))("is accepted by promtool, with an empty journal too", async () => {
    const { path } = placeJournal(madeUp(noon));
    for (const tally of [countOn(path), countOn(join(temporary(), "none.jsonl"))]) {
      const text = formatPrometheus(tally, { masters: { live: 2, 'odd"\\\n': 1 }, sessions: 4 });
      const checked = await run("real", ["check", "metrics"], { program: findProgram("promtool"), input: text });
      expect([checked.exitCode, checked.stderr.toString(), checked.stdout.toString()]).toEqual([0, "", ""]);
    }
  });

  it("is written whole or not at all, readable by everybody, beside nothing else", async () => {
    const { run: directory } = placeJournal(madeUp(noon));
    const folder = temporary();
    const file = join(folder, "sshim.prom");
    const done = await runSshim(["stats", "--prometheus", "--output", file], { run: directory });
    expect([done.exitCode, done.stdout.toString()]).toEqual([0, ""]);
    expect(readdirSync(folder)).toEqual(["sshim.prom"]);
    const printed = await runSshim(["stats", "--prometheus"], { run: directory });
    expect(readFileSync(file, "utf8")).toBe(printed.stdout.toString());
    const nowhere = await runSshim(["stats", "--prometheus", "--output", "/nonexistent/x.prom"], { run: directory });
    expect([nowhere.exitCode, nowhere.stderr.toString()]).toEqual([
      1,
      "sshim: cannot write /nonexistent/x.prom: ENOENT (set by --output)\n",
    ]);
  });

  it("has every metric that the dashboard asks for, and the documentation every metric", () => {
    const { path } = placeJournal(madeUp(noon));
    const text = formatPrometheus(countOn(path), { masters: { live: 1 }, sessions: 1 });
    const names = new Set([...text.matchAll(/^# TYPE (\S+)/gm)].map((match) => match[1] as string));
    const dashboard = readFileSync(join(import.meta.dirname, "../../docs/grafana.json"), "utf8");
    const asked = new Set([...dashboard.matchAll(/sshim_[a-z0-9_]+/g)].map((match) => match[0].replace(/_(bucket|sum|count)$/, "")));
    expect([...asked].filter((name) => !names.has(name))).toEqual([]);
    const documented = readFileSync(join(import.meta.dirname, "../../docs/interface.md"), "utf8");
    expect([...names].filter((name) => !documented.includes(`\`${name}\``))).toEqual([]);
  });
});
