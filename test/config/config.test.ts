/** The configuration: where values come from, which one wins, and what is said of those that cannot be read. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { loadConfig, originsFor, settingsFor } from "../../src/config/config.ts";
import { settingRows } from "../../src/config/settings.ts";
import { repository, runSshim, temporary } from "../support/index.ts";

/** A HOME and a system file with these contents; undefined for none. */
function place(user: string | undefined, system?: string) {
  const home = temporary();
  const folder = join(home, ".config/sshim");
  const file = join(folder, "config.toml");
  const systemFile = join(home, "system.toml");
  if (user !== undefined) {
    mkdirSync(folder, { recursive: true });
    writeFileSync(file, user);
  }
  if (system !== undefined) writeFileSync(systemFile, system);
  return { home, file, systemFile, load: (env: Record<string, string> = {}) => loadConfig({ HOME: home, ...env }, systemFile) };
}

describe("the configuration", () => {
  it("is the defaults where there is no file, and names the files that would have counted", async () => {
    const { load, file, systemFile } = place(undefined);
    const config = await load();
    expect(config.problems).toEqual([]);
    expect(config.files).toEqual([file, systemFile]);
    const expected = Object.fromEntries(settingRows.map(({ name, fallback }) => [name, fallback]));
    expect(settingsFor(config, "web1")).toEqual(expected);
    expect(settingsFor(config, "web1")).toMatchObject({
      enabled: true,
      persist: 600,
      max_age: 1800,
      retries: 1,
      max_shards: 8,
      max_dials: 4,
      journal_size: 10 * 1024 * 1024,
    });
  });

  it("gives the environment before the user's file, the user's before the machine's, and a host's section before the file's global values", async () => {
    const { load, file, systemFile } = place(
      'persist = 10\nretries = 2\n[[host]]\nhost = "web*"\npersist = 20\n',
      'persist = 30\nmax_age = "1h"\n[[host]]\nhost = "web1"\npersist = 40\nmax_age = "2h"\nidle = 5\n',
    );
    const config = await load({ SSHIM_RETRIES: "0" });
    const of = (host: string) => Object.fromEntries(originsFor(config, host).map(({ name, value, origin }) => [name, [value, origin]]));
    expect(of("web1")).toMatchObject({
      persist: [20, `${file}:5`],
      max_age: [7200, `${systemFile}:6`],
      idle: [5, `${systemFile}:7`],
      retries: [0, "environment SSHIM_RETRIES"],
      max_shards: [8, "default"],
    });
    expect(of("db")).toMatchObject({ persist: [10, `${file}:1`], max_age: [3600, `${systemFile}:2`], idle: [undefined, "default"] });
  });

  it("lets the first matching section of a file win, for the host as typed and as resolved", async () => {
    const { load } = place(
      '[[host]]\nhost = "a.example.com"\npersist = 1\n[[host]]\nhost = ["*.example.com", "!c.*"]\npersist = 2\nretries = 7\n',
    );
    const config = await load();
    expect(settingsFor(config, "a", "a.example.com")).toMatchObject({ persist: 1, retries: 7 });
    expect(settingsFor(config, "b", "b.example.com")).toMatchObject({ persist: 2 });
    expect(settingsFor(config, "c.example.com")).toMatchObject({ persist: 600, retries: 1 });
    expect(settingsFor(config, "b.example.com", "c.internal")).toMatchObject({ persist: 600 });
  });

  it("honours XDG_CONFIG_HOME and SSHIM_CONFIG", async () => {
    const { load, home, systemFile } = place("persist = 1\n");
    mkdirSync(join(home, "xdg/sshim"), { recursive: true });
    writeFileSync(join(home, "xdg/sshim/config.toml"), "persist = 2\n");
    writeFileSync(join(home, "named.toml"), "persist = 3\n");
    expect(settingsFor(await load({ XDG_CONFIG_HOME: join(home, "xdg") }), "h").persist).toBe(2);
    const named = await load({ XDG_CONFIG_HOME: join(home, "xdg"), SSHIM_CONFIG: join(home, "named.toml") });
    expect(settingsFor(named, "h").persist).toBe(3);
    expect(named.files).toEqual([join(home, "named.toml"), systemFile]);
    expect(settingsFor(await loadConfig({}, systemFile), "h").persist).toBe(600);
  });

  it("takes numbers and durations, sizes, and on and off", async () => {
    const { load } = place(
      'persist = "1h30m"\nmax_age = 90\nretry_delay = "250ms"\njournal_size = "2M"\nenabled = "off"\njournal = false\nidle = 1.2\n',
    );
    const config = await load({ SSHIM_MAX_SHARDS: "3", SSHIM_DEBUG: "1" });
    expect(config.problems).toEqual([]);
    expect(settingsFor(config, "h")).toMatchObject({
      ...{ persist: 5400, max_age: 90, retry_delay: 0.25, journal_size: 2 * 1024 * 1024, enabled: false, journal: "off", idle: 2 },
      ...{ max_shards: 3, debug: true },
    });
  });

  it.each([
    ["persit = 3", 'cannot read "persit": no such setting; did you mean "persist"? (set by FILE:1)'],
    ["\n\nControlPersist = 3", 'cannot read "ControlPersist": no such setting (set by FILE:3)'],
    ["max-age = 3", 'cannot read "max-age": no such setting; did you mean "max_age"? (set by FILE:1)'],
    ['persist = "soon"', 'cannot read "persist": "soon" is not a duration (seconds, or "30m", "2s", "1h") (set by FILE:1)'],
    ["persist = -1", 'cannot read "persist": -1 is not a duration (seconds, or "30m", "2s", "1h") (set by FILE:1)'],
    ["max_shards = 9", 'cannot read "max_shards": 9 is not between 1 and 8 (set by FILE:1)'],
    ["retries = 1.5", 'cannot read "retries": 1.5 is not a whole number (set by FILE:1)'],
    ['enabled = "maybe"', 'cannot read "enabled": "maybe" is neither on nor off (set by FILE:1)'],
    ['exit = "soft"', 'cannot read "exit": "soft" is neither "drain" nor "hard" (set by FILE:1)'],
    ['real_ssh = "/x"', 'cannot read "real_ssh": only the variable SSHIM_REAL_SSH sets it (set by FILE:1)'],
    ["[[host]]\npersist = 3", 'cannot read a [[host]] section: it has no "host = …" (set by FILE:1)'],
    ["retries = 1\n[[host]]\nhost = 3", 'cannot read a [[host]] section: "host" has to be a pattern or a list of patterns (set by FILE:3)'],
    ['dir = """\nidle = 4\n"""\nidel = 3', 'cannot read "idel": no such setting; did you mean "idle"? (set by FILE:4)'],
  ])("says of %j: %s", async (text, problem) => {
    const { load, file } = place(text);
    const config = await load();
    expect(config.problems).toContain(problem.replace("FILE", file));
    expect(settingsFor(config, "h").persist).toBe(600);
  });

  it("leaves a file out that is no TOML, says the line, and still reads the other one", async () => {
    const { load, file } = place("persist = 1\nretries = = 2\n", "max_age = 7\n");
    const config = await load();
    expect(config.problems).toHaveLength(1);
    expect(config.problems[0]).toMatch(/^cannot read the configuration: .* \(.*config\.toml:2\)$/);
    expect(config.problems[0]).toContain(file);
    expect(settingsFor(config, "h")).toMatchObject({ persist: 600, max_age: 7 });
  });

  it("says of a wrong variable what is wrong, and leaves those alone that are not settings", async () => {
    const { load } = place(undefined);
    const config = await load({
      SSHIM_PERSIST: "x",
      SSHIM_PRESIST: "1",
      SSHIM_CONTROL: "/x",
      SSHIM_RAW_3: "41",
      SSHIM_AS: "launch",
      SSHIM: "nonsense",
    });
    expect(config.problems).toEqual([
      'cannot read SSHIM: "nonsense" is neither on nor off (set by the environment)',
      'cannot read SSHIM_PERSIST: "x" is not a duration (seconds, or "30m", "2s", "1h") (set by the environment)',
      "cannot read SSHIM_PRESIST: no such setting; did you mean SSHIM_PERSIST? (set by the environment)",
    ]);
  });

  it("knows the variables that the project's own scripts read and hand on", async () => {
    const scripts = ["install/user.sh", "install/coolify.sh", "install/ci/sshim-ci.sh", "install/npm/sshim.mjs", "install/ci/gitlab.yml"];
    const names = scripts.flatMap((path) => readFileSync(join(repository, path), "utf8").match(/\bSSHIM_[A-Z0-9_]+\b/g) ?? []);
    const { load } = place(undefined);
    const set = { SSHIM_SOURCE: "/x", ...Object.fromEntries(names.map((name) => [name, "1"])) };
    const problems = (await load(set)).problems.filter((problem) => problem.includes("no such setting"));
    expect(Object.keys(set).length).toBeGreaterThan(5);
    expect(problems).toEqual([]);
  });

  it("makes the CI job the scope, unless a scope is set", async () => {
    const { load } = place(undefined);
    const scope = async (env: Record<string, string>) => settingsFor(await load(env), "h").scope;
    expect(await scope({})).toBeUndefined();
    expect(await scope({ CI_JOB_ID: "7" })).toBeUndefined();
    expect(await scope({ INVOCATION_ID: "0f" })).toBe("invocation_id:0f");
    expect(await scope({ CI: "true", CI_JOB_ID: "7", INVOCATION_ID: "0f" })).toBe("ci_job_id:7");
    expect(await scope({ CI: "true", CI_JOB_ID: "7" })).toBe("ci_job_id:7");
    const job = { CI: "true", GITHUB_RUN_ID: "1", GITHUB_RUN_ATTEMPT: "2", GITHUB_JOB: "deploy", RUNNER_NAME: "r1" };
    expect(await scope(job)).toBe("github:1:2:deploy:r1");
    expect(await scope({ BUILD_TAG: "jenkins-a-3" })).toBe("build_tag:jenkins-a-3");
    expect(await scope({ ...job, SSHIM_SCOPE: "mine" })).toBe("mine");
    const config = await load(job);
    for (const name of Object.keys(job)) expect(config.variables).toContain(name);
  });

  it("never throws, whatever the file holds", async () => {
    const { load, file } = place("");
    const value = fc.oneof(
      fc.string(),
      fc.double(),
      fc.boolean(),
      fc.constantFrom("[]", "{ a = 1 }", "1979-05-27", '"""', "0x10", "inf", "9223372036854775807"),
    );
    const line = fc
      .tuple(fc.constantFrom("persist", "host", "[[host]]", "[host]", "dir", "x", ""), value)
      .map(([key, text]) => `${key} = ${text}`);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(line, fc.constantFrom("[[host]]", 'host = "*"', "[host]", "")), { maxLength: 6 }),
        async (lines) => {
          writeFileSync(file, lines.join("\n"));
          const config = await load();
          for (const problem of config.problems) expect(problem).toMatch(/^cannot read .+: [\s\S]+ \(.+:\d+\)$/);
          expect(typeof settingsFor(config, "h").persist).toBe("number");
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("sshim config", () => {
  it("prints every setting, its value and where it came from, and check ends with 1 where something is wrong", async () => {
    const { home, file } = place('persist = "2m"\nretires = 2\n');
    const shown = await runSshim(["config", "--json"], { home, env: { SSHIM_MAX_AGE: "5m" } });
    const value = JSON.parse(shown.stdout.toString());
    expect(value.settings.map(({ name }: { name: string }) => name)).toEqual(settingRows.map(({ name }) => name));
    expect(value.settings).toContainEqual({ name: "persist", value: 120, origin: `${file}:1` });
    expect(value.settings).toContainEqual({ name: "max_age", value: 300, origin: "environment SSHIM_MAX_AGE" });
    expect(value.settings).toContainEqual({ name: "retries", value: 1, origin: "default" });
    const check = await runSshim(["config", "check"], { home });
    expect(check.exitCode).toBe(1);
    expect(check.stdout.toString()).toBe(`cannot read "retires": no such setting; did you mean "retries"? (set by ${file}:2)\n`);
    const good = await runSshim(["config", "check"], { home: temporary() });
    expect(good.exitCode).toBe(0);
  });
});
