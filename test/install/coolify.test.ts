/**
 * install/coolify.sh on a recorded layout of /data/coolify with a stand-in for docker: mounts,
 * upgrades, a custom file that is kept, before and after.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, chownSync, copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { controlPlane, repository, systemPath } from "../support/index.ts";
import { makePackage, picture, scratch } from "./package.ts";

const recorded = join(repository, "test/install/coolify");

interface Host {
  coolify: string;
  custom: string;
  /** what the stand-in for docker answers, one file each */
  docker: string;
  run(...words: string[]): { code: number | null; out: string; err: string };
  compose(): { services: Record<string, { volumes: unknown[] }> };
  calls(): string[];
}

function makeHost(name = "coolify"): Host {
  const root = scratch("co-");
  const coolify = join(root, name);
  const docker = join(root, "docker");
  cpSync(join(recorded, "source"), join(coolify, "source"), { recursive: true });
  mkdirSync(join(docker, "bin"), { recursive: true });
  copyFileSync(join(recorded, "docker"), join(docker, "bin/docker"));
  const twoDaysAgo = new Date(Date.now() - 48 * 3600_000).toISOString();
  const answers = {
    image: "docker.io/coollabsio/coolify:4.3.11\n",
    created: `${twoDaysAgo.slice(0, -1)}123456Z\n`,
    mounts: "/data/coolify/ssh /data/coolify/source/.env \n",
    inside: "",
    "logs.coolify": "INFO  ok\nCommand execution failed (exit code 255): ssh\nError: Command failed with no error output\n",
    "logs.coolify-realtime": "Process exited with code 255\nGET /apps/255\n",
    "laravel.log": "[2026-11-21] production.ERROR: Command failed with no error output (255)\n",
  };
  for (const [name, text] of Object.entries(answers)) writeFileSync(join(docker, name), text);
  const from = makePackage({ control: `#!/bin/sh\nexec '${controlPlane}' "$@"\n`, musl: "" });
  const custom = join(coolify, "source/docker-compose.custom.yml");
  const env = { PATH: `${docker}/bin:${systemPath}`, HOME: root, COOLIFY_ROOT: coolify, STAND_IN: docker };
  return {
    coolify,
    custom,
    docker,
    run(...words) {
      const done = spawnSync("sh", [join(from.folder, "install/coolify.sh"), ...words], { encoding: "utf8", env });
      return { code: done.status, out: done.stdout, err: done.stderr };
    },
    compose: () => parse(readFileSync(custom, "utf8")) as ReturnType<Host["compose"]>,
    calls: () => readFileSync(join(docker, "calls"), "utf8").split("\n").filter(Boolean),
  };
}

const mountsOf = (place: string) => [
  `${place}/bin/ssh:/usr/local/bin/ssh:ro`,
  `${place}/bin/ssh:/usr/local/bin/scp:ro`,
  `${place}/bin/ssh:/usr/local/bin/sftp:ro`,
  `${place}/bin/ssh:/usr/local/bin/sshim:ro`,
  `${place}/bin/sshim-control:/usr/local/bin/sshim-control:ro`,
  `${place}/lib/sshim:/usr/local/lib/sshim:ro`,
  `${place}/etc:/etc/sshim:ro`,
];

