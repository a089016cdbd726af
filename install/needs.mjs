/**
 * Every program that the build, the tests, the demo and the benchmarks start: where it comes from, and how to get a missing one: with apt as
 * root on a Debian-like system, else by a clear line that names the package. Plain Node, no dependency; installs nothing that is there already.
 * What is not in this table the tests cannot find: their PATH is a folder of links to it (`linkPrograms`).
 */
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";

/**
 * What is needed, by name: its programs, Debian's packages, and what cannot be done without it. `whole` is said of programs that start others,
 * which are their own affair (git its parts, gcc its linker, a script of Python's its interpreter): those find the system's.
 */
const NEEDS = {
  compiler: {
    programs: ["gcc", "cc", "nm"],
    there: () => findCompiler() !== undefined,
    packages: ["gcc", "binutils", "libc6-dev"],
    what: "C compiler",
    goal: "build the front",
    whole: true,
  },
  musl: { programs: ["musl-gcc"], packages: ["musl-tools"], goal: "build a small static front", whole: true },
  sshd: { programs: ["sshd"], packages: ["openssh-server"], goal: "start a server of our own" },
  ssh: { programs: ["ssh", "scp", "sftp", "ssh-keygen", "ssh-agent", "ssh-add"], packages: ["openssh-client"], goal: "do anything" },
  rsync: { programs: ["rsync"], packages: ["rsync"], goal: "run the tests" },
  git: { programs: ["git", "git-receive-pack", "git-upload-pack"], packages: ["git"], goal: "run the tests", whole: true },
  shells: { programs: ["sh", "bash"], packages: ["dash", "bash"], goal: "run the tests" },
  coreutils: {
    programs: (
      "basename cat chgrp chmod chown cksum cp cut date dd dirname echo env false head id ln ls mkdir mkfifo mktemp mv nice nohup od printf pwd readlink rm " +
      "rmdir seq sha256sum sleep sort stat stty tail tee test timeout touch tr true tty uname uniq wc whoami yes"
    ).split(" "),
    packages: ["coreutils"],
    goal: "run the tests",
  },
  text: {
    programs: ["awk", "cmp", "diff", "find", "grep", "gunzip", "gzip", "sed", "tar", "xargs"],
    packages: ["mawk", "diffutils", "findutils", "grep", "gzip", "sed", "tar"],
    goal: "run the tests",
  },
  linux: {
    programs: ["choom", "chrt", "ionice", "mount", "nsenter", "prlimit", "setpriv", "taskset", "umount", "unshare"],
    packages: ["mount", "util-linux"],
    goal: "run the tests",
  },
};

/** Programs of other callers: the tests of a missing one are skipped by name, so it is no failure when they cannot be had. */
const EXTRAS = {
  ansible: { programs: ["ansible", "ansible-playbook"], packages: ["ansible-core"], whole: true },
  borg: { packages: ["borgbackup"], whole: true },
  busybox: {},
  chromium: { whole: true },
  fish: {},
  less: {},
  mandoc: {},
  promtool: { packages: ["prometheus"] },
  script: { packages: ["bsdutils"] },
  shellcheck: {},
  softhsm: { programs: ["softhsm2-util"], packages: ["softhsm2"] },
  sshpass: {},
  zsh: {},
};

/** What is used where it is there, and never installed: too large, or only for a release. */
const GUESTS = {
  clang: { whole: true },
  curl: {},
  dash: {},
  debootstrap: { goal: "make a fresh machine", whole: true },
  docker: {},
  npm: { whole: true },
  "qemu-aarch64": {},
  "qemu-aarch64-static": {},
};

const all = { ...NEEDS, ...EXTRAS, ...GUESTS };
const programsOf = (name) => all[name].programs ?? [name];
const packagesOf = (name) => all[name].packages ?? [name];
const isThere = (name) => (all[name].there ?? (() => programsOf(name).every(findProgram)))();

/** The folders of a system's programs, whatever PATH says: an ordinary user's leaves out those of the administrator. */
const SYSTEM = ["/usr/bin", "/bin", "/usr/sbin", "/sbin", "/usr/local/bin", "/usr/local/sbin"];

/**
 * Makes sure that the named needs are there. Returns undefined, or one line that says what is missing and which package has it.
 * @param {string[]} names
 */
export function provide(names = Object.keys(NEEDS)) {
  const missing = () => names.filter((name) => !isThere(name));
  if (missing().length === 0) return undefined;
  if (canInstall()) installPackages(missing().flatMap(packagesOf));
  const first = missing()[0];
  if (first === undefined) return undefined;
  const packages = packagesOf(first);
  const what =
    all[first].what ??
    programsOf(first)
      .filter((program) => !findProgram(program))
      .join(", ");
  return `cannot ${all[first].goal}: no ${what} (install Debian's package${packages.length > 1 ? "s" : ""} ${packages.join(" and ")})`;
}

/**
 * The same for what is only nice to have; returns the names that are still missing.
 * @param {string[]} names of NEEDS or EXTRAS; default all of EXTRAS
 */
export function provideOptional(names = Object.keys(EXTRAS)) {
  const missing = names.filter((name) => !isThere(name));
  if (missing.length > 0 && canInstall() && !installPackages(missing.flatMap(packagesOf))) {
    // One that this distribution does not have must not keep the others away.
    for (const name of missing) installPackages(packagesOf(name));
  }
  return missing.filter((name) => !isThere(name));
}

