/** Each passthrough rule by itself, with the real `ssh -G`: what is passed, under which name, and what just is not. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporary } from "../support/index.ts";
import { makeKey, type PlanOptions, planOf, sharedPlanOf, writeOld } from "./support.ts";

const host = "h.example";
const configured = (text: string) => ["-F", writeOld(join(temporary(), "config"), text)];

describe("what the words alone decide", () => {
  const rows: Array<[string, string[], PlanOptions?]> = [
    ["query", ["-V"]],
    ["query", ["-Q", "cipher"]],
    ["prints-configuration", ["-G", host]],
    ["usage", ["-z", host]],
    ["usage", ["@h"]],
    ["no-destination", []],
    ["no-destination", ["-p", "22"]],
    ["control-bytes", ["-l", "a\nb", host]],
    ["control-bytes", ["-o", "User=a\u007f", host]],
    ["off", [host], { env: { SSHIM: "off" } }],
    ["no-control-path", ["-S", "none", host]],
    ["no-control-path", ["-o", "ControlPath=NONE", host]],
    ["no-control-path", ["-O", "check", "-S", "none", host], { command: false }],
    ["forwarding", ["-L", "1:a:1", host]],
    ["forwarding", ["-R", "1:a:1", host]],
    ["forwarding", ["-D", "1080", host]],
    ["forwarding", ["-w", "0", host]],
    ["forwarding", ["-o", "LocalForward=1 a:1", host]],
    ["log", ["-v", host]],
    ["log", ["-E", "/tmp/x", host]],
    ["log", ["-y", host]],
  ];
  for (const [reason, words, judging] of rows) {
    it(`${reason}: ssh ${words.map((word) => JSON.stringify(word)).join(" ")}`, async () => {
      expect(await planOf(words, judging)).toMatchObject({ action: "pass", reason, inputs: { resolved: undefined } });
    });
  }
});

describe("what ssh -G decides", () => {
  const rows: Array<[string, string[], PlanOptions?]> = [
    ["refused", ["-o", "Ciphers=nonsense", host]],
    ["refused", ["-F", "/nowhere/config", host]],
    ["warnings", ["-o", "ForwardAgent=/nowhere/agent", host]],
    ["control-master-ask", ["-o", "ControlMaster=ask", "-S", "/tmp/c", host]],
    ["control-master-ask", ["-MM", "-S", "/tmp/c", host]],
    ["control-master-ask", ["-o", "ControlMaster=autoask", "-S", "/tmp/c", host]],
    ["x11", ["-X", host]],
    ["x11", ["-Y", host]],
    ["local-command", ["-o", "PermitLocalCommand=yes", "-o", "LocalCommand=true", host]],
    ["log", ["-o", "LogLevel=VERBOSE", host]],
    ["proxy-on-stdin", ["-o", "ProxyCommand=-", host]],
    ["background", ["-f", host]],
    ["background", ["-fN", host], { command: false }],
    ["background", ["-fN", "-o", "ControlMaster=auto", host], { command: false }],
    ["background", ["-fN", "-S", "/tmp/c", host], { command: false }],
    ["no-session", ["-N", host], { command: false }],
    ["no-session", ["-NM", "-S", "/tmp/c", host], { command: false }],
    ["master-in-foreground", ["-M", "-S", "/tmp/c", host]],
    ["master-in-foreground", ["-o", "ControlMaster=yes", "-S", "/tmp/c", host]],
    ["service-name", ["-W", "a:ssh", host], { command: false }],
    ["identity", ["-o", "IdentityFile=/tmp/%C", host]],
    ["identity", ["-i", "/dev/zero", host]],
    ["long-path", [host], { run: `/tmp/${"r".repeat(60)}` }],
    ["control-word", ["-O", "forward", "-L", "1:a:1", host], { command: false }],
  ];
  for (const [reason, words, judging] of rows) {
    it(`${reason}: ssh ${words.join(" ")}`, async () => {
      expect(await planOf(words, judging)).toMatchObject({ action: "pass", reason });
    });
  }

  it("forwards, a tunnel, X11 and a log level of the configuration count as well", async () => {
    for (const [line, reason] of [
      ["LocalForward 1 a:1", "forwarding"],
      ["RemoteForward 1 a:1", "forwarding"],
      ["DynamicForward 1", "forwarding"],
      ["Tunnel yes", "forwarding"],
      ["ForwardX11 yes", "x11"],
      ["LogLevel DEBUG", "log"],
      ["LogVerbose kex.c:*:1000", "log"],
      ["SessionType none", "no-session"],
      ["ControlMaster yes", "master-in-foreground"],
    ]) {
      expect(await planOf([...configured(`Host *\n ${line}\n`), host])).toMatchObject({ action: "pass", reason });
    }
  });

  it("a configuration that is a pipe is left to the real ssh, unread", async () => {
    const pipe = join(temporary(), "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await planOf(["-F", pipe, host])).toMatchObject({ action: "pass", reason: "not-a-file" });
    expect(await planOf([...configured(`Include ${pipe}\n`), host])).toMatchObject({ action: "pass", reason: "not-a-file" });
  });

  it("ControlPath none is seen in a configuration, though ssh -G does not print it", async () => {
    const config = configured(`Match host off.example\n ControlPath none\nHost on.example\n Port 22\n`);
    expect(await planOf([...config, "off.example"])).toMatchObject({ action: "pass", reason: "no-control-path" });
    expect(await planOf([...config, "on.example"])).toMatchObject({ action: "attach", reason: "shared" });
    expect(await planOf([...config, "-l", "x", "--", "off.example"])).toMatchObject({ reason: "no-control-path" });
  });

  it("a word of -O that only ssh speaks is passed with the socket of our own master", async () => {
    const { pool } = (await sharedPlanOf(["-O", "stop", host], { command: false })).master;
    const plan = await planOf(["-O", "cancel", "-L", "1:a:1", host], { command: false });
    expect(plan).toMatchObject({ action: "pass", reason: "control-word", socketOption: `${plan.inputs.run}/k/${pool.key}/0` });
  });

  it("-O exit drains also where only ssh knows the jump host: the real one would cut", async () => {
    const config = configured('Match exec "true"\n  Compression yes\n');
    expect(await planOf([...config, "-J", "jump", host])).toMatchObject({ action: "pass", reason: "jump-host" });
    const words = [...config, "-J", "jump", "-S", "/tmp/c", "-O", "exit", host];
    expect(await planOf(words, { command: false })).toMatchObject({ action: "control" });
  });

  it("a configured host is switched off as typed and as resolved", async () => {
    const home = temporary();
    execFileSync("mkdir", ["-p", `${home}/.config/sshim`]);
    writeOld(`${home}/.config/sshim/config.toml`, '[[host]]\nhost = "real.example"\nenabled = false\n');
    const config = configured("Host alias\n HostName real.example\n");
    expect(await planOf([...config, "alias"], { env: { HOME: home } })).toMatchObject({ action: "pass", reason: "off" });
    expect(await planOf([...config, "other"], { env: { HOME: home } })).toMatchObject({ action: "attach" });
  });
});

describe("what is shared", () => {
  const rows: Array<[string, string[], PlanOptions?]> = [
    ["attach", [host]],
    ["attach", [host], { command: false }],
    ["attach", ["-A", host]],
    ["attach", ["-tt", "-C", "-4", host]],
    ["attach", ["-n", "-T", "-q", host]],
    ["attach", ["-s", host]],
    ["attach", ["-W", "a:22", host], { command: false }],
    ["attach", ["-J", "jump", host]],
    ["attach", ["-x", "-a", "-oClearAllForwardings=yes", host]],
    ["attach", ["-o", "PermitLocalCommand=yes", host]],
    ["attach", ["-o", "LocalCommand=true", host]],
    ["attach", ["ssh://u@h.example:22"]],
    ["establish", ["-fNM", "-S", "/tmp/c", host], { command: false }],
    ["establish", ["-fN", "-o", "ControlMaster=auto", "-S", "/tmp/c", host], { command: false }],
    ["control", ["-O", "check", host], { command: false }],
    ["control", ["-O", "exit", "-S", "/tmp/c", host], { command: false }],
    ["control", ["-O", "stop", "-L", "1:a:1", "-v", host], { command: false }],
  ];
  for (const [action, words, judging] of rows) {
    it(`${action}: ssh ${words.join(" ")}`, async () => {
      expect(await planOf(words, judging)).toMatchObject({ action });
    });
  }

  it("a key file that is a symbolic link is one like any other", async () => {
    const link = join(temporary(), "link");
    execFileSync("ln", ["-s", makeKey(), link]);
    expect(await planOf(["-i", link, host])).toMatchObject({ action: "attach" });
  });
});
