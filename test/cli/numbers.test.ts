/**
 * The numbers: stats, report, why and the Prometheus text, from journals whose contents are known.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { causeOf, controlsOf, isBroken, relatedTo, sessionsOf, verdictOf } from "../../src/cli/history/sessions.ts";
import { peakOf, summarise, timesOf } from "../../src/cli/history/summary.ts";
import { freshRun, runSshim } from "../support/index.ts";
import { golden } from "./support/golden.ts";
import { conform } from "./support/schema.ts";
import { control, madeUp, placeJournal, session } from "./support/synthetic.ts";

const noon = Date.parse("2026-11-20T12:00:00.000Z");

describe("stats", () => {
  it("is the golden summary of two made-up hours", () => {
    golden("stats", summarise(madeUp(noon)));
  });

  it("counts what can be counted by hand", () => {
    const summary = summarise([
      control(noon, { event: "dial", outcome: "ok", ms: 400, pid: 1 }),
      session(noon + 10, { asked: 2, open_ms: 450, ms: 460 }),
      session(noon + 20, { open_ms: 2, ms: 10 }),
      session(noon + 30, { open_ms: 4, ms: 25, code: 255 }),
      session(noon + 40, { outcome: "lost", code: 255, stage: "opened", failure: "eof", asked: 1 }),
      control(noon + 40, { event: "heal", stage: "opened", failure: "eof", verdict: "started", evidence: "it answers" }),
      session(noon + 5000, { outcome: "lost", code: 255, stage: "opened", failure: "eof", asked: 1 }),
      session(noon + 9000, { outcome: "pass", lane: "pass", code: 0, ms: 1 }),
      session(noon + 9010, { outcome: "answered", lane: "control", code: 0, ms: 1 }),
      control(noon + 9100, { event: "retire", reason: "exit", outcome: "retired", sessions: 3 }),
      control(noon + 9200, { event: "retire", reason: "exit", outcome: "none", sessions: 0 }),
    ]);
    expect(summary).toMatchObject({
      ...{ invocations: 7, sessions: 5, warm: 2, warm_share: 0.4, handshakes: 1, handshakes_saved: 4, seconds_saved: 1.6 },
      ...{ codes_255: { remote: 1, "remote signal": 1, lost: 1 }, drains: { count: 1, sessions_spared: 3 }, retries: { "opened/eof": 1 } },
      ...{ attach_ms: { count: 2, p50: 2, p95: 4, p99: 4 }, dial_ms: { count: 1, p50: 400, p95: 400, p99: 400 } },
    });
  });

  it("finds the peak of sessions that overlap, touch, and have no length", () => {
    const at = (from: number, ms: number) => session(noon + from + ms, { ms });
    expect(peakOf([])).toBe(0);
    expect(peakOf([at(0, 0)])).toBe(1);
    expect(peakOf([at(0, 10), at(11, 10), at(22, 10)])).toBe(1);
    expect(peakOf([at(0, 100), at(10, 10), at(15, 10), at(30, 1)])).toBe(3);
  });

  it("takes percentiles by the nearest rank", () => {
    expect(timesOf(Array.from({ length: 100 }, (_, index) => 100 - index))).toEqual({ count: 100, p50: 50, p95: 95, p99: 99 });
    expect(timesOf([])).toEqual({ count: 0, p50: null, p95: null, p99: null });
  });

  it("gives by the command what is in the journal since a moment and of a host, and the masters of now", async () => {
    const { run: directory } = placeJournal([session(noon), session(noon + 1000, { destination: "a@other:2222" }), session(noon + 2000)]);
    const all = JSON.parse((await runSshim(["stats", "--json"], { run: directory })).stdout.toString());
    conform("stats", all);
    expect(all).toMatchObject({ invocations: 3, masters: {}, sessions_now: 0 });
    const some = await runSshim(["stats", "--json", "--since", "2026-11-20T12:00:01Z", "--host", "web*"], { run: directory });
    expect(JSON.parse(some.stdout.toString())).toMatchObject({ invocations: 1 });
    const text = await runSshim(["stats"], { run: directory });
    expect(text.stdout.toString()).toContain("3 (100.0 % warm)");
    const empty = await runSshim(["stats", "--json"], { run: freshRun() });
    conform("stats", JSON.parse(empty.stdout.toString()));
  });
});

describe("verdicts and causes", () => {
  const rows: Array<[string, Partial<Parameters<typeof session>[1]> & object, string, string, boolean]> = [
    ["the command's own 255", { code: 255 }, "started", "remote", false],
    ["a session that was lost", { outcome: "lost", code: 255, stage: "opened", failure: "eof" }, "started", "lost", true],
    ["no answer to the session", { outcome: "refused", code: 255, stage: "session", failure: "eof" }, "unknown", "session: eof", true],
    ["a refused session", { outcome: "refused", code: 255, stage: "session", failure: "failure" }, "not started", "session: failure", true],
    ["no master", { outcome: "refused", code: 255, stage: "connect", failure: "none" }, "not started", "connect: none", true],
    ["a shared failure", { outcome: "failure shared", code: 255, stage: "record", failure: "none" }, "not started", "record: none", true],
    [
      "a wedged check",
      { outcome: "wedged", lane: "control", code: 255, stage: "hello", failure: "timeout" },
      "not started",
      "wedged",
      true,
    ],
    ["a refused -O word", { outcome: "refused", lane: "control", code: 255 }, "not started", "refused", false],
    ["a signal", { outcome: "signal", code: 255 }, "started", "signal", false],
  ];
  it.each(rows)("of %s", (_, over, verdict, cause, broken) => {
    const one = session(noon, over);
    expect([verdictOf(one), causeOf(one), isBroken(one)]).toEqual([verdict, cause, broken]);
  });

  it("takes the control plane's events of the same connection and time into account, and no others", () => {
    const one = session(noon, { outcome: "refused", code: 255, stage: "connect", failure: "none", ms: 1000 });
    const dial = control(noon - 200, { event: "dial", outcome: "failed", failure: "final" });
    const others = [
      control(noon - 5000, { event: "dial", outcome: "failed", failure: "transient" }),
      control(noon - 200, { event: "dial", outcome: "failed", failure: "transient", key: "f".repeat(32) }),
    ];
    expect(relatedTo(one, controlsOf([...others, dial, one]))).toEqual([dial]);
    expect(causeOf(one, relatedTo(one, controlsOf([...others, dial])))).toBe("dial: final");
  });
});

describe("why", () => {
  it("finds the last that broke, one by the end of its id, and says which are meant when it cannot tell", async () => {
    const lost = { outcome: "lost", code: 255, stage: "opened", failure: "eof" } as const;
    const { run: directory } = placeJournal([
      session(noon, { id: "17-1" }),
      session(noon + 1, { id: "17-21", ...lost }),
      session(noon + 2, { id: "17-31", ...lost }),
      control(noon + 2, {
        event: "heal",
        stage: "opened",
        failure: "eof",
        verdict: "started",
        evidence: "Timeout, server web1 not responding.",
      }),
      session(noon + 3000, { id: "17-4" }),
    ]);
    const last = JSON.parse((await runSshim(["why", "--json"], { run: directory })).stdout.toString());
    conform("why", last);
    expect(last).toMatchObject({
      session: { id: "17-31" },
      verdict: "started",
      cause: "lost",
      evidence: ["Timeout, server web1 not responding."],
    });
    expect(JSON.parse((await runSshim(["why", "21", "--json"], { run: directory })).stdout.toString())).toMatchObject({
      session: { id: "17-21" },
    });
    const text = await runSshim(["why", "17-31"], { run: directory });
    expect(text.stdout.toString()).toContain("Verdict: started.");
    expect(text.stdout.toString()).toContain("Evidence: Timeout, server web1 not responding.");
    const many = await runSshim(["why", "17"], { run: directory });
    expect([many.exitCode, many.stderr.toString()]).toEqual([
      1,
      "sshim: cannot tell which session is meant by 17: 4 ids begin or end so\n",
    ]);
    const none = await runSshim(["why", "99"], { run: directory });
    expect([none.exitCode, none.stderr.toString()]).toEqual([1, "sshim: cannot find session 99: it is not in the journal\n"]);
  });
});

describe("log", () => {
  it("filters by event, outcome, code, host and time, and ends with 1 where nothing matches", async () => {
    const { run: directory } = placeJournal(madeUp(Date.now()));
    const lines = async (...words: string[]) => {
      const result = await runSshim(["log", "--json", ...words], { run: directory });
      return {
        code: result.exitCode,
        events: result.stdout
          .toString()
          .split("\n")
          .filter(Boolean)
          .map((text) => JSON.parse(text)),
      };
    };
    const everything = (await lines()).events;
    expect(everything.length).toBe(readFileSync(join(directory, "journal.jsonl"), "utf8").trimEnd().split("\n").length);
    for (const event of everything) conform("journal", event);
    const broken = (await lines("--event", "session", "--outcome", "broken")).events;
    expect(broken.length).toBe(sessionsOf(everything).filter(isBroken).length);
    expect((await lines("--event", "retire,dial")).events.every(({ event }) => event === "retire" || event === "dial")).toBe(true);
    expect((await lines("--outcome", "255")).events.every(({ code }) => code === 255)).toBe(true);
    expect((await lines("--host", "db.example.com")).events.every(({ destination }) => destination === "deploy@db.example.com:2222")).toBe(
      true,
    );
    expect((await lines("--lines", "3")).events).toEqual(everything.slice(-3));
    expect((await lines("--since", "30m")).events.length).toBeLessThan(everything.length);
    expect(await lines("--host", "nobody")).toEqual({ code: 1, events: [] });
  });
});

describe("report", () => {
  it("is the golden report of two made-up hours, with every 255 and its cause", async () => {
    const { collectReport } = await import("../../src/cli/commands/report/collect.ts");
    const report = collectReport(madeUp(noon), new Date(noon - 3600_000).toISOString(), new Date(noon).toISOString());
    conform("report", { ...report, html: null });
    golden("report", report);
    const codes = sessionsOf(madeUp(noon)).filter((one) => one.time >= report.since && one.code === 255 && one.outcome !== "pass");
    expect(report.broken.map(({ id }) => id)).toEqual(codes.map(({ id }) => id));
  });

  it("ends with 1 when something broke, with 0 when nothing did, the remote's own 255 apart", async () => {
    const fine = placeJournal([session(Date.now() - 1000), session(Date.now() - 900, { code: 255 })]);
    const good = await runSshim(["report", "--json"], { run: fine.run });
    expect(good.exitCode).toBe(0);
    conform("report", JSON.parse(good.stdout.toString()));
    const bad = placeJournal([session(Date.now() - 1000, { outcome: "lost", code: 255, stage: "opened", failure: "eof" })]);
    const text = await runSshim(["report", "--since", "1h"], { run: bad.run });
    expect([text.exitCode, text.stdout.toString().split("\n")[0]]).toEqual([1, expect.stringMatching(/^1 call broke from /)]);
  });
});
