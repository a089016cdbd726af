/** Asking the real ssh, reading its answer, and finishing what it leaves raw. */
import { execFileSync, spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, userInfo } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readAccount } from "../../src/openssh/account.ts";
import { expandPath } from "../../src/openssh/expand.ts";
import { askResolved, escapeOf, flagOf, logLevelOf, optionOf, parseResolved } from "../../src/openssh/ssh-g.ts";
import { readRealSsh } from "../../src/openssh/version.ts";
import { realProgram, shimProgram, systemPath, temporary } from "../support/index.ts";

const launcher = { clientPath: shimProgram, argv0: "ssh", real: realProgram };
const env = { PATH: systemPath };
const ask = (...words: string[]) => askResolved(launcher, ["-F", "none", ...words], env);

describe("ssh -G", () => {
  it("answers as if the caller had asked, without a word on stderr of its own", () => {
    const { code, text, warnings } = ask("-p", "2222", "u@H.example");
    const real = execFileSync(realProgram, ["-G", "-F", "none", "-p", "2222", "u@H.example"], {
      encoding: "utf8",
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    expect({ code, text, warnings }).toEqual({ code: 0, text: real, warnings: "" });
    const resolved = parseResolved(text);
    expect(["host", "hostname", "user", "port"].map((name) => optionOf(resolved, name))).toEqual(["H.example", "h.example", "u", "2222"]);
    expect(resolved.get("identityfile")?.length).toBeGreaterThan(3);
    expect(resolved.has("canonicalizepermittedcnames")).toBe(true);
  });

  it("has code and warnings of its own when it does not like what it is asked", () => {
    expect(ask("-o", "Nonsense=1", "h")).toMatchObject({ code: 255, text: "" });
    expect(ask("-i", "/nowhere/id", "h").warnings).toContain("/nowhere/id");
    expect(askResolved({ ...launcher, real: "/nowhere/ssh" }, ["h"], env).code).not.toBe(0);
    expect(askResolved({ ...launcher, clientPath: "/nowhere/front" }, ["h"], env).code).toBeUndefined();
  });

  it("gets back the environment that travelled in disguise", () => {
    const disguised = { ...env, SSHIM_RAW_3: Buffer.from("BUN_WHERE=/from/bun").toString("hex") };
    const { text } = askResolved(launcher, ["-F", "none", "-o", "ControlPath=${BUN_WHERE}/c", "h"], disguised);
    expect(optionOf(parseResolved(text), "controlpath")).toBe("/from/bun/c");
  });

  it("is refused where its answer is not UTF-8", () => {
    const directory = temporary();
    writeFileSync(join(directory, "config"), Buffer.from("User caf\xe9\n", "latin1"));
    expect(askResolved(launcher, ["-F", join(directory, "config"), "h"], env)).toMatchObject({ strange: true, text: "" });
  });

  it("prints each escape character so that it can be read back", () => {
    // Every byte that -e takes as such, and every ^X.
    for (let byte = 0x21; byte < 0x7f; byte++) {
      const letter = String.fromCharCode(byte);
      const { code, text } = ask(`-e${letter}`, "h");
      if (code === 0) expect(escapeOf(parseResolved(text)), letter).toBe(byte);
      if (byte < 0x40) continue;
      expect(escapeOf(parseResolved(ask(`-e^${letter}`, "h").text)), `^${letter}`).toBe(byte & 31);
    }
  });

  it("has its levels and flags in the words of old and new versions", () => {
    const level = (name: string) => logLevelOf(parseResolved(`loglevel ${name}\n`));
    expect(["QUIET", "SILENT", "FATAL", "ERROR", "INFO", "VERBOSE", "DEBUG", "DEBUG1", "DEBUG3"].map(level)).toEqual([
      0, 0, 1, 2, 3, 4, 5, 5, 7,
    ]);
    const flag = (word: string) => flagOf(parseResolved(`requesttty ${word}\n`), "requesttty");
    expect(["yes", "true", "no", "false", "force"].map(flag)).toEqual([true, true, false, false, undefined]);
  });
});

describe("what ssh -G leaves raw", () => {
  it("is expanded to the paths that ssh opens", async () => {
    const account = await readAccount(process.getuid?.() ?? 0, {});
    const words = ["-p", "2222", "-l", "remote", "-o", "HostName=127.0.0.1", "-o", "HostKeyAlias=alias", "name"];
    const paths = ["~/%n.%h.%p.%r", "%d/x", "/tmp/%u.%i", "/tmp/%L/%l", "/tmp/%%h%%", "~root/y", "/tmp/${WHAT}/z", "/tmp/%k", "rel/%h"];
    for (const path of paths) {
      const options = ["-F", "none", "-o", `IdentityFile=${path}`, ...words];
      const resolved = parseResolved(askResolved(launcher, options, { ...env, WHAT: "w w" }).text);
      const said = optionOf(resolved, "identityfile") ?? "";
      const { stderr } = spawnSync(realProgram, ["-v", "-o", "ProxyCommand=false", ...options, "true"], {
        encoding: "utf8",
        env: { ...env, WHAT: "w w" },
      });
      const [, opened] = /identity file (.*) type -1/.exec(stderr) ?? [];
      expect(expandPath(said, resolved, account, { WHAT: "w w" }, hostname), path).toBe(opened);
    }
    expect(userInfo().username).toBe(account.name);
  });

  it("is given up where only ssh can tell", async () => {
    const account = await readAccount(process.getuid?.() ?? 0, {});
    const resolved = parseResolved("hostname h\n");
    for (const path of ["/tmp/%C", "/tmp/%", "/tmp/${UNSET_HERE}", "~nobody-of-this-name/x"]) {
      expect(expandPath(path, resolved, account, {}, hostname)).toBeUndefined();
    }
  });
});

describe("the real ssh", () => {
  it("is asked for its version once, and again when it is another program", () => {
    const directory = temporary();
    const counted = join(directory, "ssh");
    const write = (version: string) => {
      writeFileSync(counted, `#!/bin/sh\necho x >>${directory}/calls\necho '${version}' >&2\n`);
      chmodSync(counted, 0o755);
    };
    const look = () => readRealSsh(directory, { ...launcher, real: counted }, env);
    const calls = () => readFileSync(join(directory, "calls"), "utf8").length / 2;
    write("OpenSSH_9.2p1 Debian-2, OpenSSL 3");
    expect([look(), look()].map(({ version }) => version)).toEqual([
      [9, 2],
      [9, 2],
    ]);
    expect(calls()).toBe(1);
    expect(look().letters).toMatch(/^[^:]*P[^:]/);
    write("OpenSSH_10.5p1, OpenSSL 3.5");
    expect(look()).toMatchObject({ version: [10, 5], systemConfig: "/etc/ssh/ssh_config" });
    expect(look().letters).toContain("P:");
    expect(calls()).toBe(2);
    write("Sun_SSH_1.1");
    expect([look(), look()].map(({ version }) => version)).toEqual([undefined, undefined]);
  });

  it("reads the version that -V would print out of the program itself, and asks where that is not one", () => {
    const real = execFileSync("sh", ["-c", `${realProgram} -V 2>&1`], { encoding: "utf8", env });
    const [, ...version] = /^OpenSSH_(\d+)\.(\d+)/.exec(real) ?? [];
    const directory = temporary();
    const [asked, silent] = [join(directory, "asked"), join(directory, "silent")];
    // A launcher that tells the starts, and never lets it say anything.
    writeFileSync(silent, `#!/bin/sh\necho x >>${asked}\n`, { mode: 0o755 });
    const look = (program: string) => readRealSsh(undefined, { clientPath: silent, argv0: "ssh", real: program }, env).version;
    expect(look(realProgram)).toEqual(version.map(Number));
    expect(existsSync(asked)).toBe(false);
    const changed = (name: string, change: (text: string) => string) => {
      writeFileSync(join(directory, name), Buffer.from(change(readFileSync(realProgram, "latin1")), "latin1"), { mode: 0o755 });
      return join(directory, name);
    };
    expect(look(changed("two", (text) => `${text}\0OpenSSH_4.4p1\0`))).toBeUndefined();
    expect(look(changed("none", (text) => text.replaceAll(/OpenSSH_[^\0*]*\0/g, (found) => found.replaceAll("_", "-"))))).toBeUndefined();
    expect(readFileSync(asked, "utf8")).toBe("x\nx\n");
  });

  it("tells where its system-wide configuration lies, and survives a damaged note of it", () => {
    const directory = temporary();
    const other = join(directory, "other");
    // The same program, but for the path that is compiled in.
    const program = readFileSync(realProgram, "latin1").replaceAll("/etc/ssh/ssh_config\0", "/opt/ssh/ssh_config\0");
    writeFileSync(other, Buffer.from(program, "latin1"), { mode: 0o755 });
    const look = () => readRealSsh(directory, { ...launcher, real: other }, env).systemConfig;
    expect(look()).toBe("/opt/ssh/ssh_config");
    writeFileSync(join(directory, "letters"), "sshim-letters 1\nfile");
    expect(look()).toBe("/opt/ssh/ssh_config");
    rmSync(join(directory, "letters"));
    copyFileSync(realProgram, other);
    utimesSync(other, 1e9, 1e9);
    expect(look()).toBe("/etc/ssh/ssh_config");
  });
});
