/** What splits a connection key and what does not, with the real `ssh -G`. */
import { linkSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporary } from "../support/index.ts";
import { makeKey, type PlanOptions, sharedPlanOf, writeOld } from "./support.ts";

const host = "h.example";
const keyOf = async (words: readonly string[], judging?: PlanOptions) => (await sharedPlanOf(words, judging)).master.connectionKey;

describe("callers that share a connection", () => {
  const base = ["-p", "2222", "u@h.example"];
  const rows: Array<[string, string[], PlanOptions?]> = [
    ["other spellings of the destination", ["-l", "u", "-oPort=2222", host]],
    ["a tty", ["-tt", ...base]],
    ["stdin from nowhere, no escape character, quiet", ["-n", "-e", "none", "-q", ...base]],
    ["SendEnv and SetEnv", ["-o", "SendEnv=GIT_PROTOCOL", "-o", "SetEnv=A=b", ...base]],
    ["docker's options", ["-o", "ConnectTimeout=30", "-T", ...base.slice(0, 2), "--", "u@h.example"]],
    ["no command", base, { command: false }],
    ["a remote command of the configuration", ["-o", "RemoteCommand=uptime", ...base], { command: false }],
    ["-W", ["-W", "a:22", ...base], { command: false }],
    [
      "a subsystem, as scp asks for it",
      [
        "-x",
        "-oPermitLocalCommand=no",
        "-oClearAllForwardings=yes",
        "-oRemoteCommand=none",
        "-oRequestTTY=no",
        "-oForwardAgent=no",
        "-s",
        ...base,
      ],
    ],
    ["newer scp's ControlMaster=no", ["-oControlMaster=no", ...base]],
    ["batch mode and a number of attempts", ["-o", "BatchMode=yes", "-o", "ConnectionAttempts=3", ...base]],
    ["-O", ["-O", "check", ...base], { command: false }],
  ];
  for (const [name, words, judging] of rows) {
    it(name, async () => {
      expect(await keyOf(words, judging)).toBe(await keyOf(base));
    });
  }
  it("also from two environments that do not matter", async () => {
    expect(await keyOf(base, { env: { EDITOR: "vi", PATH: "/usr/bin" } })).toBe(await keyOf(base));
  });
});

describe("callers that never share one", () => {
  const rows: Array<[string, string[], PlanOptions?]> = [
    ["another user", ["-l", "other", host]],
    ["another port", ["-p", "23", host]],
    ["another host", ["h2.example"]],
    ["another name for the host", ["-o", "HostName=h.example", "alias"]],
    ["an agent handed on", ["-A", host]],
    ["compression", ["-C", host]],
    ["a jump host", ["-J", "jump", host]],
    ["a proxy command", ["-o", "ProxyCommand=nc %h %p", host]],
    ["host keys checked otherwise", ["-o", "StrictHostKeyChecking=no", host]],
    ["an alive interval", ["-o", "ServerAliveInterval=20", host]],
    ["an agent for authentication", [host], { env: { SSH_AUTH_SOCK: "/tmp/agent" } }],
    ["a scope", [host], { env: { SSHIM_SCOPE: "job-1" } }],
    ["a ticket cache of Kerberos", ["-K", host], { env: { KRB5CCNAME: "/tmp/krb5cc_1" } }],
  ];
  for (const [name, words, judging] of rows) {
    it(name, async () => {
      expect(await keyOf(words, judging)).not.toBe(await keyOf([host]));
    });
  }

  it("two agents", async () => {
    expect(await keyOf([host], { env: { SSH_AUTH_SOCK: "/tmp/a" } })).not.toBe(await keyOf([host], { env: { SSH_AUTH_SOCK: "/tmp/b" } }));
    const named = ["-o", "IdentityAgent=$MY_AGENT", host];
    expect(await keyOf(named, { env: { MY_AGENT: "/tmp/a" } })).not.toBe(await keyOf(named, { env: { MY_AGENT: "/tmp/b" } }));
    const none = ["-o", "IdentityAgent=none", host];
    expect(await keyOf(none, { env: { SSH_AUTH_SOCK: "/tmp/a" } })).toBe(await keyOf(none, { env: { SSH_AUTH_SOCK: "/tmp/b" } }));
  });

  it("two values of a variable that the proxy command reads", async () => {
    const words = ["-o", "ProxyCommand=nc $GATE 22", host];
    expect(await keyOf(words, { env: { GATE: "a" } })).not.toBe(await keyOf(words, { env: { GATE: "b" } }));
    expect(await keyOf(words, { env: { GATE: "a" } })).toBe(await keyOf(words, { env: { GATE: "a" } }));
  });

  it("two -F files, even of the same content", async () => {
    const directory = temporary();
    const one = writeOld(join(directory, "one"), "Host *\n");
    const two = writeOld(join(directory, "two"), "Host *\n");
    expect(await keyOf(["-F", one, host])).not.toBe(await keyOf(["-F", two, host]));
  });

  it("two directories, where a relative path is involved", async () => {
    const here = process.cwd();
    const words = ["-o", "ProxyCommand=./proxy %h", host];
    try {
      process.chdir(temporary());
      const first = await sharedPlanOf(words);
      process.chdir(temporary());
      const second = await sharedPlanOf(words);
      expect(first.master.dependsOnCwd && second.master.dependsOnCwd).toBe(true);
      expect(first.master.connectionKey).not.toBe(second.master.connectionKey);
    } finally {
      process.chdir(here);
    }
  });
});

