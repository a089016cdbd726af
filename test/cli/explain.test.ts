/** explain and why: what they say is what happens, and what happened. */
import { execFileSync } from "node:child_process";
import { appendFileSync, realpathSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { poll, realProgram, runShim, runSshim, start } from "../support/index.ts";
import { ask, live, useSshd, value } from "./support/live.ts";

const place = useSshd();

describe("explain", () => {
  it("names the ticket fresh once a call was made, and what made it stale", async () => {
    const words = ["-o", "ConnectTimeout=17", ...place.ssh("true")];
    expect((await ask("explain", "--", ...words)).ticket).toMatchObject({ state: "none" });
    await poll(async () => {
      await runShim(words);
      return (await ask("explain", "--", ...words)).ticket.state === "fresh";
    });
    const known = await ask("explain", "--", ...words);
    const [master] = await live();
    expect(known).toMatchObject({
      lane: "attach",
      reason: "shared",
      key: master?.key,
      socket: master?.socket,
      masters: [{ pid: master?.pid, state: "live" }],
    });
    appendFileSync(place.sshd.configFile, "# a comment\n");
    const stale = await ask("explain", "--", ...words);
    expect(stale.ticket).toMatchObject({ state: "stale", stale: [`${place.sshd.configFile} changed`] });
    expect(stale.key).toBe(known.key);
  });

  it("shows the very dial that is made", async () => {
    const { dial, key } = await ask("explain", "--", ...place.ssh("true"));
    await runShim(place.ssh("true"));
    const [master] = await live();
    expect(master?.key).toBe(key);
    const log = execFileSync("sh", ["-c", 'tr "\\0" "\\n" < /proc/$1/environ | grep -c .', "sh", String(master?.pid)]).toString();
    expect(Number(log)).toBeGreaterThan(0);
    expect(realpathSync(dial[0])).toBe(realProgram);
    expect(dial).toContain(`-oControlPath=${master?.socket}`);
    expect(dial.at(-1)).toBe(place.sshd.host);
  });

  it.each([
    [["-L", "1:a:2"], "forwarding"],
    [["-o", "ControlPath=none"], "no-control-path"],
    [["-v"], "log"],
    [["-X"], "x11"],
    [["-N"], "no-session"],
  ])("gives for %j the rule that the journal names too", async (words, rule) => {
    const explained = await ask("explain", "--", ...words, ...place.ssh("true"));
    expect(explained).toMatchObject({ code: 0, lane: "pass", reason: rule });
    const child = start("shim", [...words, ...place.ssh("true")], { timeout: 3000 });
    const logged = () => runSshim(["log", "--json", "--event", "session", "--lines", "1"]).then((result) => value(result));
    await poll(async () => (await logged()).reason === rule);
    child.kill("SIGKILL");
    await child;
  });

  it.each([
    [["-V"], "query"],
    [["-Q", "cipher"], "query"],
    [["host", "-V"], "query"],
    [["-Z", "host"], "usage"],
    [["-G", "host"], "prints-configuration"],
    [["-l"], "usage"],
  ])("sees %j as ssh does", async (words, rule) => {
    expect(await ask("explain", "--", ...words)).toMatchObject({ lane: "pass", reason: rule });
  });

  it("sees bytes that are not UTF-8 in an option, and lets them be in a command", async () => {
    const explain = (script: string) => {
      const words = place.ssh().map((word) => `'${word}'`);
      return runShim(["-c", `exec sshim explain --json -- ${script.replace("HOST", words.join(" "))}`], { program: "bash" });
    };
    expect(value(await explain("-o $'User=a\\xff' HOST true"))).toMatchObject({ lane: "pass", reason: "question" });
    expect(value(await explain("HOST $'echo \\xff'"))).toMatchObject({ lane: "attach" });
  });

  it("knows what the front passes before it asks, and ends with 1 for what ssh refuses", async () => {
    const off = await runSshim(["explain", "--json", "--", ...place.ssh("true")], { env: { SSHIM: "off" } });
    expect(value(off)).toMatchObject({ lane: "pass", reason: "off" });
    expect(await ask("explain", "--", "-9", "host")).toMatchObject({ code: 1, lane: "pass", reason: "usage" });
    expect(await ask("explain", "--", "-p", "22")).toMatchObject({ code: 1, lane: "pass", reason: "no-destination" });
    expect(await ask("explain", "--", "-J", "a", "-J", "b", "host")).toMatchObject({ code: 1, lane: "pass" });
    const none = await runSshim(["explain", "--", ...place.ssh("true")], { env: { SSHIM_REAL_SSH: "/nonexistent/ssh" } });
    expect([none.exitCode, none.stderr.toString()]).toEqual([
      1,
      "sshim: cannot find the real ssh: /nonexistent/ssh (set by SSHIM_REAL_SSH)\n",
    ]);
  });
});

describe("why", () => {
  it("tells the remote's own 255 from a killed command, a failed dial and a killed master", async () => {
    const last = () => ask("why");
    await runShim(place.ssh("exit 255"));
    expect(await last()).toMatchObject({ cause: "remote", verdict: "started" });
    await runShim(place.ssh("kill -9 $$"));
    expect(await last()).toMatchObject({ cause: "remote signal", verdict: "started" });
    await runShim(["-o", "BatchMode=yes", "-p", "1", "127.0.0.1", "true"]);
    expect(await last()).toMatchObject({
      cause: "dial: transient",
      verdict: "not started",
      evidence: [expect.stringContaining("Connection refused")],
    });
    const session = start("shim", place.ssh("sleep 300"));
    await poll(async () => (await live())[0]?.sessions === 1);
    process.kill((await live())[0]?.pid as number, "SIGKILL");
    expect((await session).exitCode).toBe(255);
    const lost = await last();
    expect(lost).toMatchObject({ cause: "lost", verdict: "started", session: { code: 255, stage: "opened" } });
    const drained = start("shim", place.ssh("sleep 300"));
    await poll(async () => (await live())[0]?.sessions === 1);
    expect((await runSshim(["drain", "--all", "--now"])).exitCode).toBe(0);
    expect((await drained).exitCode).toBe(255);
    expect(await last()).toMatchObject({ cause: "drained", verdict: "started" });
    const { code, broken } = await ask("report", "--since", "5m");
    expect(code).toBe(1);
    expect(broken.map(({ cause }: { cause: string }) => cause).slice(-5)).toEqual([
      "remote",
      "remote signal",
      "dial: transient",
      "lost",
      "drained",
    ]);
  });
});
