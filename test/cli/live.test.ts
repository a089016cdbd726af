/**
 * status, drain and fresh on real masters: a real sshd, the real ssh, the compiled front and
 * control plane.
 */
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { poll, run, runDirectory, runReal, runShim, runSshim, sharedAt, start, temporary } from "../support/index.ts";
import { ask, live, masters, type Row, useSshd, value } from "./support/live.ts";
import { conform } from "./support/schema.ts";

const place = useSshd();

describe("status", () => {
  it("shows nothing before the first call, and a master with its destination after it", async () => {
    expect(await masters()).toEqual([]);
    expect((await runSshim(["status"])).stdout.toString()).toBe(`no masters in ${runDirectory()}\n`);
    expect((await runShim(place.ssh("echo hello"))).stdout.toString()).toBe("hello\n");
    const [master, ...others] = await masters();
    expect(others).toEqual([]);
    expect(master).toMatchObject({ destination: place.destination(), shard: 0, state: "live", sessions: 0, owner: "ours", reason: null });
    const text = (await runSshim(["status", "127.0.0.1"])).stdout.toString();
    expect(text).toMatch(/^DESTINATION +KEY +SHARD +PID/);
    expect(text).toContain("live");
    expect((await runSshim(["status", "elsewhere"])).stdout.toString()).toMatch(/^no masters in /);
  });

  it("counts the sessions that run now, right after a kill -9 too", async () => {
    const sessions = [1, 2, 3].map(() => start("shim", place.ssh("sleep 300")));
    await poll(async () => (await masters()).reduce((sum, master) => sum + Number(master.sessions), 0) === 3);
    sessions[0]?.kill("SIGKILL");
    await sessions[0];
    expect((await masters()).reduce((sum, master) => sum + Number(master.sessions), 0)).toBe(2);
    for (const session of sessions) session.kill("SIGTERM");
    await Promise.all(sessions);
  });

  it("says whose ControlPath it is: a caller's, or one where somebody else made the master", async () => {
    const own = join(temporary(), "own");
    const theirs = join(temporary(), "theirs");
    await runShim([...sharedAt(own), ...place.ssh("true")]);
    await runReal([...sharedAt(theirs), ...place.ssh("true")]);
    try {
      await runShim(["-S", theirs, ...place.ssh("true")]);
      const owners = Object.fromEntries((await masters()).map((master) => [master.socket, master.owner]));
      expect(owners).toEqual({ [own]: "caller", [theirs]: "foreign" });
    } finally {
      await runReal(["-S", theirs, "-O", "exit", ...place.ssh()]);
    }
  });

  it("redraws with --watch, one JSON value a look, and ends with 0 on SIGINT", async () => {
    const child = start("shim", ["status", "--watch", "--json", "--interval", "50ms"], { program: "sshim" });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    await poll(() => said.split("\n").length > 3);
    child.kill("SIGINT");
    expect((await child).exitCode).toBe(0);
    for (const line of said.trimEnd().split("\n")) conform("status --watch", JSON.parse(line));
  });
});

describe("the configuration in force", () => {
  it("moves sockets and records to `dir`, where status and drain find them", async () => {
    const folder = temporary();
    const config = join(temporary(), "config.toml");
    writeFileSync(config, `drain_timeout = "20s"\n[[host]]\nhost = "127.0.0.1"\ndir = "${folder}"\n`);
    const env = { SSHIM_CONFIG: config, SSHIM_SCOPE: "dir", SSHIM_DIR: undefined, XDG_RUNTIME_DIR: temporary() };
    expect((await runShim(place.ssh("true"), { env })).exitCode).toBe(0);
    const shown = value(await runSshim(["status", "--json"], { env })).masters;
    expect(shown).toMatchObject([{ state: "live", owner: "ours", socket: expect.stringContaining(`${folder}/k/`) }]);
    const drained = value(await runSshim(["drain", "--all", "--json"], { env }));
    expect(drained).toMatchObject({ drained: [{ result: "retired", pid: shown[0].pid }], gone: true });
  });

  it("tells the journal what could not be read, and goes on with the default", async () => {
    const result = await runShim(place.ssh("true"), { env: { SSHIM_PRESIST: "1" } });
    expect(result.exitCode).toBe(0);
    const logged = await runSshim(["log", "--json", "--event", "config", "--lines", "1"]);
    conform("journal", value(logged));
    expect(value(logged).problem).toBe("cannot read SSHIM_PRESIST: no such setting; did you mean SSHIM_PERSIST? (set by the environment)");
  });
});

describe("a host by its name in ssh_config", () => {
  it("is what ssh makes of it, for status, drain and log", async () => {
    // The account's own configuration, as far as the real ssh is concerned.
    const real = join(temporary(), "ssh");
    writeFileSync(real, `#!/bin/sh\nexec /usr/bin/ssh ${place.sshd.options.join(" ")} "$@"\n`, { mode: 0o755 });
    await runShim(place.ssh("true"));
    const ask = async (...words: string[]) => {
      const result = await runSshim(words, { env: { SSHIM_REAL_SSH: real } });
      return [result.exitCode, result.stdout.toString().includes(place.destination())];
    };
    expect(await ask("status", place.sshd.host)).toEqual([0, true]);
    expect(await ask("log", "--host", place.sshd.host)).toEqual([0, true]);
    expect(await ask("log", "--host", "another")).toEqual([1, false]);
    expect(await ask("drain", "another")).toEqual([1, false]);
    expect(await ask("drain", place.sshd.host)).toEqual([0, true]);
    expect((await masters()).filter(({ state }) => state === "live")).toEqual([]);
  });
});

