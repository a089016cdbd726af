/** A caller's own ControlPath: who may use the master that is there, in the shapes of Coolify and Deployer, and whoever else comes by. */
import { mkdirSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { writeRecord } from "../../src/master/record.ts";
import type { SharedPlan } from "../../src/plan/plan.ts";
import { ticketOf } from "../../src/plan/to-ticket.ts";
import { recordPath } from "../../src/protocol/paths.ts";
import { temporary } from "../support/index.ts";
import { flatten, makeKey, type PlanOptions, planOf, sharedPlanOf, writeOld } from "./support.ts";

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await new Promise((done) => server.close(done));
});

/** Something that listens at a path, as a master would. */
async function listen(path: string): Promise<void> {
  const server = createServer();
  servers.push(server);
  await new Promise<void>((done) => server.listen(path, done));
}

/** A master made for this plan, as far as others can see: its socket and its record. */
async function haveMaster(plan: SharedPlan): Promise<void> {
  mkdirSync(plan.master.pool.dir, { recursive: true, mode: 0o700 });
  await listen(plan.master.pool.socket);
  const { run, pool, connectionKey, destination, persist, attributes } = plan.master;
  const shape = { pid: process.pid, created: 1, limit: 10, listener: process.pid, log: undefined };
  const about = { connectionKey, socket: pool.socket, destination, persist, attributes: attributes() };
  writeRecord(recordPath(run, pool.key, 0), { ...shape, ...about });
}

describe("Coolify on its mux path", () => {
  const key = makeKey("ssh_key@uuid");
  const path = () => join(temporary(), "mux_uuid");
  const options = (cp: string) => ["-o", "ControlMaster=auto", "-o", `ControlPath=${cp}`];
  const common = [
    "-i",
    key,
    "-o",
    "StrictHostKeyChecking=no",
    "-o",
    "UserKnownHostsFile=/dev/null",
    "-o",
    "PasswordAuthentication=no",
  ].concat(["-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=20", "-o", "RequestTTY=no", "-o", "LogLevel=ERROR", "-p", "22"]);
  const establish = (cp: string) => ["-fN", ...options(cp), "-o", "ControlPersist=3600", ...common, "root@1.2.3.4"];
  const command = (cp: string) => [...options(cp), "-o", "ControlPersist=3600", ...common, "root@1.2.3.4"];
  const health = (cp: string) => [...options(cp), "root@1.2.3.4"];

  it("makes its master in the background, for as long as it says", async () => {
    const cp = path();
    const plan = await sharedPlanOf(establish(cp), { command: false });
    expect(flatten(plan)).toMatchObject({
      action: "establish",
      socket: cp,
      atCallerPath: true,
      persist: 3600,
      accept: [plan.master.connectionKey],
    });
    expect((await sharedPlanOf(["-fNM", "-S", cp, "h"], { command: false })).master.persist).toBe(0);
  });

  it("runs commands and health checks on one connection, though a check names neither key nor port", async () => {
    const cp = path();
    const made = await sharedPlanOf(establish(cp), { command: false });
    await haveMaster(made);
    const script = await sharedPlanOf(command(cp));
    const check = await sharedPlanOf(health(cp));
    expect(flatten(script)).toMatchObject({ action: "attach", key: made.master.pool.key, socket: cp, accept: [made.master.connectionKey] });
    expect(flatten(check)).toMatchObject({ action: "attach", key: made.master.pool.key, socket: cp, reason: "control-path" });
    expect(check.placement.accept).toEqual([check.master.connectionKey, made.master.connectionKey]);
    expect(check.master.connectionKey).not.toBe(made.master.connectionKey);
    expect([script.placement.canDial, check.placement.canDial]).toEqual([true, false]);
    // Too old for a caller that can make it anew, never for one that could not.
    expect([ticketOf(script, "").target, ticketOf(check, "").target]).toMatchObject([
      { persist: 3600, maxAge: 1800 },
      { persist: 0, maxAge: 0 },
    ]);
  });

  it("controls it by the path alone, whatever host it names", async () => {
    const cp = path();
    const made = await sharedPlanOf(establish(cp), { command: false });
    await haveMaster(made);
    for (const [word, host] of [
      ["check", "root@1.2.3.4"],
      ["exit", "root@1.2.3.4"],
      ["stop", "localhost"],
    ] as const) {
      const plan = await sharedPlanOf(["-O", word, "-o", `ControlPath=${cp}`, host], { command: false });
      expect(flatten(plan)).toMatchObject({ action: "control", key: made.master.pool.key, socket: cp });
      expect(ticketOf(plan, "").target?.control).toBe(word === "check" ? "check" : "other");
    }
  });

  it("gets a new master for a new key file, and keeps off the old one until then", async () => {
    const cp = path();
    await haveMaster(await sharedPlanOf(command(cp)));
    writeOld(key, "rotated\n");
    const rotated = await sharedPlanOf(command(cp));
    expect(flatten(rotated)).toMatchObject({ socket: cp, reason: "rotated", accept: [rotated.master.connectionKey] });
    expect((await sharedPlanOf(health(cp))).reason).toBe("control-path");
  });
});

describe("Deployer", () => {
  it("attaches all its commands, with the agent, to the master at its path", async () => {
    const cp = join(temporary(), "deploy@h.example:22");
    const words = ["-A", "-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", `ControlPath=${cp}`, "deploy@h.example"];
    const judging = { env: { SSH_AUTH_SOCK: writeOld(join(temporary(), "agent"), "stands for a socket") } };
    const first = await sharedPlanOf(words, judging);
    expect(flatten(first)).toMatchObject({ action: "attach", socket: cp, persist: 60, session: { agent: true } });
    await haveMaster(first);
    expect((await sharedPlanOf(words, judging)).placement.accept).toEqual([first.master.connectionKey]);
    const shell = await sharedPlanOf(["-t", "-A", "deploy@h.example"], judging);
    expect(flatten(shell)).toMatchObject({ atCallerPath: false, session: { tty: "yes" } });
  });
});

