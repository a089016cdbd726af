/** Two callers that differ in who they are, where they go or how never share a connection, not even on one ControlPath. */
import { execFileSync } from "node:child_process";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import {
  freshPath,
  freshRun,
  realProgram,
  runReal,
  runShim,
  sharedAt,
  shimProgram,
  startSshd,
  temporary,
  visible,
} from "../support/index.ts";
import { canUnshareNetwork } from "../support/rights.ts";

const [one, two] = await Promise.all([startSshd({ host: "one", config: ["PermitUserEnvironment HOME,WHO"] }), startSshd({ host: "two" })]);
const run = freshRun();
/** a second identity for the first server, which shows itself in $WHO */
const otherKey = join(temporary(), "other");
beforeAll(() => {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", otherKey]);
  const authorized = join(one.directory, "authorized_keys");
  const first = readFileSync(authorized, "utf8");
  writeFileSync(authorized, `environment="WHO=first",${first}`);
  appendFileSync(authorized, `environment="WHO=second",environment="HOME=${one.home}" ${readFileSync(`${otherKey}.pub`, "utf8")}`);
});

function startAgents(keys: string[]): Array<{ socket: string; pid: number }> {
  const folder = temporary();
  return keys.map((key, index) => {
    const socket = join(folder, `agent${index}`);
    const pid = Number(/SSH_AGENT_PID=(\d+)/.exec(execFileSync("ssh-agent", ["-a", socket], { encoding: "utf8" }))?.[1]);
    execFileSync("ssh-add", ["-q", key], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    return { socket, pid };
  });
}

const whoWith = async (args: string[], env = {}) => (await runShim([...args, "echo $WHO"], { run, env })).stdout.toString().trim();

describe("never one connection for both", () => {
  it("two identities on the command line", async () => {
    const plain = (key: string) => one.plainOptions.map((word) => (word === one.keyFile ? key : word));
    for (const [key, who] of [
      [one.keyFile, "first"],
      [otherKey, "second"],
      [one.keyFile, "first"],
      [otherKey, "second"],
    ] as const)
      expect(await whoWith([...plain(key), "127.0.0.1"])).toBe(who);
  });

  it("two values of a variable that an option of the command line names", async () => {
    // -i takes a name as it is, -o expands it.
    const options = one.plainOptions.filter((word) => word !== "-i").map((word) => (word === one.keyFile ? "-oIdentityFile=${KEY}" : word));
    const args = [...options, "127.0.0.1"];
    for (const round of [1, 2])
      for (const [KEY, who] of [
        [one.keyFile, "first"],
        [otherKey, "second"],
      ] as const) {
        expect([round, await whoWith(args, { KEY })]).toEqual([round, who]);
        // What a master that left had judged is kept for one value only.
        if (round === 1) await runShim([...options, "-O", "exit", "127.0.0.1"], { run, env: { KEY } });
      }
    const nobody = { run, env: { KEY: join(temporary(), "none") } };
    const [real, ours] = [await runReal([...args, "true"], nobody), await runShim([...args, "true"], nobody)];
    expect(visible(ours)).toEqual(visible(real));
    expect(ours.stderr.toString()).toContain("Permission denied");
  });

  it("a file of known hosts that a variable names", async () => {
    const args = [...one.plainOptions.map((word) => word.replace(one.knownHosts, "${KNOWN}")), "127.0.0.1", "true"];
    expect((await runShim(args, { run, env: { KNOWN: one.knownHosts } })).exitCode).toBe(0);
    const unknown = { run, env: { KNOWN: join(temporary(), "none") } };
    const [real, ours] = [await runReal(args, unknown), await runShim(args, unknown)];
    expect(visible(ours)).toEqual(visible(real));
    expect(ours.stderr.toString()).toContain("Host key verification failed");
  });

  it.runIf(canUnshareNetwork)("two network namespaces: the same address is another machine", async () => {
    expect((await runShim([...one.options, one.host, "true"], { run })).exitCode).toBe(0);
    const apart = { run, program: "unshare" };
    const call = (program: string) => ["-n", program, ...one.options, one.host, "true"];
    const [real, ours] = [await runReal(call(realProgram), apart), await runShim(call(shimProgram), apart)];
    expect(visible(ours)).toEqual(visible(real));
    expect(ours.stderr.toString()).toContain("Network is unreachable");
  });

  it("two identities through two -F files", async () => {
    const config = join(temporary(), "config");
    writeFileSync(config, readFileSync(one.configFile, "utf8").replace(one.keyFile, otherKey));
    for (const [file, who] of [
      [one.configFile, "first"],
      [config, "second"],
      [one.configFile, "first"],
      [config, "second"],
    ] as const)
      expect(await whoWith(["-F", file, one.host])).toBe(who);
  });

  it("one -F file whose content changes between two calls", async () => {
    const config = join(temporary(), "config");
    const text = readFileSync(one.configFile, "utf8");
    for (const [key, who] of [
      [one.keyFile, "first"],
      [otherKey, "second"],
      [one.keyFile, "first"],
    ] as const) {
      writeFileSync(config, text.replace(one.keyFile, key));
      expect(await whoWith(["-F", config, one.host])).toBe(who);
    }
  });

  it("two agents", async () => {
    const agents = startAgents([one.keyFile, otherKey]);
    try {
      const args = [
        "-F",
        "none",
        "-p",
        String(one.port),
        "-o",
        "IdentityFile=none",
        "-o",
        `UserKnownHostsFile=${one.knownHosts}`,
        "127.0.0.1",
      ];
      for (const [index, who] of [
        [0, "first"],
        [1, "second"],
        [0, "first"],
        [1, "second"],
      ] as const)
        expect(await whoWith(args, { SSH_AUTH_SOCK: agents[index]?.socket })).toBe(who);
    } finally {
      for (const { pid } of agents) process.kill(pid);
    }
  });

  it("two hosts, two ports and two users", async () => {
    const where = async (args: string[]) =>
      (await runShim([...args, "echo $SSH_CONNECTION"], { run })).stdout.toString().trim().split(" ").at(-1);
    for (const sshd of [one, two, one, two]) expect(await where([...sshd.plainOptions, "127.0.0.1"])).toBe(String(sshd.port));
    const both = join(temporary(), "config");
    writeFileSync(both, `${readFileSync(one.configFile, "utf8")}${readFileSync(two.configFile, "utf8")}`);
    for (const sshd of [one, two, one, two]) expect(await where(["-F", both, sshd.host])).toBe(String(sshd.port));
    const stranger = ["-F", both, "-o", "BatchMode=yes", "-l", "nobody-of-that-name", one.host, "true"];
    expect(visible(await runShim(stranger, { run }))).toEqual(visible(await runReal(stranger)));
  });
});

describe("two hosts on one caller's ControlPath", () => {
  it("each command runs on the host that it named", async () => {
    const path = freshPath();
    const shared = sharedAt(path);
    for (const sshd of [one, two, two, one]) {
      const result = await runShim([...shared, ...sshd.options, sshd.host, "echo $SSH_CONNECTION"], { run });
      expect([result.exitCode, result.stdout.toString().trim().split(" ").at(-1)]).toEqual([0, String(sshd.port)]);
    }
  });

  it("two users on it, neither as the other", async () => {
    const path = freshPath();
    const shared = sharedAt(path);
    expect((await runShim([...shared, ...one.options, one.host, "true"], { run })).exitCode).toBe(0);
    const stranger = [...shared, ...one.options, "-o", "BatchMode=yes", "-l", "nobody-of-that-name", one.host, "echo ran as somebody else"];
    const result = await runShim(stranger, { run });
    expect([result.exitCode, result.stdout.toString()]).toEqual([255, ""]);
  });

  it("two -F files on it, neither with the other's identity", async () => {
    const path = freshPath();
    const shared = sharedAt(path);
    const config = join(temporary(), "config");
    writeFileSync(config, readFileSync(one.configFile, "utf8").replace(one.keyFile, otherKey));
    for (const [file, who] of [
      [one.configFile, "first"],
      [config, "second"],
      [one.configFile, "first"],
    ] as const)
      expect(await whoWith([...shared, "-F", file, one.host])).toBe(who);
  });

  it("two agents on it, neither with the other's keys", async () => {
    const path = freshPath();
    const shared = ["-A", "-o", "ControlMaster=auto", "-o", `ControlPath=${path}`, "-o", "ControlPersist=60"];
    const agents = startAgents([one.keyFile, otherKey]);
    try {
      const keys = [one.keyFile, otherKey].map((file) => readFileSync(`${file}.pub`, "utf8").split(" ")[1] as string);
      for (const index of [0, 1, 0] as const) {
        const env = { SSH_AUTH_SOCK: agents[index]?.socket };
        const { stdout } = await runShim([...shared, ...one.options, one.host, "ssh-add -L"], { run, env });
        expect([stdout.toString().includes(keys[index] as string), stdout.toString().includes(keys[1 - index] as string)]).toEqual([
          true,
          false,
        ]);
      }
    } finally {
      for (const { pid } of agents) process.kill(pid);
    }
  });

  it("the identity counts there as far as a caller names one", async () => {
    const path = freshPath();
    const shared = sharedAt(path);
    const plain = (key: string) => one.plainOptions.map((word) => (word === one.keyFile ? key : word));
    for (const [key, who] of [
      [one.keyFile, "first"],
      [otherKey, "second"],
      [one.keyFile, "first"],
    ] as const)
      expect(await whoWith([...shared, ...plain(key), "127.0.0.1"])).toBe(who);
  });
});
