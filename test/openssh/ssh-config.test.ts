/** What a configuration rests on, compared with the files that the real ssh says it reads. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { type ConfigFindings, readConfiguration } from "../../src/openssh/ssh-config.ts";
import { type DependencyRecorder, recordDependencies } from "../../src/protocol/dependencies.ts";
import { writeOld } from "../plan/support.ts";
import { realProgram, systemPath, temporary } from "../support/index.ts";

const account = { uid: process.getuid?.() ?? 0, name: "nobody-at-all", home: "/nowhere" };

/** What we find behind -F. */
function read(given: string, env: Record<string, string> = {}): ConfigFindings & { facts: DependencyRecorder } {
  const facts = recordDependencies(env, process.cwd());
  return { ...readConfiguration({ given, system: "/etc/ssh/ssh_config", account, env }, facts), facts };
}

/** The files that ssh itself reads behind -F. */
function reads(given: string, env: Record<string, string> = {}): string[] {
  const { stderr } = spawnSync(realProgram, ["-v", "-G", "-F", given, "h.example"], {
    encoding: "utf8",
    env: { PATH: systemPath, ...env },
  });
  return [...stderr.matchAll(/Reading configuration data (.*)\r?$/gm)].map(([, path]) => (path ?? "").trim());
}

const named = (facts: DependencyRecorder, kind: string) =>
  facts.list.flatMap((each) => (each.kind === kind && "path" in each ? [each.path] : []));