/** The path of a program on PATH or in the system's folders. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), ...SYSTEM];
  return folders.map((folder) => join(folder, name)).find((path) => path.startsWith("/") && isExecutable(path));
}

/** The names of all programs of the tables above. */
export const declaredPrograms = () => Object.keys(all).flatMap(programsOf);

/**
 * Makes `folder` a PATH of the programs of the tables above that this machine has, and of nothing else: links, and for those that start others
 * small scripts that put the system's folders behind PATH. Safe to run again, and by two at once.
 */
export function linkPrograms(folder) {
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const found = Object.keys(all).flatMap((name) => programsOf(name).map((program) => ({ program, path: findSystem(program), name })));
  const there = found.filter(({ path }) => path !== undefined);
  for (const { program, path, name } of there) {
    if (all[name].whole)
      putFile(
        join(folder, program),
        `#!/bin/sh\nPATH="\${PATH:+$PATH:}${[...SYSTEM, dirname(process.execPath)].join(":")}" exec ${path} "$@"\n`,
      );
    else putLink(join(folder, program), path);
  }
  const wanted = new Set(there.map(({ program }) => program));
  for (const name of readdirSync(folder)) if (!wanted.has(name) && !name.includes(".new-")) rmSync(join(folder, name), { force: true });
  return folder;
}

/** Where the system has it: of PATH the folders that hold no links of ours, then the usual ones. */
function findSystem(program) {
  const folders = [...SYSTEM, ...(process.env.PATH ?? "").split(delimiter)];
  return folders.map((place) => join(place, program)).find((path) => path.startsWith("/") && isExecutable(path));
}

function putLink(place, target) {
  try {
    if (readlinkSync(place) === target) return;
  } catch {}
  symlinkSync(target, `${place}.new-${process.pid}`);
  renameSync(`${place}.new-${process.pid}`, place);
}

function putFile(place, text) {
  if (existsSync(place) && readFileSync(place, "utf8") === text) return;
  writeFileSync(`${place}.new-${process.pid}`, text);
  chmodSync(`${place}.new-${process.pid}`, 0o755);
  renameSync(`${place}.new-${process.pid}`, place);
}

/** Compiler and flags for the front: the first that builds and links a small program. */
export function findCompiler() {
  // Without relro: a static program that is not position-independent has a few bytes to protect by it, and pads a page for them.
  const linker = ["-s", "-Wl,--gc-sections", "-Wl,--build-id=none", "-Wl,-z,noseparate-code", "-Wl,-z,norelro"];
  const small = ["-Os", "-ffunction-sections", "-fdata-sections", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"];
  const sections = [...small, ...linker];
  const candidates = [
    { command: "musl-gcc", flags: [...sections, "-flto", "-static"], kind: "static, musl" },
    { command: "musl-gcc", flags: [...sections, "-static"], kind: "static, musl" },
    { command: process.env.CC || "cc", flags: [...sections, "-static"], kind: "static" },
    { command: process.env.CC || "cc", flags: sections, kind: "dynamic" },
    { command: "gcc", flags: sections, kind: "dynamic" },
    { command: "clang", flags: sections, kind: "dynamic" },
  ];
  return candidates.find(({ command, flags }) => compiles(command, flags));
}

/** True when `command` with `flags` builds a program that uses the C library. */
export function compiles(command, flags) {
  const folder = mkdtempSync(join(tmpdir(), "sshim-cc-"));
  try {
    const source = join(folder, "t.c");
    writeFileSync(source, '#include <stdio.h>\n#include <sys/socket.h>\nint main(void) { return puts("ok") < 0; }\n');
    return spawnSync(command, [...flags, "-o", join(folder, "t"), source], { stdio: "ignore" }).status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function canInstall() {
  return process.platform === "linux" && process.getuid?.() === 0 && findProgram("apt-get") !== undefined;
}

let listsAreFresh = false;

function installPackages(packages) {
  process.stderr.write(`installing ${packages.join(" ")} (apt-get)\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" };
  const apt = (...args) => {
    const done = spawnSync("apt-get", ["-q", "-y", ...args], { env, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
    if (done.status !== 0) process.stderr.write(`apt-get ${args.join(" ")}: ${(done.error?.message ?? done.stderr).trim()}\n`);
    return done.status === 0;
  };
  const restore = keepServicesStopped();
  try {
    if (!listsAreFresh) listsAreFresh = apt("update");
    return apt("install", "--no-install-recommends", ...packages);
  } finally {
    restore();
  }
}

/** Debian starts a service as soon as it is installed; the tests need sshd's program, and nobody asked for a server on port 22. */
function keepServicesStopped() {
  const policy = "/usr/sbin/policy-rc.d";
  const services = { "/usr/sbin/sshd": ["ssh.service", "ssh.socket"], "/usr/bin/prometheus": ["prometheus.service"] };
  const before = Object.keys(services).filter((path) => !existsSync(path));
  if (existsSync(policy)) return () => {};
  writeFileSync(policy, "#!/bin/sh\nexit 101\n", { mode: 0o755 });
  return () => {
    rmSync(policy, { force: true });
    const installed = before.filter((path) => existsSync(path)).flatMap((path) => services[path]);
    if (installed.length > 0 && existsSync("/run/systemd/system"))
      spawnSync("systemctl", ["disable", "--quiet", ...installed], { stdio: "ignore" });
  };
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
