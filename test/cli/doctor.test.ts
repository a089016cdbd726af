/** doctor: each finding has its experiment, and --fix clears away what carries no session. */
import { execFileSync } from "node:child_process";
import { appendFileSync, existsSync, rmSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { poll, runShim, runSshim, start, startSshd, temporary } from "../support/index.ts";
import { ask, live, masters, useSshd, value } from "./support/live.ts";

const place = useSshd({ maxSessions: 4 });

describe("doctor", () => {
  const finding = async (id: string, ...words: string[]) => {
    const { findings } = await ask("doctor", ...words);
    return findings.find((found: { id: string }) => found.id === id);
  };

  it("finds nothing wrong here, and a copy of scp covered", async () => {
    const { code, findings } = await ask("doctor");
    expect([code, findings.filter(({ level }: { level: string }) => level === "problem")]).toEqual([0, []]);
    for (const id of ["real-ssh", "path", "path-sh", "scp", "sftp", "circle", "control", "cold", "run"])
      expect([id, await finding(id).then((found) => found?.level)]).toEqual([id, "ok"]);
  });

  it("finds a master that is stopped, one without a path, one that is gone; --fix clears them, but none with a session", async () => {
    await runShim(place.ssh("true"));
    const [master] = await live();
    process.kill(master?.pid as number, "SIGSTOP");
    expect((await masters())[0]).toMatchObject({ state: "wedged" });
    expect(await finding("master-wedged")).toMatchObject({ level: "problem", fixed: false });
    expect(await finding("master-wedged", "--fix")).toMatchObject({ fixed: true });
    await poll(() => !existsSync(`/proc/${master?.pid}/cwd`), "the end of the stopped master");
    expect((await runShim(place.ssh("echo again"))).stdout.toString()).toBe("again\n");

    const [second] = await live();
    unlinkSync(second?.socket as string);
    expect((await masters())[0]).toMatchObject({ state: "orphan" });
    expect(await finding("master-orphan", "--fix")).toMatchObject({ fixed: true });
    expect(await masters()).toEqual([]);

    await runShim(place.ssh("true"));
    process.kill((await live())[0]?.pid as number, "SIGKILL");
    await poll(async () => (await masters())[0]?.state === "dead");
    expect(await finding("master-dead", "--fix")).toMatchObject({ fixed: true });
    expect(await masters()).toEqual([]);

    const session = start("shim", place.ssh("sleep 300"));
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
    const words = ["--host", place.sshd.host, "--", ...place.sshd.options];
    const { findings } = await ask("doctor", ...words);
    const of = (id: string) => findings.find((found: { id: string }) => found.id === id);
    expect(of("dial")).toMatchObject({ level: "ok" });
    expect(of("shared")).toMatchObject({ level: "ok" });
    expect(of("sessions")).toMatchObject({ level: "note", what: `${place.sshd.host} allows 4 sessions on one connection (MaxSessions)` });
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
    appendFileSync(place.sshd.configFile, `Host twice\n  ControlMaster auto\n  ControlPath ${folder}/%C\n`);
    const twice = join(temporary(), "home");
    execFileSync("sh", ["-c", `mkdir -p ${twice}/.ssh && printf 'ControlMaster auto\\nControlPath /tmp/x-%%C\\n' > ${twice}/.ssh/config`]);
    const shares = await runSshim(["doctor", "--json"], { home: twice, env: { HOME: twice } });
    expect(value(shares).findings.map(({ id }: { id: string }) => id)).toContain("shares-twice");
    rmSync(twice, { recursive: true });
  });

  it("finds a control plane that does not start, or that callers cannot reach", async () => {
    const folder = temporary();
    const broken = join(folder, "control");
    execFileSync("sh", ["-c", `printf '#!/bin/sh\\n[ "$1" = --version ] && exit 0\\nexit 1\\n' > ${broken}; chmod 755 ${broken}`]);
    expect(await finding("cold")).toMatchObject({ level: "ok" });
    const unreachable = await runSshim(["doctor", "--json"], { env: { SSHIM_CONTROL: broken } });
    expect(value(unreachable).findings.find(({ id }: { id: string }) => id === "cold")).toMatchObject({ level: "problem" });
    const missing = await runSshim(["doctor", "--json"], { env: { SSHIM_CONTROL: "/nonexistent/control" } });
    expect(value(missing).findings.find(({ id }: { id: string }) => id === "control")).toMatchObject({ level: "problem" });
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
