/** The commands on real masters: a real sshd, the real ssh, the compiled front and control plane. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, rmSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import {
  poll,
  type Result,
  run,
  runDirectory,
  runReal,
  runShim,
  runSshim,
  type Sshd,
  start,
  startSshd,
  temporary,
} from "../support/index.ts";
import { conform } from "./support/schema.ts";

type Row = Record<string, unknown> & { pid: number; state: string; key: string; shard: number; socket: string };

let sshd: Sshd;
const ssh = (...words: string[]) => [...sshd.options, sshd.host, ...words];
const value = (result: Result) => JSON.parse(result.stdout.toString());

/** The value of a command with --json, held to its schema. */
async function ask(...words: string[]) {
  const result = await runSshim([words[0] as string, "--json", ...words.slice(1)]);
  const name = words[0] === "config" && words[1] === "check" ? "config check" : (words[0] as string);
  conform(name, value(result));
  return { code: result.exitCode, ...value(result) };
}

const masters = async (): Promise<Row[]> => (await ask("status")).masters;
const live = async () => (await masters()).filter(({ state }) => state === "live");
const destination = () => `${sshd.user}@127.0.0.1:${sshd.port}`;

beforeAll(async () => {
  sshd = await startSshd({ maxSessions: 4 });
}, 60_000);

afterEach(async () => {
  for (const { pid, state } of await masters()) if (state === "wedged") process.kill(pid, "SIGCONT");
  await runSshim(["drain", "--all", "--now"]);
  await runSshim(["doctor", "--fix"]);
});

afterAll(() => sshd.stop());

describe("status", () => {
  it("shows nothing before the first call, and a master with its destination after it", async () => {
    expect(await masters()).toEqual([]);
    expect((await runSshim(["status"])).stdout.toString()).toBe(`no masters in ${runDirectory()}\n`);
    expect((await runShim(ssh("echo hello"))).stdout.toString()).toBe("hello\n");
    const [master, ...others] = await masters();
    expect(others).toEqual([]);
    expect(master).toMatchObject({ destination: destination(), shard: 0, state: "live", sessions: 0, owner: "ours", reason: null });
    const text = (await runSshim(["status", "127.0.0.1"])).stdout.toString();
    expect(text).toMatch(/^DESTINATION +KEY +SHARD +PID/);
    expect(text).toContain("live");
    expect((await runSshim(["status", "elsewhere"])).stdout.toString()).toMatch(/^no masters in /);
  });

  it("counts the sessions that run now, right after a kill -9 too", async () => {
    const sessions = [1, 2, 3].map(() => start("shim", ssh("sleep 300")));
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
    await runShim(["-o", "ControlMaster=auto", "-o", `ControlPath=${own}`, "-o", "ControlPersist=60", ...ssh("true")]);
    await runReal(["-o", "ControlMaster=auto", "-o", `ControlPath=${theirs}`, "-o", "ControlPersist=60", ...ssh("true")]);
    try {
      await runShim(["-S", theirs, ...ssh("true")]);
      const owners = Object.fromEntries((await masters()).map((master) => [master.socket, master.owner]));
      expect(owners).toEqual({ [own]: "caller", [theirs]: "foreign" });
    } finally {
      await runReal(["-S", theirs, "-O", "exit", ...ssh()]);
    }
  });

  it("redraws with --watch, one JSON value a look, and ends with 0 on SIGINT", async () => {
    const child = start("shim", ["status", "--watch", "--json", "--interval", "50ms"], { program: "sshim" });
    let said = "";
    child.stdout.on("data", (bytes: Buffer) => {
      said += bytes.toString();
    });
    await poll(() => said.split("\n").length > 3, 10_000);
    child.kill("SIGINT");
    expect((await child).exitCode).toBe(0);
    for (const line of said.trimEnd().split("\n"))
      expect(JSON.parse(line)).toMatchObject({ masters: expect.any(Array), time: expect.any(String) });
  });
});