describe("two callers on one path", () => {
  const user = "u@h.example";
  const other = makeKey("other");
  const configured = (name: string, text: string) => writeOld(join(temporary(), name), text);
  const rows: Array<[string, string[], PlanOptions?]> = [
    ["another host", ["u@h2.example"]],
    ["another user", ["v@h.example"]],
    ["another port", ["-p", "23", user]],
    ["another identity", ["-i", other, user]],
    ["another agent", [user], { env: { SSH_AUTH_SOCK: "/tmp/other" } }],
    ["another -F file", ["-F", configured("a", "Host *\n"), user]],
    ["another scope", [user], { env: { SSHIM_SCOPE: "job" } }],
    ["an agent handed on", ["-A", user]],
    ["another jump host", ["-J", "jump", user]],
    ["another way to check host keys", ["-o", "StrictHostKeyChecking=no", user]],
  ];
  for (const [name, words, judging] of rows) {
    it(`${name}: never the connection that is there`, async () => {
      const cp = join(temporary(), "c");
      const share = ["-o", "ControlMaster=auto", "-S", cp];
      const mine = await sharedPlanOf([...share, "-i", makeKey(), user], { env: { SSH_AUTH_SOCK: "/tmp/agent" } });
      await haveMaster(mine);
      const plan = await sharedPlanOf([...share, ...words], judging);
      expect(flatten(plan)).toMatchObject({
        atCallerPath: false,
        reason: "other-connection",
        key: plan.master.connectionKey,
        accept: [plan.master.connectionKey],
      });
      expect(plan.master.pool.socket).not.toBe(cp);
      expect(plan.inputs.dependencies).toContainEqual(expect.objectContaining({ kind: "file", path: cp }));
    });
  }

  it("one that says no more than the host is welcome, without an agent too", async () => {
    const cp = join(temporary(), "c");
    const share = ["-o", "ControlMaster=auto", "-S", cp];
    const mine = await sharedPlanOf([...share, "-i", makeKey(), "-p", "2222", user], { env: { SSH_AUTH_SOCK: "/tmp/agent" } });
    await haveMaster(mine);
    expect((await sharedPlanOf([...share, user])).placement.accept).toContain(mine.master.connectionKey);
    expect((await sharedPlanOf([...share, user], { env: { SSH_AUTH_SOCK: "/tmp/agent" } })).placement.accept).toContain(
      mine.master.connectionKey,
    );
  });
});

describe("a path by itself", () => {
  it("with a master that nobody wrote down is used as OpenSSH would", async () => {
    const cp = join(temporary(), "c");
    await listen(cp);
    const plan = await sharedPlanOf(["-o", "ControlMaster=auto", "-S", cp, "h"]);
    expect(flatten(plan)).toMatchObject({ reason: "foreign-master", socket: cp, accept: [plan.master.connectionKey, "-"] });
  });

  it("without ControlMaster counts only while a master is there, and is judged anew when that changes", async () => {
    const cp = join(temporary(), "c");
    const without = await sharedPlanOf(["-S", cp, "h"]);
    expect(flatten(without)).toMatchObject({ atCallerPath: false, reason: "shared", key: without.master.connectionKey });
    expect(without.inputs.dependencies).toContainEqual({ kind: "nofile", path: cp });
    await listen(cp);
    const with_ = await sharedPlanOf(["-S", cp, "h"]);
    expect(flatten(with_)).toMatchObject({ atCallerPath: true, reason: "foreign-master", socket: cp });
    expect(with_.inputs.dependencies).toContainEqual(expect.objectContaining({ kind: "file", path: cp }));
    expect(with_.cache).toEqual({ rule: "keep" });
  });

  it("of more than 90 bytes is served in our own folder", async () => {
    const cp = `/tmp/${"x".repeat(120)}`;
    const plan = await sharedPlanOf(["-o", "ControlMaster=auto", "-S", cp, "h"]);
    expect(flatten(plan)).toMatchObject({ atCallerPath: true, socket: `${plan.master.run}/k/${plan.master.pool.key}/0` });
    expect((await sharedPlanOf(["-O", "check", "-S", cp, "h"], { command: false })).master.pool.socket).toBe(plan.master.pool.socket);
    expect(await planOf(["-O", "forward", "-L", "1:a:1", "-S", cp, "h"], { command: false })).toMatchObject({
      action: "pass",
      socketOption: plan.master.pool.socket,
    });
    const near = `/tmp/${"x".repeat(85)}`;
    expect((await sharedPlanOf(["-o", "ControlMaster=auto", "-S", near, "h"])).master.pool.socket).toBe(near);
  });

  it("is absolute for us, and the directory counts, where the caller names it by a relative one", async () => {
    const plan = await sharedPlanOf(["-o", "ControlMaster=auto", "-S", "c", "h"]);
    expect(flatten(plan)).toMatchObject({ socket: join(process.cwd(), "c"), dependsOnCwd: true });
    expect(plan.inputs.dependencies).toContainEqual(expect.objectContaining({ kind: "cwd" }));
  });

  it("with ${ in its name, which ssh would expand once more, is left to the real ssh", async () => {
    const directory = join(temporary(), "${A}");
    expect(await planOf(["-o", "ControlMaster=auto", "-S", "${B}/c", "h"], { env: { B: directory } })).toMatchObject({
      action: "pass",
      reason: "long-path",
    });
  });
});