describe("the files", () => {
  it("are those that ssh reads: includes, includes of includes, globs, in blocks that do not hold, once each", () => {
    const root = temporary();
    for (const folder of ["d", "d/e1", "d/e2", "d/.hidden", "with space"]) mkdirSync(join(root, folder));
    writeOld(join(root, "leaf"), "Port 1\n");
    writeOld(join(root, "nested"), `Include ${root}/leaf\n`);
    for (const name of ["a.conf", "b.conf", "c.conf.bak", ".d.conf", "[x].conf"]) writeOld(join(root, "d", name), "Host x\n Port 2\n");
    for (const name of ["e1/f", "e2/f", ".hidden/f"]) writeOld(join(root, "d", name), "# nothing\n");
    writeOld(join(root, "with space", "q"), "Compression yes\n");
    writeOld(join(root, "eq"), "User x\n");
    writeOld(join(root, "up"), "User x\n");
    const config = writeOld(
      join(root, "config"),
      [
        `Host never.example`,
        `  Include ${root}/nested`,
        `Match user nobody-here`,
        `  include ${root}/d/*.conf ${root}/d/e?/f`,
        `Host *`,
        `Include "${root}/with space/q" # a comment ${root}/comment`,
        `  InClUdE=${root}/eq`,
        `\tinclude\t=\t"${root}/up"`,
        `Include ${root}/d/[ab].conf ${root}/d/[!ab].conf ${root}/d/\\[x\\].conf`,
        `Include ${root}/missing ${root}/missing.d/* ${root}/leaf`,
        `#Include ${root}/commented`,
        "",
      ].join("\n"),
    );
    for (const folder of ["d", "d/e1", "d/e2"]) utimesSync(join(root, folder), 1e9, 1e9);
    const ours = read(config);
    expect([...ours.files].sort()).toEqual([...new Set(reads(config))].sort());
    expect(ours.files).toContain(join(root, "leaf"));
    expect(named(ours.facts, "nofile")).toEqual(expect.arrayContaining([join(root, "missing"), join(root, "missing.d")]));
    expect(named(ours.facts, "file")).toEqual(expect.arrayContaining([join(root, "d"), join(root, "d/e1/f")]));
    expect(ours.facts.notYet).toBeUndefined();
  });

  it("of a relative include lie in $HOME/.ssh, of ~ in $HOME, as ssh's own glob has it", () => {
    const home = temporary();
    mkdirSync(join(home, ".ssh/conf.d"), { recursive: true });
    writeOld(join(home, ".ssh/conf.d/one"), "Port 1\n");
    writeOld(join(home, "two"), "Port 2\n");
    const config = writeOld(join(temporary(), "config"), "Include conf.d/*\nInclude ~/two\n");
    expect(read(config, { HOME: home }).files).toEqual(reads(config, { HOME: home }));
    expect(read(config, { HOME: home }).files).toHaveLength(3);
  });

  it("are followed to sixteen levels and round in a circle without end", () => {
    const root = temporary();
    const config = writeOld(join(root, "config"), `Include ${root}/again\n`);
    writeOld(join(root, "again"), `Include ${root}/config\n`);
    expect(read(config).files).toEqual([config, join(root, "again")]);
  });

  it("are none with -F none, and the user's before the system's without -F", () => {
    const facts = recordDependencies({}, "/");
    expect(readConfiguration({ given: "none", system: "/etc/ssh/ssh_config", account, env: {} }, facts).files).toEqual([]);
    expect(facts.list).toEqual([]);
    const home = temporary();
    mkdirSync(join(home, ".ssh"));
    writeOld(join(home, ".ssh/config"), "Include extra\n");
    const system = writeOld(join(temporary(), "ssh_config"), "Include more\n");
    readConfiguration({ given: undefined, system, account: { ...account, home }, env: {} }, facts);
    const paths = facts.list.map((each) => ("path" in each ? each.path : ""));
    expect(paths).toEqual([join(home, ".ssh/config"), join(home, ".ssh/extra"), system, system.replace("ssh_config", "more")]);
  });

  it("that are links count by what they lead to", () => {
    const root = temporary();
    const config = writeOld(join(root, "real"), "Port 1\n");
    const link = join(root, "link");
    symlinkSync(config, link);
    const [first] = read(link).facts.list;
    rmSync(link);
    symlinkSync(writeOld(join(root, "other"), "Port 1\n"), link);
    expect(read(link).facts.list[0]).not.toEqual(first);
  });

  it("that are no files are named and not opened", () => {
    const pipe = join(temporary(), "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(read(pipe).notAFile).toBe(pipe);
    expect(read("/dev/null")).toMatchObject({ notAFile: undefined, files: [] });
  });
});

describe("what is found in them", () => {
  const find = (text: string, env?: Record<string, string>) => read(writeOld(join(temporary(), "config"), text), env);

  it("makes the question new every time: what runs or looks at the network", () => {
    for (const text of [
      "Match exec true\n",
      'Match host x exec "test -e /x"\n',
      "Match !exec=false\n",
      "match localnetwork 10.0.0.0/8\n",
      "Include %d/x\n",
    ]) {
      expect(find(text).neverCache, text).toBeDefined();
    }
    for (const text of ["Match host exec.example\n", "#Match exec true\n", "Match all\n", "Host exec\n"])
      expect(find(text).neverCache, text).toBeUndefined();
  });

  it("looks at the command, or says none for a path", () => {
    expect(find("Match command ls\n").matchesCommand).toBe(true);
    expect(find("Match user command.example\n").matchesCommand).toBe(false);
    for (const text of ["ControlPath none\n", 'controlpath="None"\n', "Host x\n\tControlPath  NONE  # no\n"])
      expect(find(text).namesNoPath, text).toBe(true);
    for (const text of ["ControlPath /none\n", "#ControlPath none\n", "ControlPersist none\n"])
      expect(find(text).namesNoPath, text).toBe(false);
  });

  it("names variables, and follows them in an include", () => {
    const root = temporary();
    writeOld(join(root, "x"), "Port 1\n");
    const text = "IdentityFile ${KEYS}/id\nProxyCommand nc $GATE 22\nInclude ${ROOT}/x\nInclude ${UNSET_HERE}/y\n";
    const found = find(text, { ROOT: root });
    expect(found.facts.list.flatMap((each) => (each.kind === "env" ? [each.name] : []))).toEqual(["KEYS", "GATE", "ROOT", "UNSET_HERE"]);
    expect(found.files).toContain(join(root, "x"));
  });
});

describe("a file of the account", () => {
  it("is where the passwd entry says, whatever HOME is", async () => {
    const { readAccount } = await import("../../src/openssh/account.ts");
    const entry = readFileSync("/etc/passwd", "utf8")
      .split("\n")
      .find((line) => line.split(":")[2] === String(process.getuid?.()));
    const found = await readAccount(process.getuid?.() ?? 0, { HOME: "/elsewhere" });
    expect(`${found.name} ${found.home}`).toBe(`${entry?.split(":")[0]} ${entry?.split(":")[5]}`);
  });
});