describe("the configuration in force", () => {
  it("moves sockets and records to `dir`, where status and drain find them", async () => {
    const folder = temporary();
    const config = join(temporary(), "config.toml");
    writeFileSync(config, `drain_timeout = "20s"\n[[host]]\nhost = "127.0.0.1"\ndir = "${folder}"\n`);
    const env = { SSHIM_CONFIG: config, SSHIM_SCOPE: "dir", SSHIM_DIR: undefined, XDG_RUNTIME_DIR: temporary() };
    expect((await runShim(ssh("true"), { env })).exitCode).toBe(0);
    const shown = value(await runSshim(["status", "--json"], { env })).masters;
    expect(shown).toMatchObject([{ state: "live", owner: "ours", socket: expect.stringContaining(`${folder}/k/`) }]);
    const drained = value(await runSshim(["drain", "--all", "--json"], { env }));
    expect(drained).toMatchObject({ drained: [{ result: "retired", pid: shown[0].pid }], gone: true });
  });

  it("tells the journal what could not be read, and goes on with the default", async () => {
    const result = await runShim(ssh("true"), { env: { SSHIM_PRESIST: "1" } });
    expect(result.exitCode).toBe(0);
    const logged = await runSshim(["log", "--json", "--event", "config", "--lines", "1"]);
    conform("journal", value(logged));
    expect(value(logged).problem).toBe("cannot read SSHIM_PRESIST: no such setting; did you mean SSHIM_PERSIST? (environment)");
  });
});

describe("drain", () => {
  it("retires by host, shows what the old master waits for, and does not cut it", async () => {
    const gate = join(temporary(), "gate");
    const session = start("shim", ssh(`until [ -e ${gate} ]; do sleep 0.05; done; exit 7`));
    await poll(async () => (await masters())[0]?.sessions === 1);
    expect(await ask("drain", "127.0.0.1")).toMatchObject({
      code: 0,
      drained: [{ result: "retired", sessions: 1, destination: destination() }],
      gone: null,
    });
    expect((await masters())[0]).toMatchObject({ state: "draining", sessions: 1, reason: "drain", waits_for: [{ pid: session.pid }] });
    expect((await runShim(ssh("echo next"))).stdout.toString()).toBe("next\n");
    expect((await masters()).map(({ state }) => state).sort()).toEqual(["draining", "live"]);
    expect(await ask("drain", "--all", "--wait", "100ms")).toMatchObject({ code: 75, gone: false });
    const waiting = ask("drain", "--all", "--wait", "20s");
    execFileSync("touch", [gate]);
    expect(await waiting).toMatchObject({ code: 0, gone: true });
    expect((await session).exitCode).toBe(7);
    expect(await masters()).toEqual([]);
  });

  it("cuts with --now, by key, and only that key", async () => {
    const session = start("shim", ssh("sleep 300"));
    await runShim(["-o", "Compression=yes", ...ssh("true")]);
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
    const session = start("shim", ssh("sleep 300"));
    await poll(async () => (await masters())[0]?.sessions === 1);
    expect((await runShim(["-O", "exit", ...ssh()])).stderr.toString()).toBe("Exit request sent.\r\n");
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
    const session = start("shim", ssh(`until [ -e ${gate} ]; do sleep 0.05; done; exit 5`));
    await poll(async () => (await live())[0]?.sessions === 1);
    const before = (await live())[0] as Row;
    const logins = sshd.authentications();
    const made = await ask("fresh", "--", ...ssh());
    expect(made).toMatchObject({
      code: 0,
      outcome: "made",
      key: before.key,
      retired: [{ pid: before.pid, result: "retired", sessions: 1 }],
    });
    expect(made.pid).not.toBe(before.pid);
    expect(sshd.authentications()).toBe(logins + 1);
    expect((await runShim(ssh("true"))).exitCode).toBe(0);
    expect(sshd.authentications()).toBe(logins + 1);
    execFileSync("touch", [gate]);
    expect((await session).exitCode).toBe(5);
  });

  it("says what ssh says where the host cannot be dialled, and refuses what is never shared", async () => {
    const refused = await runSshim(["fresh", "--", "-p", "1", "127.0.0.1"]);
    expect([refused.exitCode, refused.stderr.toString()]).toEqual([255, expect.stringContaining("Connection refused")]);
    const never = await runSshim(["fresh", "--", "-L", "1:a:2", ...ssh()]);
    expect([never.exitCode, never.stderr.toString()]).toEqual([
      1,
      expect.stringMatching(/^sshim: cannot make a shared connection: .*\(rule forwarding\)\n$/),
    ]);
  });
});