describe("drain", () => {
  it("retires by host, shows what the old master waits for, and does not cut it", async () => {
    const gate = join(temporary(), "gate");
    const session = start("shim", place.ssh(`until [ -e ${gate} ]; do sleep 0.05; done; exit 7`));
    await poll(async () => (await masters())[0]?.sessions === 1);
    expect(await ask("drain", "127.0.0.1")).toMatchObject({
      code: 0,
      drained: [{ result: "retired", sessions: 1, destination: place.destination() }],
      gone: null,
    });
    expect((await masters())[0]).toMatchObject({ state: "draining", sessions: 1, reason: "drain", waits_for: [{ pid: session.pid }] });
    expect((await runShim(place.ssh("echo next"))).stdout.toString()).toBe("next\n");
    expect((await masters()).map(({ state }) => state).sort()).toEqual(["draining", "live"]);
    expect(await ask("drain", "--all", "--wait", "100ms")).toMatchObject({ code: 75, gone: false });
    const waiting = ask("drain", "--all", "--wait", "20s");
    execFileSync("touch", [gate]);
    expect(await waiting).toMatchObject({ code: 0, gone: true });
    expect((await session).exitCode).toBe(7);
    expect(await masters()).toEqual([]);
  });

  it("cuts with --now, by key, and only that key", async () => {
    const session = start("shim", place.ssh("sleep 300"));
    await runShim(["-o", "Compression=yes", ...place.ssh("true")]);
    await poll(async () => (await masters()).length === 2 && (await masters()).some((master) => master.sessions === 1));
    const key = (await masters()).find((master) => master.sessions === 1)?.key as string;
    expect(await ask("drain", key.slice(0, 8), "--now")).toMatchObject({
      code: 0,
      drained: [{ key, result: "ended", sessions: 1 }],
      gone: true,
    });
    expect((await session).exitCode).toBe(255);
    expect((await masters()).map((master) => master.key === key)).toEqual([false]);
  });

  it("ends with 1 where no master matches", async () => {
    expect(await ask("drain", "nobody.example.com")).toMatchObject({ code: 1, drained: [] });
    expect(await ask("drain", "--all")).toMatchObject({ code: 0, drained: [] });
  });

  it("is written down with the sessions that it spared", async () => {
    const before = (await ask("stats")).drains;
    const session = start("shim", place.ssh("sleep 300"));
    await poll(async () => (await masters())[0]?.sessions === 1);
    expect((await runShim(["-O", "exit", ...place.ssh()])).stderr.toString()).toBe("Exit request sent.\r\n");
    const after = (await ask("stats")).drains;
    expect([after.count - before.count, after.sessions_spared - before.sessions_spared]).toEqual([1, 1]);
    expect(session.exitCode).toBe(null);
    session.kill("SIGTERM");
    await session;
  });
});

describe("fresh", () => {
  it("makes a new connection at once, and the session on the old one ends by itself", async () => {
    const gate = join(temporary(), "gate");
    const session = start("shim", place.ssh(`until [ -e ${gate} ]; do sleep 0.05; done; exit 5`));
    await poll(async () => (await live())[0]?.sessions === 1);
    const before = (await live())[0] as Row;
    const logins = place.sshd.authentications();
    const made = await ask("fresh", "--", ...place.ssh());
    expect(made).toMatchObject({
      code: 0,
      outcome: "made",
      key: before.key,
      retired: [{ pid: before.pid, result: "retired", sessions: 1 }],
    });
    expect(made.pid).not.toBe(before.pid);
    expect(place.sshd.authentications()).toBe(logins + 1);
    expect((await runShim(place.ssh("true"))).exitCode).toBe(0);
    expect(place.sshd.authentications()).toBe(logins + 1);
    execFileSync("touch", [gate]);
    expect((await session).exitCode).toBe(5);
  });

  it("says what ssh says where the host cannot be dialled, and refuses what is never shared", async () => {
    const refused = await runSshim(["fresh", "--", "-p", "1", "127.0.0.1"]);
    expect([refused.exitCode, refused.stderr.toString()]).toEqual([255, expect.stringContaining("Connection refused")]);
    const never = await runSshim(["fresh", "--", "-L", "1:a:2", ...place.ssh()]);
    expect([never.exitCode, never.stderr.toString()]).toEqual([
      1,
      expect.stringMatching(/^sshim: cannot make a shared connection: .*\(rule forwarding\)\n$/),
    ]);
  });
});

it("leaves nothing of a lock behind", async () => {
  await runShim(place.ssh("true"));
  await ask("drain", "--all");
  const key = (await run("shim", ["log", "--json", "--event", "retire", "--lines", "1"], { program: "sshim" }).then(value)).key;
  const again = await run("shim", [`key/${key}/0`, "0", "true"], { env: { SSHIM_AS: "with-lock" } });
  expect(again.exitCode).toBe(0);
});
