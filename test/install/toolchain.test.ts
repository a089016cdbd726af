/** What a release needs from elsewhere: the package that has a missing compiler, and a download that is what package-lock.json says. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { fetchRuntime } from "../../install/release/control.ts";
import { checkIntegrity } from "../../install/release/integrity.ts";
import { findToolchain } from "../../install/release/toolchain.ts";
import { repository } from "../support/index.ts";
import { put, scratch } from "./package.ts";

const path = process.env.PATH;
afterEach(() => {
  process.env.PATH = path;
});

const [other, machine, debian] =
  process.arch === "x64" ? (["arm64", "aarch64", "aarch64"] as const) : (["x64", "x86_64", "x86-64"] as const);

describe("a release without its compilers", () => {
  it("names the package that has the cross compiler and its libstdc++.a", () => {
    process.env.PATH = scratch("bin-");
    expect(() => findToolchain(other)).toThrow(`no ${machine}-linux-gnu-gcc (install Debian's package g++-${debian}-linux-gnu)`);
  });

  it("names the same package where only the library is missing", () => {
    const folder = scratch("bin-");
    put(join(folder, `${machine}-linux-gnu-gcc`), "#!/bin/sh\necho libstdc++.a\n");
    process.env.PATH = folder;
    expect(() => findToolchain(other)).toThrow(`no libstdc++.a (install Debian's package g++-${debian}-linux-gnu)`);
  });

  it("names musl-tools and g++ for this machine's own", () => {
    const folder = scratch("bin-");
    process.env.PATH = folder;
    expect(() => findToolchain(process.arch as "x64")).toThrow("no musl-gcc (install Debian's package musl-tools)");
    put(join(folder, "musl-gcc"), "");
    put(join(folder, "gcc"), "#!/bin/sh\necho libstdc++.a\n");
    expect(() => findToolchain(process.arch as "x64")).toThrow("no libstdc++.a (install Debian's package g++)");
  });
});

describe("a package that npm packed", () => {
  const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
    packages: Record<string, { integrity?: string; link?: boolean }>;
  };

  it("is pinned by a sha512 in package-lock.json, each of them", () => {
    const loose = Object.entries(lock.packages).filter(
      ([name, { integrity }]) => name !== "" && !/^sha512-[\w+/]{86}==$/.test(integrity ?? ""),
    );
    expect(loose.map(([name]) => name)).toEqual([]);
  });

  it("is refused where its bytes are not those of package-lock.json", () => {
    const file = join(scratch("pack-"), "one.tgz");
    writeFileSync(file, "bytes");
    const sum = `sha512-${createHash("sha512").update("bytes").digest("base64")}`;
    const locked = { packages: { "node_modules/one": { integrity: sum } } };
    expect(() => checkIntegrity("one", file, locked)).not.toThrow();
    writeFileSync(file, "others");
    expect(() => checkIntegrity("one", file, locked)).toThrow(`cannot use ${file}: its sha512 is not that of one in package-lock.json`);
    expect(() => checkIntegrity("two", file, locked)).toThrow("cannot use two: package-lock.json has no sha512 of it");
  });

  it("is neither unpacked nor kept by a release where it is another", () => {
    const folder = scratch("bin-");
    const name = process.arch === "x64" ? "bun-linux-aarch64" : "bun-linux-x64";
    const runtimes = scratch("runtimes-");
    const evil = join(scratch("package-"), "package/bin/bun");
    put(evil, "#!/bin/sh\n");
    put(join(folder, "npm"), `#!/bin/sh\ntar -czf oven-x.tgz -C '${join(evil, "../../..")}' package\necho '[{"filename":"oven-x.tgz"}]'\n`);
    process.env.PATH = `${folder}:${path}`;
    expect(() => fetchRuntime(name, runtimes)).toThrow(`its sha512 is not that of @oven/${name} in package-lock.json`);
    expect(readdirSync(runtimes)).toEqual([]);
  });
});