describe("explain", () => {
  it("names the ticket fresh once a call was made, and what made it stale", async () => {
    const words = ["-o", "ConnectTimeout=17", ...ssh("true")];
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
    appendFileSync(sshd.configFile, "# a comment\n");
    const stale = await ask("explain", "--", ...words);
    expect(stale.ticket).toMatchObject({ state: "stale", stale: [`${sshd.configFile} changed`] });
    expect(stale.key).toBe(known.key);
  });

  it("shows the very dial that is made", async () => {
    const { dial, key } = await ask("explain", "--", ...ssh("true"));
    await runShim(ssh("true"));
    const [master] = await live();
    expect(master?.key).toBe(key);
    const log = execFileSync("sh", ["-c", 'tr "\\0" "\\n" < /proc/$1/environ | grep -c .', "sh", String(master?.pid)]).toString();
    expect(Number(log)).toBeGreaterThan(0);
    expect(dial[0]).toBe("/usr/bin/ssh");
    expect(dial).toContain(`-oControlPath=${master?.socket}`);
    expect(dial.at(-1)).toBe(sshd.host);
  });

  it.each([
    [["-L", "1:a:2"], "forwarding"],
    [["-o", "ControlPath=none"], "no-control-path"],
    [["-v"], "log"],
    [["-X"], "x11"],
    [["-N"], "no-session"],
  ])("gives for %j the rule that the journal names too", async (words, rule) => {
    const explained = await ask("explain", "--", ...words, ...ssh("true"));
    expect(explained).toMatchObject({ code: 0, lane: "pass", reason: rule });
    const child = start("shim", [...words, ...ssh("true")], { timeout: 3000 });
    const logged = () => runSshim(["log", "--json", "--event", "session", "--lines", "1"]).then((result) => value(result));
    await poll(async () => (await logged()).reason === rule);
    child.kill("SIGKILL");
    await child;
  });

  it("knows what the front passes before it asks, and ends with 1 for what ssh refuses", async () => {
    const off = await runSshim(["explain", "--json", "--", ...ssh("true")], { env: { SSHIM: "off" } });
    expect(value(off)).toMatchObject({ lane: "pass", reason: "off" });
    expect(await ask("explain", "--", "-9", "host")).toMatchObject({ code: 1, lane: "pass", reason: "no-destination" });
    expect(await ask("explain", "--", "-J", "a", "-J", "b", "host")).toMatchObject({ code: 1, lane: "pass" });
    const none = await runSshim(["explain", "--", ...ssh("true")], { env: { SSHIM_REAL_SSH: "/nonexistent/ssh" } });
    expect([none.exitCode, none.stderr.toString()]).toEqual([
      1,
      "sshim: cannot find the real ssh: /nonexistent/ssh (set by SSHIM_REAL_SSH)\n",
    ]);
  });
});