describe("install/coolify.sh", () => {
  it("mounts the front under its three names, the musl build and its library into both containers", () => {
    const host = makeHost();
    const { code, err } = host.run();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const place = join(host.coolify, "sshim");
    expect(host.compose()).toEqual({ services: { coolify: { volumes: mountsOf(place) }, soketi: { volumes: mountsOf(place) } } });
    expect(readFileSync(join(place, "bin/ssh"), "latin1").slice(1, 4)).toBe("ELF");
    expect(readFileSync(join(place, "lib/sshim/libstdc++.so.6"), "utf8")).toBe("a library\n");
    for (const path of ["", "bin", "bin/ssh", "bin/sshim-control", "lib/sshim", "etc"])
      expect(statSync(join(place, path)).mode & 0o777).toBe(0o755);
  });

  it("sets owner and mode also where the bytes are the same, as after Coolify's own chown and chmod of everything", () => {
    const host = makeHost();
    host.run();
    const place = join(host.coolify, "sshim");
    const paths = ["", "bin", "bin/ssh", "bin/sshim-control", "lib/sshim", "lib/sshim/libstdc++.so.6", "etc"].map((path) =>
      join(place, path),
    );
    for (const path of paths) chmodSync(path, 0o700);
    if (process.getuid?.() === 0) for (const path of paths) chownSync(path, 9999, 0);
    expect(host.run()).toMatchObject({ code: 0, err: "" });
    for (const path of paths) expect([path, statSync(path).mode & 0o7777, statSync(path).uid]).toEqual([path, 0o755, process.getuid?.()]);
  });

  it("ends with the doctor in Coolify's image and the one command, of the version that runs now", () => {
    const host = makeHost();
    const { out } = host.run();
    const files = ["yml", "prod.yml", "custom.yml"].map((name) => `-f ${host.coolify}/source/docker-compose.${name}`).join(" ");
    const command = `docker compose --env-file ${host.coolify}/source/.env ${files} up -d --wait`;
    expect(out.split("\n")).toContain(`  REGISTRY_URL=docker.io LATEST_IMAGE=4.3.11 ${command}`);
    expect(out).toContain("doctor in the image\n");
    expect(host.calls().filter((call) => / up /.test(call))).toEqual([]);
  });

  it("keeps what the custom file says, comments included", () => {
    const host = makeHost();
    copyFileSync(join(recorded, "custom.yml"), host.custom);
    const before = readFileSync(host.custom, "utf8");
    expect(host.run().code).toBe(0);
    const after = readFileSync(host.custom, "utf8");
    let from = 0;
    for (const line of before.split("\n")) {
      const at = after.split("\n").indexOf(line, from);
      expect({ line, kept: at >= from }).toEqual({ line, kept: true });
      from = at + 1;
    }
    expect(host.compose().services.coolify?.volumes).toHaveLength(9);
  });

  it("changes nothing the second time", () => {
    const host = makeHost();
    host.run();
    const before = picture(host.coolify, true);
    expect(host.run().code).toBe(0);
    expect(picture(host.coolify, true)).toEqual(before);
  });

  it("survives Coolify's upgrade, which replaces its own files and keeps the custom one", () => {
    const host = makeHost();
    host.run();
    const before = readFileSync(host.custom, "utf8");
    cpSync(join(recorded, "source"), join(host.coolify, "source"), { recursive: true });
    writeFileSync(join(host.docker, "image"), "ghcr.io/coollabsio/coolify:4.4.0\n");
    expect(host.run().out).toContain("REGISTRY_URL=ghcr.io LATEST_IMAGE=4.4.0 ");
    expect(readFileSync(host.custom, "utf8")).toBe(before);
  });

  it("does not take the place of a mount that somebody else made", () => {
    const host = makeHost();
    const own = "services:\n  coolify:\n    volumes:\n      - /opt/ssh-wrapper:/usr/local/bin/ssh\n";
    writeFileSync(host.custom, own);
    const { code, err } = host.run();
    expect(code).toBe(1);
    expect(err).toContain("cannot mount /usr/local/bin/ssh in coolify: /opt/ssh-wrapper is mounted there already");
    expect(readFileSync(host.custom, "utf8")).toBe(own);
  });

  it("leaves a custom file alone that is no YAML", () => {
    const host = makeHost();
    writeFileSync(host.custom, "services: [\n");
    const { code, err } = host.run();
    expect(code).toBe(1);
    expect(err).toContain(`cannot read ${host.custom}`);
    expect(readFileSync(host.custom, "utf8")).toBe("services: [\n");
  });

  it("takes its mounts back when docker compose does not accept them", () => {
    const host = makeHost();
    writeFileSync(join(host.docker, "reject"), "");
    expect(host.run()).toMatchObject({ code: 1 });
    expect(existsSync(host.custom)).toBe(false);
  });

  it("is at home in a folder with a space and a quote, and ends with a command that the shell takes as it stands", () => {
    const host = makeHost("my host's coolify");
    copyFileSync(join(recorded, "custom.yml"), host.custom);
    const before = readFileSync(host.custom, "utf8");
    const { code, out, err } = host.run();
    expect({ code, err }).toEqual({ code: 0, err: "" });
    const command = out.split("\n").find((line) => line.endsWith(" up -d --wait"));
    const words = spawnSync("sh", ["-c", `docker() { printf '%s\\n' "$@"; }\n${command}`], { encoding: "utf8" }).stdout.split("\n");
    expect(words.filter((word) => word.startsWith("/") && !existsSync(word))).toEqual([]);
    expect(words).toContain(host.custom);
    expect(host.run("--uninstall").code).toBe(0);
    expect(readFileSync(host.custom, "utf8")).toBe(before);
  });

  it("shows the difference and writes nothing with --dry-run", () => {
    const host = makeHost();
    copyFileSync(join(recorded, "custom.yml"), host.custom);
    const before = picture(host.coolify);
    const { code, out, err } = host.run("--dry-run");
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toContain(`would: change ${host.custom}\n@@`);
    expect(out).toContain(`\n+      - ${host.coolify}/sshim/bin/ssh:/usr/local/bin/ssh:ro # added by sshim\n`);
    expect(out.match(/^-.*/gm)).toEqual(null);
    expect(picture(host.coolify)).toEqual(before);
  });

  it("goes out again: the mounts at once, the files when no container has them any more", () => {
    const host = makeHost();
    copyFileSync(join(recorded, "custom.yml"), host.custom);
    const before = readFileSync(host.custom, "utf8");
    host.run();
    writeFileSync(join(host.docker, "mounts"), `${host.coolify}/sshim/bin/ssh \n`);
    const first = host.run("--uninstall");
    expect(first.code).toBe(0);
    expect(first.out).toContain(" up -d --wait");
    expect(readFileSync(host.custom, "utf8")).toBe(before);
    expect(existsSync(join(host.coolify, "sshim/bin/ssh"))).toBe(true);
    writeFileSync(join(host.docker, "mounts"), "\n");
    expect(host.run("--uninstall").code).toBe(0);
    expect(existsSync(join(host.coolify, "sshim"))).toBe(false);
    expect(readFileSync(host.custom, "utf8")).toBe(before);
  });

  it("removes a custom file that held nothing else", () => {
    const host = makeHost();
    host.run();
    host.run("--uninstall");
    expect(existsSync(host.custom)).toBe(false);
  });

  it("compares the failures in the logs before and after with --check", () => {
    const host = makeHost();
    host.run();
    expect(host.run("--check")).toMatchObject({ code: 1, err: "sshim: the running containers do not have it yet\n" });
    writeFileSync(join(host.docker, "inside"), "/usr/local/bin/sshim\n");
    writeFileSync(join(host.docker, "created"), `${new Date(Date.now() - 24 * 3600_000).toISOString()}\n`);
    writeFileSync(join(host.docker, "logs.coolify"), "INFO  ok\n");
    for (const name of ["logs.coolify-realtime", "laravel.log"]) writeFileSync(join(host.docker, name), "");
    const { code, out } = host.run("--check");
    expect(code).toBe(0);
    expect(out).toBe("sshim: before: 3 in 48 h (0.06 an hour)\nsshim: with sshim: 0 in 24 h (0.00 an hour)\ndoctor in the container\n");
  });

  it("says what is missing where there is no Coolify", () => {
    const host = makeHost();
    rmSync(join(host.coolify, "source"), { recursive: true });
    expect(host.run()).toMatchObject({ code: 1, err: expect.stringContaining("cannot find Coolify") });
  });
});
