/** install/user.sh: for a user and for everybody, again, and out again, in HOMEs of its own, with the shells that are here. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { findProgram, repository, shimFolder, systemPath } from "../support/index.ts";
import { makePackage, type Package, picture, put, scratch } from "./package.ts";

function install(home: string, from: Package, words: string[] = [], env: Record<string, string> = {}, shell = ["sh"]) {
  const done = spawnSync(shell[0] as string, [...shell.slice(1), join(from.folder, "install/user.sh"), ...words], {
    encoding: "utf8",
    env: { PATH: systemPath, HOME: home, ...env },
  });
  return { code: done.status, out: done.stdout, err: done.stderr };
}

/** Where a shell of the user finds a program. */
function found(home: string, shell: string[], program: string): string {
  const done = spawnSync(shell[0] as string, [...shell.slice(1), `command -v ${program}`], {
    encoding: "utf8",
    env: { PATH: systemPath, HOME: home, TERM: "dumb" },
  });
  return done.stdout.trim();
}

describe("install/user.sh", () => {
  for (const [name, ...shell] of [
    ["a login sh", "sh", "-l", "-c"],
    ["a login bash", "bash", "-l", "-c"],
    ["an interactive bash", "bash", "-i", "-c"],
    ["zsh", "zsh", "-c"],
    ["fish", "fish", "-c"],
  ] as Array<[string, string, ...string[]]>)
    it.skipIf(!findProgram(shell[0] as string))(`puts ssh, scp and sftp before the real ones for ${name}`, () => {
      const home = scratch("home-");
      mkdirSync(join(home, ".config/fish"), { recursive: true });
      writeFileSync(join(home, ".bashrc"), "# mine\n");
      expect(install(home, makePackage())).toMatchObject({ code: 0, err: "" });
      for (const name of ["ssh", "scp", "sftp", "sshim"]) expect(found(home, shell, name)).toBe(join(home, ".local/lib/sshim/bin", name));
    });

  it("ends with the doctor, run from where it was installed", () => {
    const home = scratch("home-");
    const from = makePackage({ control: `#!/bin/sh\ncase $1 in doctor) echo "doctor: $0 $(command -v ssh)" ;; esac\n` });
    const bin = join(home, ".local/lib/sshim/bin");
    expect(install(home, from).out).toContain(`doctor: ${bin}/sshim-control ${bin}/ssh\n`);
  });

  it("installs the built programs: the doctor finds that a cold call is answered where they lie now", () => {
    const home = scratch("home-");
    const runtime = join(home, "r");
    mkdirSync(runtime, { mode: 0o700 });
    const env = { SSHIM_SOURCE: join(shimFolder, ".."), SSHIM_DIR: runtime };
    const { code, out } = install(home, makePackage(), [], env);
    expect(code).toBe(0);
    expect(out).toContain("ok       a cold call is answered by it");
    expect(out).toContain(`ok       scp is covered: ${home}/.local/lib/sshim/bin/scp`);
    expect(install(home, makePackage(), ["--uninstall"], env).code).toBe(0);
  });

  it("changes nothing the second time, not even a file's inode", () => {
    const home = scratch("home-");
    const from = makePackage();
    install(home, from);
    const before = picture(home, true);
    expect(install(home, from).code).toBe(0);
    expect(picture(home, true)).toEqual(before);
  });

  it("sets the mode of a file, and of a folder of its own, also where nothing else is to be done", () => {
    const home = scratch("home-");
    const from = makePackage();
    install(home, from);
    const target = join(home, ".local/lib/sshim");
    const modes = {
      "": 0o755,
      bin: 0o755,
      "bin/ssh": 0o755,
      "bin/sshim-control": 0o755,
      "install/user.sh": 0o755,
      "share/man/man1/sshim.1": 0o644,
    };
    const read = () => Object.fromEntries(Object.keys(modes).map((path) => [path, statSync(join(target, path)).mode & 0o7777]));
    expect(read()).toEqual(modes);
    for (const path of Object.keys(modes)) chmodSync(join(target, path), 0o777);
    expect(install(home, from)).toMatchObject({ code: 0, err: "" });
    expect(read()).toEqual(modes);
  });

  it.skipIf(process.getuid?.() !== 0)("takes a file and a folder back that another user owns (as root)", () => {
    const home = scratch("home-");
    const from = makePackage();
    install(home, from);
    const paths = ["", "bin", "bin/ssh", "bin/sshim-control"].map((path) => join(home, ".local/lib/sshim", path));
    for (const path of paths) chownSync(path, 4711, 4711);
    expect(install(home, from)).toMatchObject({ code: 0, err: "" });
    expect(paths.map((path) => statSync(path).uid)).toEqual([0, 0, 0, 0]);
  });

  it("does not take a link to the same bytes for the program", () => {
    const home = scratch("home-");
    const from = makePackage();
    install(home, from);
    const program = join(home, ".local/lib/sshim/bin/ssh");
    renameSync(program, join(home, "elsewhere"));
    symlinkSync(join(home, "elsewhere"), program);
    expect(install(home, from).code).toBe(0);
    expect(lstatSync(program).isFile()).toBe(true);
  });

  it("writes through no link that lies in its way", () => {
    const home = scratch("home-");
    const victim = join(home, "victim");
    writeFileSync(victim, "mine\n");
    mkdirSync(join(home, ".local/lib/sshim/bin"), { recursive: true });
    symlinkSync(victim, join(home, ".local/lib/sshim/bin/.ssh.new"));
    expect(install(home, makePackage()).code).toBe(0);
    expect(readFileSync(victim, "utf8")).toBe("mine\n");
  });

  for (const [name, before] of [
    ["at the first time", ""],
    ["after an installation that left closed folders", "closed"],
  ] as const)
    it(`is for everybody with --system, whatever the umask is: ${name}`, () => {
      const prefix = scratch("usr-");
      const from = makePackage();
      if (before) {
        install(scratch("home-"), from, ["--system"], { SSHIM_PREFIX: prefix });
        for (const path of ["lib/sshim", "lib/sshim/bin", "lib/sshim/install"]) chmodSync(join(prefix, path), 0o700);
      }
      const text = 'umask 077; exec sh "$0" --system';
      const done = install(scratch("home-"), from, [], { SSHIM_PREFIX: prefix }, ["sh", "-c", text]);
      expect(done).toMatchObject({ code: 0, err: "" });
      const closed = readdirSync(prefix, { recursive: true, encoding: "utf8" }).filter((path) => {
        const { mode } = lstatSync(join(prefix, path));
        const wanted = statSync(join(prefix, path)).isDirectory() || mode & 0o100 ? 0o755 : 0o644;
        return !lstatSync(join(prefix, path)).isSymbolicLink() && (mode & 0o777) !== wanted;
      });
      expect(closed).toEqual([]);
    });

  it("replaces an older version by rename, so that a running program keeps its own", () => {
    const home = scratch("home-");
    install(home, makePackage());
    const target = join(home, ".local/lib/sshim/bin/sshim-control");
    const before = lstatSync(target).ino;
    install(home, makePackage({ control: "#!/bin/sh\n# newer\n" }));
    expect(readFileSync(target, "utf8")).toContain("# newer");
    expect(lstatSync(target).ino).not.toBe(before);
  });

  it("leaves HOME as it was when it is taken out", () => {
    const home = scratch("home-");
    mkdirSync(join(home, "dotfiles"));
    writeFileSync(join(home, ".profile"), "# mine\nexport A=1\n");
    writeFileSync(join(home, "dotfiles/bashrc"), "alias l=ls\n");
    symlinkSync("dotfiles/bashrc", join(home, ".bashrc"));
    writeFileSync(join(home, ".bash_profile"), ". ~/.profile\n");
    const before = picture(home);
    const from = makePackage();
    install(home, from);
    expect(lstatSync(join(home, ".bashrc")).isSymbolicLink()).toBe(true);
    expect(found(home, ["bash", "-l", "-c"], "ssh")).toContain(".local/lib/sshim");
    expect(install(home, from, ["--uninstall"])).toMatchObject({ code: 0, err: "" });
    const after = picture(home);
    for (const name of Object.keys(after)) if (after[name] === "/" && !(name in before)) delete after[name];
    expect(after).toEqual(before);
    expect(from.calls()).toContain("drain --all");
  });

  it("keeps a start-up file whose last line has no end", () => {
    const home = scratch("home-");
    writeFileSync(join(home, ".profile"), "export A=1");
    install(home, makePackage());
    expect(readFileSync(join(home, ".profile"), "utf8")).toMatch(/^export A=1\n# >>> sshim >>>.*\n/);
    expect(found(home, ["sh", "-l", "-c"], "ssh")).toContain(".local/lib/sshim");
  });

  const shells = [["sh"], ["dash"], ["bash", "--posix"], ["busybox", "ash"]].filter(([program]) => findProgram(program as string));
  const block = "# >>> sshim >>>\nexport PATH\n# <<< sshim <<<\n";
  for (const shell of shells)
    for (const [name, text, added] of [
      ["is not there", undefined, ""],
      ["is empty", "", ""],
      ["is one line end", "\n", ""],
      ["has no last line end", "# mine\nexport A=1", ""],
      ["has blank lines at its end", "export A=1\n\n\n", ""],
      ["has backslashes and percent signs", "PS1='\\u\\n%s'\n", ""],
      ["gets another line behind ours", "export A=1", "\nexport B=2\n"],
      ["gets another line behind ours, without an end", "export A=1\n", "export B=2"],
    ] as Array<[string, string | undefined, string]>)
      it(`gives a start-up file back byte for byte, with ${shell.join(" ")}, that ${name}`, () => {
        const home = scratch("home-");
        const files = [".profile", ".bashrc", ".bash_profile"].map((file) => join(home, file));
        if (text !== undefined) for (const file of files) writeFileSync(file, text);
        const from = makePackage();
        install(home, from, [], {}, shell);
        const before = picture(home, true);
        expect(install(home, from, [], {}, shell)).toMatchObject({ code: 0, err: "" });
        expect(picture(home, true)).toEqual(before);
        for (const file of files) if (existsSync(file)) appendFileSync(file, added.replace(/^\n/, ""));
        expect(install(home, from, ["--uninstall"], {}, shell)).toMatchObject({ code: 0, err: "" });
        for (const file of files)
          expect(existsSync(file) ? readFileSync(file, "utf8") : undefined).toBe(text === undefined ? text : text + added);
      });

  for (const [name, text] of [
    ["its end marker is missing", `# mine\n${block.replace("# <<< sshim <<<\n", "")}export A=1\n`],
    ["its first marker is missing", `# mine\nexport PATH\n# <<< sshim <<<\nexport A=1\n`],
    ["its markers are in the wrong order", "# mine\n# <<< sshim <<<\nexport A=1\n# >>> sshim >>>\nexport B=2\n"],
    ["a second one begins in it", `# mine\n# >>> sshim >>>\nexport A=1\n${block}export B=2\n`],
  ] as const)
    it(`leaves a start-up file alone, and says so, where the marked part is damaged: ${name}`, () => {
      const home = scratch("home-");
      const profile = join(home, ".profile");
      writeFileSync(profile, text);
      for (const words of [[], ["--uninstall"]]) {
        const { code, err } = install(home, makePackage(), words);
        expect(code).toBe(0);
        expect(err).toMatch(new RegExp(`^sshim: cannot change ${profile}: [^\n]* are not both there in order; it stays as it is\n$`));
        expect(readFileSync(profile, "utf8")).toBe(text);
      }
    });

  it("leaves a start-up file alone that holds a NUL", () => {
    const home = scratch("home-");
    const profile = join(home, ".profile");
    writeFileSync(profile, "a\0b\n");
    for (const words of [[], ["--uninstall"]]) {
      expect(install(home, makePackage(), words).err).toContain(`sshim: cannot change ${profile}: it holds a NUL; it stays as it is\n`);
      expect(readFileSync(profile, "utf8")).toBe("a\0b\n");
    }
  });

  it("leaves a start-up file alone that is a link to nothing", () => {
    const home = scratch("home-");
    symlinkSync("dotfiles/bashrc", join(home, ".bashrc"));
    const { code, err } = install(home, makePackage());
    expect({ code, err }).toEqual({ code: 0, err: `sshim: cannot change ${home}/.bashrc: it cannot be read; it stays as it is\n` });
    install(home, makePackage(), ["--uninstall"]);
    expect(lstatSync(join(home, ".bashrc")).isSymbolicLink()).toBe(true);
  });

  it("writes nothing with --dry-run, and says what it would do", () => {
    const home = scratch("home-");
    writeFileSync(join(home, ".profile"), "# mine\n");
    const before = picture(home);
    const { code, out } = install(home, makePackage(), ["--dry-run"]);
    expect(code).toBe(0);
    expect(out).toContain(`would: write ${home}/.profile`);
    expect(picture(home)).toEqual(before);
    install(home, makePackage());
    const installed = picture(home);
    expect(install(home, makePackage(), ["--uninstall", "--dry-run"]).out).toContain("would: rm -rf");
    expect(picture(home)).toEqual(installed);
  });

  it("takes the musl build where the other does not start", () => {
    const home = scratch("home-");
    const from = makePackage({ control: "#!/no/such/loader\n", musl: "" });
    expect(install(home, from)).toMatchObject({ code: 0, err: "" });
    const target = join(home, ".local/lib/sshim");
    expect(readFileSync(join(target, "lib/sshim/libstdc++.so.6"), "utf8")).toBe("a library\n");
    expect(found(home, ["sh", "-l", "-c"], "ssh")).toBe(join(target, "bin/ssh"));
  });

  it("says so when no control plane starts here, and ssh works all the same", () => {
    const home = scratch("home-");
    const { code, err } = install(home, makePackage({ control: "#!/no/such/loader\n" }));
    expect(code).toBe(1);
    expect(err).toContain("no control plane starts here: every call goes to the real ssh");
    const ssh = join(home, ".local/lib/sshim/bin/ssh");
    const version = spawnSync(ssh, ["-V"], { encoding: "utf8", env: { PATH: systemPath, HOME: home, SSHIM_DIR: scratch("t-") } });
    expect(version.stderr).toMatch(/^OpenSSH_/);
  });

  it("links into a prefix for everybody with --system, and out again", () => {
    const prefix = scratch("usr-");
    const home = scratch("home-");
    const from = makePackage();
    const env = { SSHIM_PREFIX: prefix };
    expect(install(home, from, ["--system"], env)).toMatchObject({ code: 0, err: "" });
    const again = picture(prefix, true);
    expect(install(home, from, ["--system"], env).code).toBe(0);
    expect(picture(prefix, true)).toEqual(again);
    const paths = Object.keys(again);
    for (const name of ["ssh", "scp", "sftp", "sshim"]) expect(again[`bin/${name}`]).toMatch(/-> .*\/lib\/sshim\/bin\//);
    expect(paths).toContain("share/man/man1/sshim.1");
    expect(paths).toContain("share/bash-completion/completions/sshim");
    expect(picture(home)).toEqual({});
    install(home, makePackage(), ["--system", "--uninstall"], env);
    expect(Object.values(picture(prefix)).filter((what) => what !== "/")).toEqual([]);
  });

  it("does not replace an ssh that somebody else put into the prefix", () => {
    const prefix = scratch("usr-");
    put(join(prefix, "bin/ssh"), "#!/bin/sh\n# built by hand\n");
    const before = picture(prefix);
    const { code, err } = install(scratch("home-"), makePackage(), ["--system"], { SSHIM_PREFIX: prefix });
    expect(code).toBe(1);
    expect(err).toContain(`${prefix}/bin/ssh is there and is not sshim's`);
    expect(picture(prefix)).toEqual(before);
  });

  it("refuses words that it does not know", () => {
    expect(install(scratch("home-"), makePackage(), ["--sytem"]).code).toBe(2);
  });

  it.skipIf(!findProgram("shellcheck") || !findProgram("busybox"))("is clean for shellcheck and BusyBox, as are the other scripts", () => {
    const scripts = ["install/user.sh", "install/coolify.sh", "install/ci/sshim-ci.sh"].map((path) => join(repository, path));
    expect(spawnSync("shellcheck", scripts, { encoding: "utf8" }).stdout).toBe("");
    expect(spawnSync("busybox", ["ash", "-n", ...scripts], { encoding: "utf8" }).stderr).toBe("");
  });
});