describe("identity files", () => {
  it("count by what they are, not only by name", async () => {
    const key = makeKey();
    const before = await keyOf(["-i", key, host]);
    expect(await keyOf(["-i", key, host])).toBe(before);
    writeOld(key, "rotated in place\n");
    const rotated = await keyOf(["-i", key, host]);
    expect(rotated).not.toBe(before);
    renameSync(makeKey(), key);
    expect([before, rotated]).not.toContain(await keyOf(["-i", key, host]));
  });

  it("count when they come into being, with certificate and public half", async () => {
    // By -o: of a missing file after -i, ssh warns at every call.
    const key = makeKey();
    const words = ["-o", `IdentityFile=${key}`, host];
    const keys = [await keyOf(words)];
    writeOld(`${key}-cert.pub`, "a certificate\n");
    keys.push(await keyOf(words));
    rmSync(key);
    keys.push(await keyOf(words));
    writeOld(`${key}.pub`, "a public half\n");
    keys.push(await keyOf(words));
    expect(new Set(keys).size).toBe(4);
  });

  it("are found by tokens, variables and ~", async () => {
    const directory = temporary();
    const key = join(directory, "h.example-2222-u");
    const words = ["-o", `IdentityFile=${directory}/%h-%p-%r`, "-p", "2222", "-l", "u", host];
    const absent = await keyOf(words);
    writeOld(key, "a key\n");
    const present = await keyOf(words);
    expect(present).not.toBe(absent);
    const named = await sharedPlanOf(["-o", "IdentityFile=${KEYS}/%n-%p-%r", "-p", "2222", "-l", "u", host], { env: { KEYS: directory } });
    expect(named.inputs.dependencies).toContainEqual(expect.objectContaining({ kind: "file", path: key }));
  });

  it("the same file by another name is another identity", async () => {
    const key = makeKey();
    const other = `${key}-too`;
    linkSync(key, other);
    expect(await keyOf(["-i", key, host])).not.toBe(await keyOf(["-i", other, host]));
  });

  it("too young to rest on: the judgement is good, but is not kept", async () => {
    const key = join(temporary(), "id");
    writeFileSync(key, "written just now\n");
    expect((await sharedPlanOf(["-i", key, host])).cache).toEqual({ rule: "notYet", reason: `${key} changed just now` });
    expect((await sharedPlanOf(["-i", makeKey(), host])).cache).toEqual({ rule: "keep" });
  });
});
