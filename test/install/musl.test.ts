/**
 * The control plane for Alpine: our small libstdc++.so.6 and the place where the program looks for it, tried with musl's own loader; and a front whose
 * control plane cannot start.
 */
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { buildControlPlane } from "../../install/release/control.ts";
import { addRunPath, importedSymbols, neededLibraries } from "../../install/release/elf.ts";
import { findProgram, run, runReal, type Sshd, shimProgram, startSshd, systemPath, visible } from "../support/index.ts";
import { scratch } from "./package.ts";

const possible = existsSync("/lib/ld-musl-x86_64.so.1") && findProgram("npm") !== undefined && process.arch === "x64";

describe.skipIf(!possible)("the musl build", () => {
  let sshd: Sshd;
  let folder: string;
  beforeAll(async () => {
    sshd = await startSshd();
    folder = scratch("musl-");
    const built = await buildControlPlane("x64", "musl");
    for (const name of ["bin", "lib/sshim"]) mkdirSync(join(folder, name), { recursive: true });
    copyFileSync(shimProgram, join(folder, "bin/ssh"));
    symlinkSync("ssh", join(folder, "bin/sshim"));
    for (const name of ["bin/sshim-control", "lib/sshim/libstdc++.so.6"]) copyFileSync(join(built, name), join(folder, name));
  });

  const call = (words: string[], runtime: string) =>
    run("shim", words, {
      program: join(folder, "bin/ssh"),
      wholeEnv: { PATH: `${folder}/bin:${systemPath}`, HOME: sshd.home, SSHIM_DIR: runtime },
    });

  it("needs no other library than musl and ours, which lies beside it", () => {
    const program = readFileSync(join(folder, "bin/sshim-control"));
    expect(neededLibraries(program)).toEqual(["libstdc++.so.6", "libc.musl-x86_64.so.1"]);
    const ours = readFileSync(join(folder, "lib/sshim/libstdc++.so.6"));
    expect(neededLibraries(ours)).toEqual([]);
    expect(ours.length).toBeLessThan(64 * 1024);
    expect(importedSymbols(ours).filter((name) => name.startsWith("_Z"))).toEqual([]);
    expect(() => addRunPath(program, "/elsewhere")).toThrow("no free entry");
  });

  it("dials, shares and answers as the other build does", async () => {
    const runtime = scratch("r-");
    const before = sshd.authentications();
    for (const command of ["echo one; exit 3", "echo two >&2"]) {
      const words = [...sshd.options, "target", command];
      expect(visible(await call(words, runtime))).toEqual(visible(await runReal(words)));
    }
    expect(sshd.authentications() - before).toBe(3);
  });

  it("without its library it cannot start, and ssh is the real one, with nothing said", async () => {
    rmSync(join(folder, "lib"), { recursive: true });
    const runtime = scratch("r-");
    const before = sshd.authentications();
    for (const command of ["echo one; exit 3", "echo two >&2"]) {
      const words = [...sshd.options, "target", command];
      expect(visible(await call(words, runtime))).toEqual(visible(await runReal(words)));
    }
    expect(sshd.authentications() - before).toBe(4);
  });
});
