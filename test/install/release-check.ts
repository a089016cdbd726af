/**
 * Tries what `npm run release` made, as a user would have it: the archive of each platform through the acceptance core (musl with musl's own loader,
 * arm64 by qemu-user), the npm packages from their tarballs, a missing libstdc++. Takes minutes, so it is a script of its own.
 *
 *     npm run test:release [-- GROUP…]        groups: sums x64 musl arm64 npm open
 */
import { spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findProgram } from "../support/programs.ts";
import { registerArm } from "./binfmt.ts";

const repository = join(import.meta.dirname, "../..");
const dist = join(repository, "dist");
const root = mkdtempSync(join(tmpdir(), "sr-"));
const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
const core = ["commands", "streams", "channels", "control", "environment", "passthrough", "once"].map(
  (name) => `test/acceptance/${name}.test.ts`,
);
const tally = { passed: 0, failed: 0, skipped: 0 };

const groups: Record<string, () => void> = {
  sums: () => expectRun("the sums are right", "sha256sum", ["--check", "--quiet", "SHA256SUMS"], { cwd: dist }),
  x64: () => runCore("x64, glibc", join(unpack("x64"), "bin")),
  musl() {
    if (hasMusl("x64, musl")) runCore("x64, musl", join(layOutMusl("x64"), "bin"));
  },
  arm64() {
    const folders = { glibc: join(unpack("arm64"), "bin"), musl: join(layOutMusl("arm64"), "bin") };
    for (const [libc, folder] of Object.entries(folders)) {
      const prefix = libc === "glibc" ? "/usr/aarch64-linux-gnu" : join(repository, "build/release/musl-arm64/root");
      const unregister = registerArm(prefix, root);
      if (typeof unregister === "string") skip(`arm64, ${libc}`, unregister);
      else
        try {
          runCore(`arm64, ${libc}`, folder);
        } finally {
          unregister();
        }
    }
  },
  npm: tryNpm,
  open: tryOpen,
};

