/**
 * `npm run test:fresh [-- root user container]`: makes a minimal Debian with Node and nothing else, and runs the README's two commands in it, as
 * root, as an ordinary user without sudo, and as root in a container that may mount nothing (default: as root). As root, on a Debian, with its
 * packages and npm's within reach. It mounts only in a namespace of its own, below a folder that it made, and removes that folder.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { findProgram, provide } from "../../install/needs.mjs";

const repository = resolve(import.meta.dirname, "../..");
const USER = 1000;
/** What each of them needs besides the fresh machine: who cannot install gets what an administrator would have installed. */
const INSTALLED = "gcc libc6-dev musl-tools openssh-server openssh-client rsync git";
const ways: Record<string, { before?: string; folder: string; words: string[] }> = {
  root: { folder: "/root/sshim", words: [] },
  user: {
    before: `apt-get -q -y install --no-install-recommends ${INSTALLED} && useradd -m -u ${USER} -s /bin/bash somebody`,
    folder: "/home/somebody/sshim",
    words: ["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", "--inh-caps=-all"],
  },
  container: { folder: "/root/sshim", words: ["setpriv", "--bounding-set=-sys_admin,-sys_resource,-mknod", "--inh-caps=-all"] },
};

const chosen = process.argv.slice(2).length > 0 ? process.argv.slice(2) : ["root"];
const unknown = chosen.filter((name) => !(name in ways));
const problem =
  process.getuid?.() !== 0 || findProgram("apt-get") === undefined
    ? "cannot make a machine: only root on a Debian can (debootstrap and chroot)"
    : unknown.length > 0
      ? `cannot be tried as ${unknown.join(", ")}: choose of ${Object.keys(ways).join(", ")}`
      : provide(["debootstrap"]);
if (problem) {
  process.stderr.write(`${problem}\n`);
  process.exit(1);
}

const place = mkdtempSync(join(realpathSync(tmpdir()), "sshim-fresh-"));
const machine = join(place, "machine");
process.once("exit", removeMachine);
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => process.exit(130));
makeMachine();
for (const name of chosen) tryAs(name);

/** Debian's smallest variant, the host's own Node, and what leads to the packages. */
function makeMachine(): void {
  const release = /^VERSION_CODENAME=(.*)$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "stable";
  demand("debootstrap", ["--variant=minbase", "--include=ca-certificates,libstdc++6,libatomic1", release, machine]);
  const node = realpathSync(process.execPath);
  const npm = resolve(dirname(realpathSync(findProgram("npm") ?? "")), "..");
  copyFileSync(node, join(machine, "usr/local/bin/node"));
  cpSync(npm, join(machine, "usr/local/lib/node_modules/npm"), { recursive: true });
  for (const [name, file] of [
    ["npm", "npm-cli.js"],
    ["npx", "npx-cli.js"],
  ]) {
    writeFileSync(
      join(machine, "usr/local/bin", name as string),
      `#!/bin/sh\nexec node /usr/local/lib/node_modules/npm/bin/${file} "$@"\n`,
    );
    chmodSync(join(machine, "usr/local/bin", name as string), 0o755);
  }
  copyFileSync("/etc/resolv.conf", join(machine, "etc/resolv.conf"));
  copyFileSync("/etc/hosts", join(machine, "etc/hosts"));
  // The host's certificates, where it reaches the registries through a proxy of its own.
  copyFileSync("/etc/ssl/certs/ca-certificates.crt", join(machine, "etc/ssl/certs/ca-certificates.crt"));
}

/** The two commands of the README, in a copy of the tree that nobody used. */
function tryAs(name: string): void {
  const { before, folder, words } = ways[name] as (typeof ways)[string];
  process.stdout.write(`\n=== as ${name}\n`);
  if (before) demandInside(before, []);
  const tree = join(machine, folder);
  rmSync(tree, { recursive: true, force: true });
  mkdirSync(tree, { recursive: true });
  const files = spawnSync("git", ["ls-files", "-co", "--exclude-standard", "-z"], { cwd: repository, encoding: "utf8" }).stdout;
  for (const file of files.split("\0").filter(Boolean)) {
    mkdirSync(dirname(join(tree, file)), { recursive: true });
    cpSync(join(repository, file), join(tree, file), { verbatimSymlinks: true });
  }
  if (words.length > 0 && folder.startsWith("/home/")) demandInside(`chown -R ${USER}:${USER} ${folder}`, []);
  for (const command of ["npm ci && npm run demo", "npm test"]) {
    process.stdout.write(`\n--- ${command} (as ${name})\n`);
    const home = dirname(folder);
    const status = inside(`export HOME=${home}; cd ${folder} && { ${command}; }`, words);
    process.stdout.write(`--- ${command} (as ${name}): ${status === 0 ? "passed" : `failed with ${status}`}\n`);
    if (status !== 0) process.exitCode = 1;
  }
}

/** Runs a shell command in the machine, in namespaces of its own: its mounts and its processes end with it. */
function inside(command: string, words: string[]): number {
  const script = `set -e
mount -t proc proc "$1/proc"
mount -t tmpfs -o mode=755 dev "$1/dev"
for name in null zero full random urandom tty; do : > "$1/dev/$name"; mount --bind "/dev/$name" "$1/dev/$name"; done
mkdir "$1/dev/pts" "$1/dev/shm"; ln -s pts/ptmx "$1/dev/ptmx"; ln -s /proc/self/fd "$1/dev/fd"
ln -s fd/0 "$1/dev/stdin"; ln -s fd/1 "$1/dev/stdout"; ln -s fd/2 "$1/dev/stderr"
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
for folder in dev/shm tmp run; do mount -t tmpfs -o mode=1777 tmpfs "$1/$folder"; done
machine=$1; command=$2; shift 2
chroot "$machine" "$@" /bin/sh -c "$command" && code=0 || code=$?
exit "$code"`;
  const environment = {
    PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    LANG: "C.UTF-8",
    DEBIAN_FRONTEND: "noninteractive",
  };
  const carried = Object.entries(process.env).filter(([name]) =>
    /^(https?_proxy|no_proxy|NODE_EXTRA_CA_CERTS|npm_config_registry|CI)$/i.test(name),
  );
  const args = [
    "--mount",
    "--propagation",
    "private",
    "--pid",
    "--fork",
    "--kill-child",
    "/bin/sh",
    "-c",
    script,
    "sh",
    machine,
    command,
    ...words,
  ];
  return (
    spawnSync("unshare", args, { stdio: ["ignore", "inherit", "inherit"], env: { ...environment, ...Object.fromEntries(carried) } })
      .status ?? 1
  );
}

function demandInside(command: string, words: string[]): void {
  if (inside(command, words) !== 0) throw new Error(`cannot prepare the machine: ${command} failed`);
}

function demand(program: string, args: string[]): void {
  const { status } = spawnSync(findProgram(program) ?? program, args, { stdio: ["ignore", "inherit", "inherit"] });
  if (status !== 0) throw new Error(`cannot make the machine: ${program} ended with ${status}`);
}

/** Only where nothing is mounted below it any more: what is mounted there is not ours to remove. */
function removeMachine(): void {
  const mounted = readFileSync("/proc/self/mountinfo", "utf8").includes(` ${place}/`);
  if (mounted) process.stderr.write(`not removed: something is mounted below ${place}\n`);
  else rmSync(place, { recursive: true, force: true });
}
