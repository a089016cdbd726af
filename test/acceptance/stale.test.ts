/** A judgement on paper is followed only while everything it rests on is unchanged: the very next call follows each change. */
import { execFileSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { controlPlane, type RunOptions, realProgram, runShim, type Sshd, startSshd, temporary } from "../support/index.ts";
import { countControl } from "./cases.ts";

let one: Sshd;
let two: Sshd;
let base: string;
let run: string;
let folder: string;
beforeAll(async () => {
  [one, two] = await Promise.all([startSshd({ config: ["PermitUserEnvironment HOME,WHO"] }), startSshd()]);
  run = join(temporary(), "r");
  const identity = [
    `IdentityFile ${one.keyFile}`,
    `IdentityFile ${two.keyFile}`,
    "StrictHostKeyChecking no",
    "UserKnownHostsFile /dev/null",
  ];
  base = `Host *\n  HostName 127.0.0.1\n  User ${one.user}\n  LogLevel ERROR\n${identity.map((line) => `  ${line}\n`).join("")}`;
});
beforeEach(() => {
  folder = temporary();
});

/** The port of the server that the command ran on. */
async function where(args: string[], options: RunOptions = {}): Promise<number> {
  const result = await runShim([...args, "echo $SSH_CONNECTION"], { run, ...options });
  expect(result.stderr.toString()).toBe("");
  return Number(result.stdout.toString().trim().split(" ").at(-1));
}
const portLine = (sshd: Sshd) => `Port ${sshd.port}\n`;

/** Calls until nothing is new any more, then changes something; the very next call must have followed. */
async function expectFollows(args: string[], change: () => void, options: RunOptions = {}, after = options): Promise<void> {
  for (let call = 0; call < 2; call++) expect(await where(args, options)).toBe(one.port);
  change();
  expect(await where(args, after)).toBe(two.port);
}

describe("configuration files", () => {
  const config = (text: string) => {
    const file = join(folder, "config");
    writeFileSync(file, text);
    return ["-F", file, "host"];
  };

  it("the file itself is edited", async () => {
    const args = config(portLine(one) + base);
    await expectFollows(args, () => writeFileSync(args[1] as string, portLine(two) + base));
  });
  it("the file is replaced by another of the same size and time", async () => {
    const args = config(portLine(one) + base);
    const file = args[1] as string;
    await expectFollows(args, () => {
      const { atime, mtime } = statSync(file);
      writeFileSync(`${file}.new`, portLine(two) + base);
      utimesSync(`${file}.new`, atime, mtime);
      renameSync(`${file}.new`, file);
    });
  });
  it("an included file is edited", async () => {
    const included = join(folder, "included");
    writeFileSync(included, portLine(one));
    await expectFollows(config(`Include ${included}\n${base}`), () => writeFileSync(included, portLine(two)));
  });
  it("a file that an included file includes is edited", async () => {
    const [first, second] = [join(folder, "first"), join(folder, "second")];
    writeFileSync(first, `Include ${second}\n`);
    writeFileSync(second, portLine(one));
    await expectFollows(config(`Include ${first}\n${base}`), () => writeFileSync(second, portLine(two)));
  });
  it("a file is added that a glob matches", async () => {
    mkdirSync(join(folder, "conf.d"));
    writeFileSync(join(folder, "conf.d/50.conf"), portLine(one));
    await expectFollows(config(`Include ${folder}/conf.d/*.conf\n${base}`), () =>
      writeFileSync(join(folder, "conf.d/10.conf"), portLine(two)),
    );
  });
  it("a first file is added that a glob matches", async () => {
    mkdirSync(join(folder, "conf.d"));
    await expectFollows(config(`Include ${folder}/conf.d/*\n${portLine(one)}${base}`), () =>
      writeFileSync(join(folder, "conf.d/10.conf"), portLine(two)),
    );
  });
  it("a folder is made that a glob looks into", async () => {
    await expectFollows(config(`Include ${folder}/*.d/port\n${portLine(one)}${base}`), () => {
      mkdirSync(join(folder, "new.d"));
      writeFileSync(join(folder, "new.d/port"), portLine(two));
    });
  });
  it("a file is removed that a glob matched", async () => {
    mkdirSync(join(folder, "conf.d"));
    writeFileSync(join(folder, "conf.d/10.conf"), portLine(one));
    writeFileSync(join(folder, "conf.d/50.conf"), portLine(two));
    await expectFollows(config(`Include ${folder}/conf.d/*.conf\n${base}`), () => rmSync(join(folder, "conf.d/10.conf")));
  });
  it("an included file comes into being", async () => {
    await expectFollows(config(`Include ${folder}/later\n${portLine(one)}${base}`), () =>
      writeFileSync(join(folder, "later"), portLine(two)),
    );
  });
  it("a Match block's file, which did not match before the edit", async () => {
    const included = join(folder, "included");
    writeFileSync(included, `Match host other\n  Port ${two.port}\n`);
    await expectFollows(config(`Include ${included}\n${portLine(one)}${base}`), () =>
      writeFileSync(included, `Match host host\n  Port ${two.port}\n`),
    );
  });
});

describe("what the configuration looks at", () => {
  it("an environment variable that it names", async () => {
    const file = join(folder, "config");
    const [first, second] = [join(folder, "key-one"), join(folder, "key-two")];
    for (const [from, to] of [
      [one.keyFile, first],
      [two.keyFile, second],
    ] as const) {
      copyFileSync(from, to);
      chmodSync(to, 0o600);
    }
    writeFileSync(
      file,
      `${base.replace(/ {2}IdentityFile.*\n/g, "")}  IdentityFile $\{WHICH}\n  IdentitiesOnly yes\n  BatchMode yes\n  Port ${one.port}\n`,
    );
    const call = (which: string) => runShim(["-F", file, "host", "true"], { run, env: { WHICH: which } });
    expect((await call(first)).exitCode).toBe(0);
    expect((await call(first)).exitCode).toBe(0);
    expect((await call(second)).exitCode).toBe(255);
    expect((await call(first)).exitCode).toBe(0);
  });

  it("Match exec is asked every time", async () => {
    const [file, flag] = [join(folder, "config"), join(folder, "flag")];
    writeFileSync(file, `Match exec "test -e ${flag}"\n  Port ${two.port}\nMatch all\n  Port ${one.port}\n${base}`);
    await expectFollows(["-F", file, "host"], () => writeFileSync(flag, ""));
    rmSync(flag);
    expect(await where(["-F", file, "host"])).toBe(one.port);
  });

  it("CanonicalizeHostname is asked every time, a plain configuration once", async () => {
    const file = join(folder, "config");
    writeFileSync(file, portLine(one) + base);
    // A file that changed just now is judged anew until it has settled.
    utimesSync(file, 1e9, 1e9);
    const control = countControl(controlPlane);
    for (let call = 0; call < 3; call++) await where(["-F", file, "plain"], { env: control.env });
    expect(control.starts()).toEqual(["resolve"]);
    for (let call = 0; call < 3; call++) await where(["-F", file, "-o", "CanonicalizeHostname=yes", "127.0.0.1"], { env: control.env });
    expect(control.starts().length).toBe(4);
  });

  it("the current directory, where a relative path is involved", async () => {
    for (const [name, sshd] of [
      ["a", one],
      ["b", two],
    ] as const) {
      mkdirSync(join(folder, name));
      writeFileSync(join(folder, name, "config"), portLine(sshd) + base);
    }
    await expectFollows(["-F", "config", "host"], () => undefined, { cwd: join(folder, "a") }, { cwd: join(folder, "b") });
  });
  it("a relative identity in the current directory", async () => {
    for (const [name, sshd] of [
      ["a", one],
      ["b", two],
    ] as const) {
      mkdirSync(join(folder, name));
      copyFileSync(sshd.keyFile, join(folder, name, "key"));
      chmodSync(join(folder, name, "key"), 0o600);
    }
    const args = [
      "-F",
      "none",
      "-i",
      "key",
      "-p",
      String(one.port),
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      `UserKnownHostsFile=${one.knownHosts}`,
      "-o",
      "BatchMode=yes",
      "127.0.0.1",
      "true",
    ];
    const code = async (name: string) => (await runShim(args, { run, cwd: join(folder, name) })).exitCode;
    expect([await code("a"), await code("a"), await code("b"), await code("a")]).toEqual([0, 0, 255, 0]);
  });
});

describe("who the caller is", () => {
  it("a key is rotated in place", async () => {
    const [key, next] = [join(folder, "key"), join(folder, "next")];
    for (const file of [key, next]) execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", file]);
    for (const [file, who] of [
      [key, "old"],
      [next, "new"],
    ])
      appendFileSync(join(one.directory, "authorized_keys"), `environment="WHO=${who}" ${readFileSync(`${file}.pub`, "utf8")}`);
    const args = [
      "-F",
      "none",
      "-i",
      key,
      "-p",
      String(one.port),
      "-o",
      "IdentitiesOnly=yes",
      "-o",
      `UserKnownHostsFile=${one.knownHosts}`,
      "127.0.0.1",
      "echo $WHO",
    ];
    const who = async () => (await runShim(args, { run })).stdout.toString().trim();
    expect([await who(), await who()]).toEqual(["old", "old"]);
    copyFileSync(next, key);
    copyFileSync(`${next}.pub`, `${key}.pub`);
    expect(await who()).toBe("new");
  });
  it("SSH_AUTH_SOCK", async () => {
    const [file, control] = [join(folder, "config"), countControl(controlPlane)];
    writeFileSync(file, portLine(one) + base);
    for (const socket of [undefined, "/nonexistent/a", "/nonexistent/b", "/nonexistent/a"])
      expect(await where(["-F", file, "host"], { env: { ...control.env, SSH_AUTH_SOCK: socket } })).toBe(one.port);
    expect(control.starts().filter((question) => question === "resolve").length).toBe(3);
  });
  it("HOME, whose configuration of ours says otherwise", async () => {
    const file = join(folder, "config");
    writeFileSync(file, portLine(one) + base);
    const home = join(folder, "other-home");
    mkdirSync(join(home, ".config/sshim"), { recursive: true });
    writeFileSync(join(home, ".config/sshim/config.toml"), "enabled = false\n");
    for (let call = 0; call < 2; call++) await where(["-F", file, "host"]);
    const before = one.authentications();
    await where(["-F", file, "host"]);
    expect(one.authentications()).toBe(before);
    await where(["-F", file, "host"], { home });
    expect(one.authentications()).toBe(before + 1);
  });
});

describe("our own side", () => {
  it("our configuration comes into being, is edited and goes", async () => {
    const home = join(folder, "home");
    mkdirSync(home);
    const file = join(folder, "config");
    writeFileSync(file, portLine(one) + base);
    const cost = async () => {
      const before = one.authentications();
      await where(["-F", file, "host-of-ours"], { home });
      return one.authentications() - before;
    };
    await cost();
    expect(await cost()).toBe(0);
    mkdirSync(join(home, ".config/sshim"), { recursive: true });
    const ours = join(home, ".config/sshim/config.toml");
    writeFileSync(ours, "enabled = false\n");
    expect([await cost(), await cost()]).toEqual([1, 1]);
    writeFileSync(ours, '[[host]]\nmatch = "elsewhere"\nenabled = false\n');
    expect((await cost()) + (await cost())).toBeLessThan(2);
    rmSync(ours);
    await cost();
    expect(await cost()).toBe(0);
  });

  it("the real ssh is replaced", async () => {
    const [file, real] = [join(folder, "config"), join(folder, "real-ssh")];
    writeFileSync(file, base);
    const write = (sshd: Sshd) => writeFileSync(real, `#!/bin/sh\nexec ${realProgram} -o Port=${sshd.port} "$@"\n`, { mode: 0o755 });
    write(one);
    await expectFollows(["-F", file, "host"], () => write(two), { env: { SSHIM_REAL_SSH: real } });
  });

  it("damaged, foreign and older tickets are ignored, and written anew", async () => {
    const file = join(folder, "config");
    writeFileSync(file, portLine(one) + base);
    utimesSync(file, 1e9, 1e9);
    const own = join(temporary(), "r");
    expect(await where(["-F", file, "host"], { run: own })).toBe(one.port);
    const tickets = readdirSync(join(own, "t"));
    expect(tickets.length).toBe(1);
    const ticket = join(own, "t", tickets[0] as string);
    const whole = readFileSync(ticket);
    const bad = join(import.meta.dirname, "../golden/tickets/bad");
    const damage = [
      ...readdirSync(bad).map((name) => readFileSync(join(bad, name))),
      whole.subarray(0, whole.length / 2),
      Buffer.alloc(whole.length),
    ];
    for (const bytes of damage.filter((_, index) => index % 3 === 0)) {
      writeFileSync(ticket, bytes);
      expect(await where(["-F", file, "host"], { run: own })).toBe(one.port);
    }
    expect(readFileSync(ticket, "latin1").startsWith("sshim-ticket 1\nquestion 1 command=1 ")).toBe(true);
    expect(readFileSync(ticket, "latin1").endsWith("\nend\n")).toBe(true);
  });
});