function main(words: string[]): void {
  const unknown = words.find((word) => !(word in groups));
  if (unknown) throw new Error(`cannot check ${unknown}: say ${Object.keys(groups).join(", ")}`);
  try {
    for (const group of words.length > 0 ? words : Object.keys(groups)) groups[group]?.();
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
  process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ""}\n`);
  process.exitCode = tally.failed > 0 ? 1 : 0;
}

/** The acceptance core with the programs of `folder`. */
function runCore(name: string, folder: string, files = core): void {
  const env = { ...process.env, SSHIM_TEST_BIN: folder };
  expectRun(`the acceptance core: ${name}`, join(repository, "node_modules/.bin/vitest"), ["run", "--testTimeout=120000", ...files], {
    env,
    show: true,
  });
}

/** npm i -g from the local tarballs, then `sshim install`: ssh on PATH is ours, and no longer needs Node. */
function tryNpm(): void {
  const prefix = join(root, "npm");
  const home = join(root, "home");
  mkdirSync(home);
  const tarballs = [`sshim-${version}.tgz`, `sshim-linux-x64-${version}.tgz`].map((name) => join(dist, name));
  const clean = { PATH: process.env.PATH ?? "", HOME: home, npm_config_cache: join(root, "cache") };
  expectRun(
    "npm i -g from the tarballs",
    "npm",
    ["install", "--global", "--offline", "--no-audit", "--no-fund", "--ignore-scripts", "--omit=optional", "--prefix", prefix, ...tarballs],
    { env: clean },
  );
  const sshim = join(prefix, "bin/sshim");
  expectRun("sshim --version", sshim, ["--version"], { env: clean, says: version });
  expectRun("sshim install", sshim, ["install"], { env: clean, says: "installed in" });
  rmSync(prefix, { recursive: true });
  const shell = ["-l", "-c", "command -v ssh && sshim --version && ssh -V"];
  expectRun("a login shell finds it without Node", "bash", shell, {
    env: { HOME: home, PATH: "/usr/bin:/bin" },
    says: ".local/lib/sshim/bin/ssh",
  });
  expectRun("sshim install --uninstall", "bash", ["-l", "-c", "sshim install --uninstall"], { env: { HOME: home, PATH: "/usr/bin:/bin" } });
  expectRun("ssh is the real one again", "bash", ["-l", "-c", "command -v ssh"], {
    env: { HOME: home, PATH: "/usr/bin:/bin" },
    says: "/usr/bin/ssh\n",
  });
}

/** A musl build whose libstdc++ is not there cannot start; ssh works all the same, with nothing said. */
function tryOpen(): void {
  if (!hasMusl("without libstdc++")) return;
  const folder = layOutMusl("x64");
  const env = { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: root, SSHIM_DIR: mkdtempSync(join(root, "r-")) };
  expectRun("the musl control plane starts with it", join(folder, "bin/sshim-control"), ["--version"], { env, says: version });
  rmSync(join(folder, "lib"), { recursive: true });
  const alone = spawnSync(join(folder, "bin/sshim-control"), ["--version"], { encoding: "utf8", env });
  record("the musl control plane does not start without it", alone.status !== 0, `${alone.status} ${alone.stdout}`);
  const words = ["-o", "BatchMode=yes", "-p", "1", "127.0.0.1", "true"];
  const [ours, real] = ["ssh", "/usr/bin/ssh"].map((program) => spawnSync(program, words, { encoding: "utf8", env }));
  const same = ours?.status === real?.status && ours?.stdout === real?.stdout && ours?.stderr === real?.stderr;
  record("and ssh fails open, in the real one's words", same && ours?.status === 255, `${ours?.status} ${ours?.stderr}`);
}

function hasMusl(name: string): boolean {
  const loader = existsSync("/lib/ld-musl-x86_64.so.1");
  if (!loader) skip(name, "no musl loader (Debian's package musl)");
  return loader;
}

function unpack(architecture: string): string {
  const folder = join(root, `sshim-${version}-linux-${architecture}`);
  const archive = join(dist, `sshim-${version}-linux-${architecture}.tar.gz`);
  if (!existsSync(archive)) throw new Error(`cannot check: no ${archive} (run npm run release)`);
  if (!existsSync(folder)) spawnSync("tar", ["-xzf", archive, "-C", root], { stdio: "inherit" });
  return folder;
}

/** As install/user.sh lays it out where only the musl build starts. */
function layOutMusl(architecture: string): string {
  const folder = mkdtempSync(join(root, "musl-"));
  const unpacked = unpack(architecture);
  cpSync(join(unpacked, "musl"), folder, { recursive: true });
  cpSync(join(unpacked, "bin/ssh"), join(folder, "bin/ssh"));
  for (const name of ["scp", "sftp", "sshim"]) symlinkSync("ssh", join(folder, "bin", name));
  return folder;
}

function expectRun(
  name: string,
  command: string,
  args: string[],
  { cwd = root, env = process.env, says = "", show = false }: { cwd?: string; env?: NodeJS.ProcessEnv; says?: string; show?: boolean } = {},
): void {
  const done = spawnSync(command.includes("/") ? command : (findProgram(command) ?? command), args, {
    cwd: show ? repository : cwd,
    env,
    encoding: "utf8",
    stdio: show ? "inherit" : "pipe",
  });
  const text = `${done.stdout ?? ""}${done.stderr ?? ""}`;
  record(name, done.status === 0 && text.includes(says), `${done.error?.message ?? done.status} ${text}`);
}

function record(name: string, good: boolean, why: string): void {
  tally[good ? "passed" : "failed"]++;
  process.stdout.write(good ? `ok      ${name}\n` : `failed  ${name}: ${why.trim()}\n`);
}

function skip(name: string, why: string): void {
  tally.skipped++;
  process.stdout.write(`skipped ${name}: ${why}\n`);
}

main(process.argv.slice(2));
