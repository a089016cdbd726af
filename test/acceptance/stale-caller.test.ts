/** A judgement on paper is followed only for the caller it was made for, while our own side is unchanged: the very next call follows each change. */
import { execFileSync } from "node:child_process";
import { appendFileSync, copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countControl } from "../support/counting.ts";
import { controlPlane, freshRun, realProgram, runShim, type Sshd } from "../support/index.ts";
import { base, expectFollows, folder, one, portLine, run, two, where } from "./stale-cases.ts";

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
    const own = freshRun();
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