describe("why", () => {
  it("tells the remote's own 255 from a killed command, a failed dial and a killed master", async () => {
    const last = () => ask("why");
    await runShim(ssh("exit 255"));
    expect(await last()).toMatchObject({ cause: "remote", verdict: "started" });
    await runShim(ssh("kill -9 $$"));
    expect(await last()).toMatchObject({ cause: "remote signal", verdict: "started" });
    await runShim(["-o", "BatchMode=yes", "-p", "1", "127.0.0.1", "true"]);
    expect(await last()).toMatchObject({
      cause: "dial: transient",
      verdict: "not started",
      evidence: [expect.stringContaining("Connection refused")],
    });
    const session = start("shim", ssh("sleep 300"));
    await poll(async () => (await live())[0]?.sessions === 1);
    process.kill((await live())[0]?.pid as number, "SIGKILL");
    expect((await session).exitCode).toBe(255);
    const lost = await last();
    expect(lost).toMatchObject({ cause: "lost", verdict: "started", session: { code: 255, stage: "opened" } });
    const { code, broken } = await ask("report", "--since", "5m");
    expect(code).toBe(1);
    expect(broken.map(({ cause }: { cause: string }) => cause).slice(-4)).toEqual(["remote", "remote signal", "dial: transient", "lost"]);
  });
});

