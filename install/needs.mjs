/**
 * The programs that building, testing and the demo need from the system, and how to get a missing one: with apt as root on a
 * Debian-like system, else by a clear line that names the package. Plain Node, no dependency; installs nothing that is there already.
 */
import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** What is needed, by name: how to tell that it is there, Debian's packages, and what for. */
const NEEDS = {
  compiler: { there: () => findCompiler() !== undefined, packages: ["gcc", "libc6-dev"], what: "C compiler", goal: "build the front" },
  musl: {
    there: () => findProgram("musl-gcc") !== undefined,
    packages: ["musl-tools"],
    what: "musl-gcc",
    goal: "build a small static front",
  },
  sshd: { there: () => findProgram("sshd") !== undefined, packages: ["openssh-server"], what: "sshd", goal: "start a server of our own" },
  ssh: {
    there: () => findProgram("ssh") !== undefined && findProgram("ssh-keygen") !== undefined,
    packages: ["openssh-client"],
    what: "ssh",
    goal: "do anything",
  },
  rsync: { there: () => findProgram("rsync") !== undefined, packages: ["rsync"], what: "rsync", goal: "run the tests" },
  git: { there: () => findProgram("git") !== undefined, packages: ["git"], what: "git", goal: "run the tests" },
};

/** Programs of other callers: the tests of a missing one are skipped by name, so it is no failure when they cannot be had. */
const EXTRAS = {
  busybox: "busybox",
  sshpass: "sshpass",
  shellcheck: "shellcheck",
  ansible: "ansible-core",
  borg: "borgbackup",
  zsh: "zsh",
  fish: "fish",
  mandoc: "mandoc",
  promtool: "prometheus",
  chromium: "chromium",
};

/**
 * Makes sure that the named programs are there. Returns undefined, or one line that says what is missing and which package has it.
 * @param {Array<keyof typeof NEEDS>} names
 */
export function provide(names) {
  const missing = () => names.filter((name) => !NEEDS[name].there());
  if (missing().length === 0) return undefined;
  if (canInstall()) installPackages(missing().flatMap((name) => NEEDS[name].packages));
  const first = missing()[0];
  if (first === undefined) return undefined;
  const { goal, what, packages } = NEEDS[first];
  return `cannot ${goal}: no ${what} (install Debian's package${packages.length > 1 ? "s" : ""} ${packages.join(" and ")})`;
}

/**
 * The same for what is only nice to have; returns the names that are still missing.
 * @param {string[]} names names of NEEDS or EXTRAS; default all of EXTRAS
 */
export function provideOptional(names = Object.keys(EXTRAS)) {
  const isThere = (name) => (name in NEEDS ? NEEDS[name].there() : findProgram(name) !== undefined);
  const missing = names.filter((name) => !isThere(name));
  const packages = (name) => NEEDS[name]?.packages ?? [EXTRAS[name] ?? name];
  if (missing.length > 0 && canInstall() && !installPackages(missing.flatMap(packages))) {
    // One that this distribution does not have must not keep the others away.
    for (const name of missing) installPackages(packages(name));
  }
  return missing.filter((name) => !isThere(name));
}

/** The path of a program on PATH or in the sbin folders, which an ordinary user's PATH leaves out. */
export function findProgram(name) {
  const folders = [...(process.env.PATH ?? "").split(delimiter), "/usr/sbin", "/usr/local/sbin", "/sbin"];
  return folders.map((folder) => join(folder, name)).find((path) => path.startsWith("/") && isExecutable(path));
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
