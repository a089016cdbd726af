/** A judgement on paper is followed only while the configuration it rests on is unchanged: the very next call follows each change. */
import { chmodSync, copyFileSync, mkdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { countControl } from "../support/counting.ts";
import { controlPlane, runShim } from "../support/index.ts";
import { base, expectFollows, folder, one, portLine, run, two, where } from "./stale-cases.ts";

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