describe("doctor", () => {
  const finding = async (id: string, ...words: string[]) => {
    const { findings } = await ask("doctor", ...words);
    return findings.find((found: { id: string }) => found.id === id);
  };

  it("finds nothing wrong here, and a copy of scp covered", async () => {
    const { code, findings } = await ask("doctor");
    expect([code, findings.filter(({ level }: { level: string }) => level === "problem")]).toEqual([0, []]);
    for (const id of ["real-ssh", "path", "path-sh", "scp", "sftp", "circle", "control", "run"])
      expect([id, await finding(id).then((found) => found?.level)]).toEqual([id, "ok"]);
  });

  it("finds a master that is stopped, one without a path, one that is gone; --fix clears them, but none with a session", async () => {
    await runShim(ssh("true"));
    const [master] = await live();
    process.kill(master?.pid as number, "SIGSTOP");
    expect((await masters())[0]).toMatchObject({ state: "wedged" });
    expect(await finding("master-wedged")).toMatchObject({ level: "problem", fixed: false });
    expect(await finding("master-wedged", "--fix")).toMatchObject({ fixed: true });
    expect(existsSync(`/proc/${master?.pid}/cwd`)).toBe(false);
    expect((await runShim(ssh("echo again"))).stdout.toString()).toBe("again\n");

    const [second] = await live();
    unlinkSync(second?.socket as string);
    expect((await masters())[0]).toMatchObject({ state: "orphan" });
    expect(await finding("master-orphan", "--fix")).toMatchObject({ fixed: true });
    expect(await masters()).toEqual([]);

    await runShim(ssh("true"));
    process.kill((await live())[0]?.pid as number, "SIGKILL");
    await poll(async () => (await masters())[0]?.state === "dead");
    expect(await finding("master-dead", "--fix")).toMatchObject({ fixed: true });
    expect(await masters()).toEqual([]);

    const session = start("shim", ssh("sleep 300"));
    await poll(async () => (await live())[0]?.sessions === 1);
    unlinkSync((await live())[0]?.socket as string);
    expect(await finding("master-orphan", "--fix")).toMatchObject({
      fixed: false,
      level: "problem",
      what: expect.stringContaining("1 session"),
    });
    expect(session.exitCode).toBe(null);
    session.kill("SIGTERM");
    await session;
  });

  it("dials a host: handshake, shared command, sessions allowed at once", async () => {
    const words = ["--host", sshd.host, "--", ...sshd.options];
    const { findings } = await ask("doctor", ...words);
    const of = (id: string) => findings.find((found: { id: string }) => found.id === id);
    expect(of("dial")).toMatchObject({ level: "ok" });
    expect(of("shared")).toMatchObject({ level: "ok" });
    expect(of("sessions")).toMatchObject({ level: "note", what: `${sshd.host} allows 4 sessions on one connection (MaxSessions)` });
    expect(await finding("dial", "--host", "nowhere.invalid")).toMatchObject({ level: "problem" });
  });

  it("sees who closes an idle connection", async () => {
    const strict = await startSshd({ config: ["UnusedConnectionTimeout 1"], host: "strict" });
    const result = await runSshim(["doctor", "--json", "--host", "strict", "--idle", "20s", "--", ...strict.options]);
    await strict.stop();
    expect(value(result).findings.find(({ id }: { id: string }) => id === "idle")).toMatchObject({
      level: "note",
      what: expect.stringContaining("closes an idle connection"),
    });
  });

  it("finds a runtime directory that is too open, and puts it right; one that is too long, or somebody else's name", async () => {
    const open = join(temporary(), "open");
    execFileSync("mkdir", ["-m", "755", open]);
    const look = async (directory: string, ...words: string[]) =>
      value(await runSshim(["doctor", "--json", ...words], { run: directory })).findings.filter(({ id }: { id: string }) => id === "run");
    expect(await look(open)).toMatchObject([{ level: "problem", what: expect.stringContaining("mode 755") }]);
    expect(await look(open, "--fix")).toMatchObject([{ fixed: true }, { level: "ok" }]);
    expect(await look(join(temporary(), "x".repeat(60)))).toMatchObject([{ level: "problem", what: expect.stringContaining("too long") }]);
    const link = join(temporary(), "link");
    execFileSync("ln", ["-s", open, link]);
    expect(await look(link, "--fix")).toMatchObject([{ level: "problem", what: expect.stringContaining("symbolic link"), fixed: false }]);
  });

  it("tries a caller's ControlPath directory, and notices an ssh_config that shares too, a switched-off sshim and a mistake", async () => {
    const folder = temporary();
    expect(await finding("control-path", "--control-path", folder)).toMatchObject({ level: "ok" });
    expect(await finding("control-path", "--control-path", "/proc/self")).toMatchObject({ level: "problem" });
    const off = await runSshim(["doctor", "--json"], { env: { SSHIM: "off", SSHIM_PERSITS: "1" } });
    const ids = value(off)
      .findings.filter(({ level }: { level: string }) => level !== "ok")
      .map(({ id }: { id: string }) => id);
    expect(ids).toEqual(expect.arrayContaining(["enabled", "config"]));
    appendFileSync(sshd.configFile, `Host twice\n  ControlMaster auto\n  ControlPath ${folder}/%C\n`);
    const twice = join(temporary(), "home");
    execFileSync("sh", ["-c", `mkdir -p ${twice}/.ssh && printf 'ControlMaster auto\\nControlPath /tmp/x-%%C\\n' > ${twice}/.ssh/config`]);
    const shares = await runSshim(["doctor", "--json"], { home: twice, env: { HOME: twice } });
    expect(value(shares).findings.map(({ id }: { id: string }) => id)).toContain("shares-twice");
    rmSync(twice, { recursive: true });
  });

  it("finds a wrapper that leads back to sshim", async () => {
    const folder = temporary();
    const wrapper = join(folder, "ssh");
    execFileSync("sh", ["-c", `printf '#!/bin/sh\\nexec ssh "$@"\\n' > ${wrapper}; chmod 755 ${wrapper}`]);
    const path = `${process.env.SSHIM_TEST_BIN ?? join(import.meta.dirname, "../../bin")}:${folder}`;
    const result = await runSshim(["doctor", "--json"], { env: { PATH: path, SSHIM_REAL_SSH: wrapper } });
    expect(value(result).findings.find(({ id }: { id: string }) => id === "circle")).toMatchObject({ level: "problem" });
    const around = await runSshim(["doctor", "--json"], { env: { PATH: path } });
    expect(value(around).findings.find(({ id }: { id: string }) => id === "circle")).toMatchObject({
      level: "note",
      what: expect.stringContaining(wrapper),
    });
  });
});

it("leaves nothing of a lock behind", async () => {
  await runShim(ssh("true"));
  await ask("drain", "--all");
  const key = (await run("shim", ["log", "--json", "--event", "retire", "--lines", "1"], { program: "sshim" }).then(value)).key;
  const again = await run("shim", [`key/${key}/0`, "0", "true"], { env: { SSHIM_AS: "with-lock" } });
  expect(again.exitCode).toBe(0);
});
