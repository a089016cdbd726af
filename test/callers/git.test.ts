/** git itself: clone, fetch, push, a shallow clone and submodules, each with one authentication, however git is told of its ssh. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { onBothSides, type Side } from "../support/both-sides.ts";
import { fixture, tree, visible } from "../support/index.ts";

const { sshd } = await fixture();
let env: Record<string, string>;
beforeAll(async () => {
  const dates = { GIT_AUTHOR_DATE: "2026-01-01T00:00:00Z", GIT_COMMITTER_DATE: "2026-01-01T00:00:00Z" };
  const names = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example" };
  env = { ...dates, ...names, GIT_CONFIG_NOSYSTEM: "1", GIT_CONFIG_GLOBAL: "/dev/null", GIT_SSH_COMMAND: `ssh -F ${sshd.configFile}` };
});

/** A bare repository with two commits in it, at `folder`/NAME.git. */
async function makeRepository(side: Side, name: string): Promise<string> {
  const bare = join(side.folder, `${name}.git`);
  const work = join(side.folder, `${name}-work`);
  await side.succeed("git", ["init", "-q", "-b", "main", "--bare", bare]);
  await side.succeed("git", ["init", "-q", "-b", "main", work]);
  for (const round of [1, 2]) {
    mkdirSync(join(work, `d${round}`));
    for (let file = 0; file < 20; file++) writeFileSync(join(work, `d${round}/f${file}`), `${name} ${round} ${file}\n`);
    await side.succeed("git", ["-C", work, "add", "."]);
    await side.succeed("git", ["-C", work, "commit", "-q", "-m", `round ${round}`]);
  }
  await side.succeed("git", ["-C", work, "push", "-q", bare, "main"]);
  return bare;
}

/** Without what git writes about times (index, logs). */
function files(folder: string): Record<string, string> {
  return Object.fromEntries(Object.entries(tree(folder)).filter(([path]) => !/(^|\/)\.git(\/|$)/.test(path)));
}

describe("git", () => {
  it("clones, fetches and pushes over one connection", async () => {
    const { real, shim, authentications, withoutShim } = await onBothSides(
      sshd,
      async (side) => {
        const bare = await makeRepository(side, "one");
        const results = [await side.succeed("git", ["clone", "-q", `target:${bare}`, "clone"])];
        const clone = join(side.folder, "clone");
        writeFileSync(join(clone, "new"), "new\n");
        await side.succeed("git", ["-C", clone, "add", "new"]);
        await side.succeed("git", ["-C", clone, "commit", "-q", "-m", "new"]);
        results.push(await side.succeed("git", ["-C", clone, "push", "-q", "origin", "main"]));
        results.push(await side.succeed("git", ["-C", clone, "fetch", "-q", "--all"]));
        results.push(await side.succeed("git", ["-C", clone, "ls-remote", "origin"]));
        results.push(await side.succeed("git", ["--git-dir", bare, "rev-parse", "main"]));
        return { results: results.map(visible), files: files(clone) };
      },
      env,
    );
    expect(shim).toEqual(real);
    expect(shim.results[3]?.stdout).toContain(shim.results[4]?.stdout.trim());
    expect([withoutShim, authentications]).toEqual([4, 1]);
  });

  it("clones shallowly, then deepens", async () => {
    const { real, shim, authentications } = await onBothSides(
      sshd,
      async (side) => {
        const bare = await makeRepository(side, "deep");
        await side.succeed("git", ["clone", "-q", "--depth", "1", `target:${bare}`, "clone"]);
        const log = ["-C", join(side.folder, "clone"), "log", "--format=%H %s"];
        const shallow = await side.succeed("git", log);
        await side.succeed("git", ["-C", "clone", "fetch", "-q", "--unshallow"]);
        return [shallow.stdout.toString(), (await side.succeed("git", log)).stdout.toString()];
      },
      env,
    );
    expect(shim.map((log) => log.trim().split("\n").length)).toEqual([1, 2]);
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
  });

  it("clones submodules, four at a time, over the same connection", async () => {
    const { real, shim, authentications, withoutShim } = await onBothSides(
      sshd,
      async (side) => {
        const parts = [];
        for (const name of ["a", "b", "c"]) parts.push(await makeRepository(side, name));
        const whole = await makeRepository(side, "whole");
        await side.succeed("git", ["clone", "-q", `target:${whole}`, "work"]);
        for (const [index, part] of parts.entries())
          await side.succeed("git", ["-C", "work", "submodule", "--quiet", "add", `target:${part}`, `part${index}`]);
        await side.succeed("git", ["-C", "work", "commit", "-q", "-m", "parts"]);
        await side.succeed("git", ["-C", "work", "push", "-q", "origin", "main"]);
        await side.succeed("git", ["clone", "-q", "--recurse-submodules", "-j4", `target:${whole}`, "clone"]);
        const clone = files(join(side.folder, "clone"));
        delete clone[".gitmodules"];
        return clone;
      },
      env,
    );
    expect(Object.keys(shim)).toContain("part2/d2/f19");
    expect(shim).toEqual(real);
    expect([withoutShim, authentications]).toEqual([9, 1]);
  });

  it("sends GIT_PROTOCOL on and says the same about a repository that is not there", async () => {
    const { real, shim, authentications } = await onBothSides(
      sshd,
      async (side) => {
        const bare = await makeRepository(side, "v2");
        const traced = await side.run("git", ["-c", "protocol.version=2", "ls-remote", `ssh://target${bare}`], {
          env: { GIT_TRACE_PACKET: join(side.folder, "trace") },
        });
        const missing = await side.run("git", ["clone", "target:/no/such/repository.git", "none"]);
        return {
          traced: visible(traced),
          missing: visible(missing),
          two: readFileSync(join(side.folder, "trace"), "utf8").includes("< version 2"),
        };
      },
      env,
    );
    expect(shim).toEqual(real);
    expect(shim).toMatchObject({ two: true, missing: { exitCode: 128 } });
    expect(authentications).toBe(1);
  });

  it("finds its ssh through core.sshCommand and GIT_SSH as well", async () => {
    const { real, shim, authentications } = await onBothSides(
      sshd,
      async (side) => {
        const bare = await makeRepository(side, "names");
        const wrapper = join(side.folder, "wrapper");
        writeFileSync(wrapper, `#!/bin/sh\nexec ssh -F ${sshd.configFile} "$@"\n`, { mode: 0o755 });
        const none = { GIT_SSH_COMMAND: undefined };
        const configured = await side.succeed("git", ["-c", `core.sshCommand=ssh -F ${sshd.configFile}`, "ls-remote", `target:${bare}`], {
          env: none,
        });
        const named = await side.succeed("git", ["ls-remote", `target:${bare}`], {
          env: { ...none, GIT_SSH: wrapper, GIT_SSH_VARIANT: "ssh" },
        });
        return [visible(configured), visible(named)];
      },
      env,
    );
    expect(shim).toEqual(real);
    expect(authentications).toBe(1);
  });
});
