/** Several callers at once: one authentication, one start of the control plane, failures shared, and no lock outlives its holder. */
import { execFileSync } from "node:child_process";
import { chmodSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { buildFake } from "../fakes/index.ts";
import { countControl } from "../support/counting.ts";
import {
  controlPlane,
  fixture,
  freshPath,
  freshRun,
  poll,
  processTree,
  runReal,
  runShim,
  sharedAt,
  shimProgram,
  start,
  startSshd,
  temporary,
  visible,
} from "../support/index.ts";

const { sshd, words } = await fixture({ maxStartups: "100:30:200" });
let run: string;
beforeEach(() => {
  run = freshRun();
});

describe("ten callers at once on a cold host", () => {
  it("cost one authentication and one start of the control plane", async () => {
    const control = countControl(controlPlane);
    const options = { run, env: control.env };
    const before = sshd.authentications();
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, id) => runShim([...words, "cat; exit 3"], { ...options, input: `caller ${id}` })),
    );
    expect(results.map(visible)).toEqual(results.map((_, id) => ({ stdout: `caller ${id}`, stderr: "", exitCode: 3, signal: undefined })));
    expect(sshd.authentications() - before).toBe(1);
    expect(control.starts()).toEqual(["resolve"]);
  });

  it("cost one authentication with a caller's ControlPath, too", async () => {
    const path = freshPath();
    const options = sharedAt(path);
    const control = countControl(controlPlane);
    const before = sshd.authentications();
    const results = await Promise.all(
      Array.from({ length: 10 }, () => runShim([...options, ...words, "echo x"], { run, env: control.env })),
    );
    expect(new Set(results.map((result) => JSON.stringify(visible(result)))).size).toBe(1);
    expect(results[0]?.stdout.toString()).toBe("x\n");
    expect(sshd.authentications() - before).toBe(1);
    expect(control.starts()).toEqual(["resolve"]);
    await runReal(["-O", "exit", "-S", path, "x"]);
  });

  it("and after that none at all", async () => {
    const control = countControl(controlPlane);
    const options = { run, env: control.env };
    await runShim([...words, "true"], options);
    const before = sshd.authentications();
    await Promise.all(Array.from({ length: 5 }, () => runShim([...words, "true"], options)));
    expect(sshd.authentications()).toBe(before);
    expect(control.starts()).toEqual(["resolve"]);
  });
});

describe("the holder of the lock is killed in the middle of a handshake", () => {
  it("the next caller goes on, and nothing of the dead one is left", async () => {
    const folder = temporary();
    const [marker, proxy] = [join(folder, "dialling"), join(folder, "proxy")];
    // The first dial hangs in its ProxyCommand; every later one goes through.
    writeFileSync(
      proxy,
      `#!/bin/sh\nif mkdir ${marker} 2>/dev/null; then exec cat > /dev/null; fi\nexec ${buildFake("tcp-pipe")} ${sshd.port}\n`,
    );
    chmodSync(proxy, 0o755);
    const args = ["-o", `ProxyCommand=${proxy}`, ...words, "echo through"];
    const first = start("shim", args, { run });
    await poll(() => existsSync(marker), "the first dial");
    const waiting = [1, 2, 3].map(() => runShim(args, { run }));
    const below = processTree(first.pid as number);
    expect(below.length).toBeGreaterThan(1);
    first.kill("SIGKILL");
    await first;
    const results = await Promise.all(waiting);
    expect(results.map((result) => result.stdout.toString())).toEqual(["through\n", "through\n", "through\n"]);
    await poll(() => below.every((pid) => !existsSync(`/proc/${pid}`)), "the end of the dead caller's dial");
  });

  it("the control plane is killed instead: that caller still runs its command, once", async () => {
    const folder = temporary();
    const [marker, script, ledger] = [join(folder, "asked"), join(folder, "sshim"), join(folder, "ledger")];
    writeFileSync(script, `#!/bin/sh\nif mkdir ${marker} 2>/dev/null; then kill -9 $$; fi\nexec '${controlPlane}' "$@"\n`);
    chmodSync(script, 0o755);
    const call = (id: string) => runShim([...words, `echo ${id} >> ${ledger}; echo ${id}`], { run, env: { SSHIM_CONTROL: script } });
    const results = await Promise.all(["a", "b", "c"].map(call));
    expect(results.map((result) => visible(result))).toEqual(
      ["a", "b", "c"].map((id) => ({ stdout: `${id}\n`, stderr: "", exitCode: 0, signal: undefined })),
    );
    expect(readFileSync(ledger, "utf8").split("\n").sort().join("")).toBe("abc");
  });
});

describe("a dial that fails", () => {
  it("is shared with those who waited: at most two dials for eight callers on a refusing port", async () => {
    const gone = await startSshd();
    await gone.stop();
    const args = [...gone.options, gone.host, "true"];
    const real = visible(await runReal(args));
    const results = await Promise.all(Array.from({ length: 8 }, () => runShim(args, { run })));
    expect(results.map(visible)).toEqual(results.map(() => real));
  });

  it("a server that drops connections is dialled twice at most by those who came together", async () => {
    let connections = 0;
    const server: Server = createServer((socket) => {
      connections++;
      socket.on("error", () => undefined);
      setTimeout(() => socket.destroy(), 300);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      const port = String((server.address() as { port: number }).port);
      const args = ["-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-p", port, "127.0.0.1", "true"];
      const real = visible(await runReal(args));
      connections = 0;
      const results = await Promise.all(Array.from({ length: 8 }, () => runShim(args, { run })));
      expect(results.map(visible)).toEqual(results.map(() => real));
      expect(connections).toBeLessThanOrEqual(2);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });

  it("an authentication that was refused is not tried again", async () => {
    const key = join(temporary(), "wrong");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
    const args = [
      "-F",
      "none",
      "-i",
      key,
      "-p",
      String(sshd.port),
      ...sshd.plainOptions.slice(6),
      "-o",
      "BatchMode=yes",
      "127.0.0.1",
      "true",
    ];
    const real = await runReal(args);
    expect(real.stderr.toString()).toContain("Permission denied");
    const before = sshd.connections();
    const results = await Promise.all(Array.from({ length: 6 }, () => runShim(args, { run })));
    expect(results.map(visible)).toEqual(results.map(() => visible(real)));
    expect(sshd.connections() - before).toBe(1);
  });

  it("a host key that changed is not tried again", async () => {
    const knownHosts = join(temporary(), "known");
    const other = await startSshd();
    writeFileSync(knownHosts, readFileSync(other.knownHosts, "utf8").replaceAll(`:${other.port} `, `:${sshd.port} `));
    const args = [...sshd.options, "-o", `UserKnownHostsFile=${knownHosts}`, sshd.host, "true"];
    const real = await runReal(args);
    expect(real.stderr.toString()).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
    const before = sshd.connections();
    expect(visible(await runShim(args, { run }))).toEqual(visible(real));
    expect(sshd.connections() - before).toBe(1);
  });
});

describe("the program itself", () => {
  it("is the built front", () => {
    expect(existsSync(shimProgram) && existsSync(controlPlane)).toBe(true);
  });
});
