/**
 * What all commands share: arguments, help, manual, completions, colours, exit codes; and that
 * nothing in the environment steers them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readArguments } from "../../src/cli/arguments.ts";
import { commands, findCommand } from "../../src/cli/commands.ts";
import { formatHelp, formatOverview } from "../../src/cli/help/help.ts";
import { VERSION } from "../../src/cli/help/version.ts";
import { settingRows } from "../../src/config/settings.ts";
import type { UserError } from "../../src/fault.ts";
import { findProgram, freshRun, repository, run, runSshim, shimFolder, temporary } from "../support/index.ts";
import { definitions } from "./support/schema.ts";
import { session, writeJournal } from "./support/synthetic.ts";

const text = (bytes: Buffer) => bytes.toString();

describe("the table of commands", () => {
  it("is the whole of help: every command, option, example and exit code", () => {
    for (const command of commands) {
      const help = formatHelp(command);
      expect(formatOverview()).toContain(`  ${command.name} `);
      for (const option of [...command.options, { name: "json" }, { name: "help" }]) expect(help).toContain(`--${option.name}`);
      expect(command.examples.length).toBeGreaterThan(0);
      for (const [example] of command.examples) expect(help).toContain(example);
      expect(help).toMatch(/Exit codes:\n {2}0 /);
    }
  });

  it("gives examples that the commands can read", async () => {
    for (const command of commands) {
      for (const [example] of command.examples) {
        const words = (example.replace(/^sudo /, "").split(" | ")[0] ?? "").split(" ").map((word) => word.replaceAll("'", ""));
        expect(words.slice(0, 2)).toEqual(["sshim", command.name]);
        await expect(readArguments(command, words.slice(2))).resolves.toBeDefined();
      }
    }
  });

  it("prints no field that docs/interface.md does not name", () => {
    const documented = readFileSync(join(repository, "docs/interface.md"), "utf8");
    const names = (schema: unknown): string[] =>
      typeof schema !== "object" || schema === null
        ? []
        : Object.entries(schema).flatMap(([word, inner]) => [
            ...(word === "properties" ? Object.keys(inner as object) : []),
            ...names(inner),
          ]);
    // What a session asks for, and the small parts of a list, are named by the schema alone.
    const small = [
      "tty",
      "agent",
      "subsystem",
      "stdin_null",
      "stdio",
      "remote_command",
      "send_env",
      "set_env",
      "path",
      "present",
      "version",
      "origin",
      "skipped",
      "dependencies",
      "written",
      "count",
      "sessions_spared",
    ];
    expect(
      [...new Set(names(definitions))].filter((name) => !small.includes(name) && !new RegExp(`[\`"]${name}[\`"]`).test(documented)),
    ).toEqual([]);
  });

  it("has a version that is package.json's", async () => {
    expect(VERSION).toBe(JSON.parse(readFileSync(join(repository, "package.json"), "utf8")).version);
    expect(text((await runSshim(["--version"])).stdout)).toBe(`sshim ${VERSION}\n`);
  });
});

describe("the manual", () => {
  it.skipIf(!findProgram("mandoc"))("is clean for mandoc, and names every command and setting", async () => {
    const lint = await run("real", ["-T", "lint", "-W", "warning", join(repository, "docs/sshim.1")], { program: findProgram("mandoc") });
    expect([lint.exitCode, text(lint.stdout), text(lint.stderr)]).toEqual([0, "", ""]);
    const shown = await run("real", ["-T", "utf8", "-O", "width=200", join(repository, "docs/sshim.1")], {
      program: findProgram("mandoc"),
    });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: bold letters are overstruck
    const page = text(shown.stdout).replaceAll(/.\x08/g, "");
    for (const { name } of commands) expect(page).toContain(`sshim ${name}`);
    for (const { name, variable } of settingRows) expect(page).toMatch(new RegExp(`${name}[^]*${variable}`));
  });
});

describe("completions", () => {
  const bash = (words: string[]) => {
    const script = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sshim; printf '%s\\n' "\${COMPREPLY[@]}"`;
    return run("real", ["-c", script, "bash", join(repository, "install/completions/sshim.bash"), "sshim", ...words], {
      program: "bash",
    });
  };

  it("of bash give commands, options and choices, and nothing of their own after --", async () => {
    expect(text((await bash(["st"])).stdout)).toBe("status\nstats\n");
    expect(text((await bash(["drain", "--"])).stdout).split("\n")).toContain("--wait");
    expect(text((await bash(["config", "ch"])).stdout)).toBe("check\n");
    expect(text((await bash(["explain", "--", "--"])).stdout).trim()).toBe("");
    expect(text((await bash(["drain", "--"])).stderr)).toBe("");
  });

  it.skipIf(!findProgram("shellcheck"))("of bash are clean for shellcheck", async () => {
    const checked = await run("real", ["-s", "bash", join(repository, "install/completions/sshim.bash")], {
      program: findProgram("shellcheck"),
    });
    expect([checked.exitCode, text(checked.stdout)]).toEqual([0, ""]);
  });

  it.skipIf(!findProgram("zsh"))("of zsh are found by its completion system", async () => {
    const folder = join(repository, "install/completions");
    const script = `fpath=(${folder} $fpath); autoload -Uz compinit; compinit -u -D; print -r -- "$_comps[sshim]"; autoload -Uz +X _sshim && print loaded`;
    const result = await run("real", ["-fc", script], { program: findProgram("zsh") });
    expect(text(result.stdout)).toBe("_sshim\nloaded\n");
  });

  it.skipIf(!findProgram("fish"))("of fish give commands and options", async () => {
    const file = join(repository, "install/completions/sshim.fish");
    const complete = (line: string) => run("real", ["-N", "-c", `source ${file}; complete -C '${line}'`], { program: findProgram("fish") });
    expect(
      text((await complete("sshim st")).stdout)
        .split("\n")
        .map((row) => row.split("\t")[0]),
    ).toEqual(["stats", "status", ""]);
    expect(text((await complete("sshim drain --w")).stdout)).toContain("--wait");
  });
});

describe("arguments", () => {
  it.each([
    [["drian"], 'cannot find the command "drian"; did you mean "drain"? (see: sshim --help)'],
    [["log", "--sinse", "1h"], "cannot read --sinse: no such option; did you mean --since? (see: sshim log --help)"],
    [["status", "a", "b"], 'cannot read "b": one argument too many (see: sshim status --help)'],
    [
      ["explain", "web1"],
      'cannot read its arguments: the ssh command line goes after "--", as in: sshim explain -- web1 uptime (see: sshim explain --help)',
    ],
    [["explain", "web1", "--", "web2"], 'cannot read "web1": the ssh command line goes after "--" (see: sshim explain --help)'],
    [["drain"], "cannot tell what to drain: name a host or a key, or say --all"],
    [["drain", "--all", "--wait", "soon"], 'cannot read --wait: "soon" is not a duration ("60s", "2m")'],
    [["log", "--since", "yesterday"], 'cannot read --since: "yesterday" is neither a duration ("24h") nor a time ("2026-11-22T01:00:00Z")'],
    [["log", "--outcome", "brokn"], 'cannot read --outcome: "brokn": no such outcome; did you mean broken?'],
    [["stats", "--prometheus", "--since", "1h"], "cannot read --since: --prometheus always counts everything"],
    [["config", "chek"], 'cannot read "chek": only "check" may follow'],
    [["log", "--since"], "cannot read --since: it needs TIME (see: sshim log --help)"],
  ])("%j end with 2 and one line", async (words, line) => {
    const result = await runSshim(words);
    expect([result.exitCode, text(result.stdout), text(result.stderr)]).toEqual([2, "", `sshim: ${line}\n`]);
  });

  it("keep what follows -- to the letter", async () => {
    const read = await readArguments(findCommand("explain"), ["--json", "--", "-p", "9", "--", "h", "--help", "-o", "a=b", ""]);
    expect(read).toMatchObject({ options: { json: true }, ssh: ["-p", "9", "--", "h", "--help", "-o", "a=b", ""] });
    await expect(readArguments(findCommand("log"), ["--json=maybe"])).rejects.toMatchObject({ kind: "usage" } satisfies Partial<UserError>);
  });

  it("without a command, --help and help show the overview and end with 0", async () => {
    for (const words of [[], ["--help"], ["-h"], ["help"]])
      expect(await runSshim(words).then((result) => [result.exitCode, text(result.stdout)])).toEqual([0, formatOverview()]);
    expect(text((await runSshim(["help", "drain"])).stdout)).toBe(formatHelp(findCommand("drain")));
    expect(text((await runSshim(["drain", "--help"])).stdout)).toBe(formatHelp(findCommand("drain")));
  });
});

describe("output", () => {
  const journalled = () => {
    const directory = freshRun();
    writeJournal(
      directory,
      Array.from({ length: 400 }, (_, index) => session(Date.now() - 5000 + index)),
    );
    return directory;
  };
  const onTerminal = (words: string, directory: string, env: Record<string, string>) =>
    run("real", ["-qec", `${join(shimFolder, "sshim")} ${words}`, "/dev/null"], {
      program: findProgram("script"),
      run: directory,
      env: { SHELL: "/bin/sh", ...env },
    });

  it.skipIf(!findProgram("script"))("has colours on a terminal only, and none with NO_COLOR, TERM=dumb or --json", async () => {
    const directory = journalled();
    const coloured = async (words: string, env: Record<string, string>) =>
      text((await onTerminal(words, directory, env)).stdout).includes("\u001b[");
    expect(await coloured("log --lines 1", { TERM: "xterm" })).toBe(true);
    expect(await coloured("log --lines 1", { TERM: "xterm", NO_COLOR: "1" })).toBe(false);
    expect(await coloured("log --lines 1", { TERM: "dumb" })).toBe(false);
    expect(await coloured("log --lines 1 --json", { TERM: "xterm" })).toBe(false);
    expect(text((await runSshim(["log"], { run: directory, env: { TERM: "xterm" } })).stdout)).not.toContain("\u001b");
  });

  it("ends quietly when its reader goes", async () => {
    const result = await run("real", ["-c", `${join(shimFolder, "sshim")} log | head -n 1`], { program: "/bin/sh", run: journalled() });
    expect([text(result.stdout).split("\n").length, text(result.stderr)]).toEqual([2, ""]);
  });

  it("is one line on stderr and no stack trace where the runtime directory cannot be", async () => {
    for (const words of [["status"], ["stats"], ["drain", "--all"], ["doctor"]]) {
      const result = await runSshim(words, { run: "relative/path" });
      expect([result.exitCode, text(result.stdout), text(result.stderr)]).toEqual([
        1,
        "",
        "sshim: cannot find the runtime directory: SSHIM_DIR is not an absolute path (set by the environment)\n",
      ]);
    }
  });
});

describe("somebody who types sshim", () => {
  it("is not steered by BUN_ and NODE_ variables, nor by files of the current directory", async () => {
    const folder = temporary();
    const mark = join(folder, "preloaded.mjs");
    writeFileSync(mark, 'process.stdout.write("PRELOADED\\n"); process.exit(3);\n');
    writeFileSync(join(folder, "bunfig.toml"), `preload = ["${mark}"]\n`);
    writeFileSync(join(folder, ".env"), "SSHIM_PERSIST=4711\nNO_COLOR=1\n");
    writeFileSync(join(folder, "package.json"), "{ not json");
    writeFileSync(join(folder, "tsconfig.json"), "{ not json");
    const env = {
      BUN_OPTIONS: `--preload=${mark}`,
      BUN_BE_BUN: "1",
      NODE_OPTIONS: `--import ${mark}`,
      BUN_INSPECT: "1",
      BUN_JSC_useJIT: "nonsense",
    };
    const result = await run("shim", ["config", "--json"], { program: "sshim", cwd: folder, env });
    expect([result.exitCode, text(result.stderr)]).toEqual([0, ""]);
    const value = JSON.parse(text(result.stdout));
    expect(value.settings).toContainEqual({ name: "persist", value: 600, origin: "default" });
    expect(value.problems).toEqual([]);
  });
});
