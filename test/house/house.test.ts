/** The rules of the house, as far as a machine can check them: sizes, openings, directions, pins, and nothing left lying about. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, it } from "vitest";
import { frontHeaders, writeHeaders } from "../../install/headers.ts";
import { declaredPrograms } from "../../install/needs.mjs";
import { rulesOfConfiguration, rulesOfWords } from "../../src/plan/rules.ts";
import { findProgram, repository, systemPath, temporary } from "../support/index.ts";
import { countLines, projectFiles } from "./files.ts";
import { closure, findCycles, type Import, readImports, readStaticImports } from "./imports.ts";

const code = [".ts", ".c", ".h", ".mjs", ".sh"];
const sources = projectFiles(["src/"], [".ts"]);
const imports = readImports(sources);

describe("files", () => {
  it("have at most 400 lines", () => {
    const long = projectFiles(["src/", "test/", "bench/", "install/"], code).filter(({ text }) => countLines(text) > 400);
    expect(long.map(({ path, text }) => `${path}: ${countLines(text)}`)).toEqual([]);
  });

  it("open with a comment that says what they are for", () => {
    const opening = /^(#!.*\n)?\s*(\/\*\*?[\s\S]{20,}?\*\/|(\/\/ .*\n)+|(# .{20,}\n)+)/;
    const silent = projectFiles(["src/", "test/", "bench/", "install/"], code).filter(({ text }) => !opening.test(text));
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  it("hold no note of something left undone", () => {
    const note = new RegExp(`\\b(${["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK"].join("|")})\\b`);
    const unfinished = projectFiles([""], [...code, ".md", ".json", ".yml", ".yaml"]).filter(({ text }) => note.test(text));
    expect(unfinished.map(({ path }) => path)).toEqual([]);
  });

  it("name no path of the machine that they were written on", () => {
    const here = [repository, ["", "work", "main"].join("/"), ["", "work", "shared"].join("/")];
    const bound = projectFiles([""], [""]).filter(({ text }) => here.some((path) => text.includes(path)));
    expect(bound.map(({ path }) => path)).toEqual([]);
  });

  it("link only to files that exist", () => {
    const dead = projectFiles([""], [".md"]).flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?!https?:|#|mailto:)([^)#\s]+)/g)]
        .map((match) => normalize(join(dirname(path), match[1] as string)))
        .filter((target) => !projectFiles([target], [""]).length)
        .map((target) => `${path} → ${target}`),
    );
    expect(dead).toEqual([]);
  });
});

describe("the README", () => {
  const [readme] = projectFiles(["README.md"], [".md"]);

  it("names only commands of npm that package.json has, and files that are there to run", () => {
    const { scripts } = readPackage();
    const commands = [...(readme?.text ?? "").matchAll(/npm run ([\w:-]+)/g)].map((match) => match[1] as string);
    expect(commands.length).toBeGreaterThan(2);
    expect(commands.filter((name) => !(name in scripts))).toEqual([]);
    const files = Object.values(scripts).flatMap((script) => script.match(/\S+\.(ts|mjs|sh)\b/g) ?? []);
    expect(
      [...files, ...((readme?.text ?? "").match(/install\/\w+\.sh/g) ?? [])].filter(
        (path) => !projectFiles([path.replace("./", "")], [""]).length,
      ),
    ).toEqual([]);
  });

  it("names every rule by which a call is passed to the real ssh", () => {
    const all = [...rulesOfWords, ...rulesOfConfiguration].map(({ name }) => name);
    expect(all.filter((name) => !readme?.text.includes(`\`${name}\``))).toEqual([]);
  });

  it("has its place for the measured numbers", () => {
    expect(readme?.text).toMatch(/^<!-- bench -->\n[\s\S]+\n<!-- \/bench -->$/m);
  });
});

describe("imports", () => {
  /** Who may look down on whom; a folder may use its own level and everything below. */
  const levels = [
    ["fault.ts"],
    ["sys"],
    ["protocol"],
    ["openssh", "config", "journal"],
    ["master"],
    ["plan"],
    ["answer", "cli"],
    ["main.ts"],
  ];
  const levelOf = (path: string) => levels.findIndex((level) => level.includes(path.split("/")[1] ?? ""));
  const inside = imports.filter(({ to }) => to.startsWith("src/"));

  it("have a known place", () => {
    expect(sources.map(({ path }) => path).filter((path) => levelOf(path) < 0)).toEqual([]);
  });

  it("never go upwards", () => {
    const upwards = inside.filter(({ from, to }) => levelOf(from) < levelOf(to));
    expect(upwards.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });

  it("never go round in a circle", () => {
    expect(findCycles(inside)).toEqual([]);
  });

  it("would be seen if they did", () => {
    const edge = (from: string, to: string): Import => ({ from, to });
    expect(findCycles([edge("a", "b"), edge("b", "c"), edge("c", "b")])).toEqual(["b → c → b"]);
  });

  it("name a module of Node in src/sys/host.ts only, and no global of its own anywhere else", () => {
    const exceptions: Record<string, string> = {
      "src/sys/host.ts": "it is Node's side of the system",
      "src/openssh/argv/generate.ts": "the build runs it; it is not in the program",
    };
    const foreign =
      /(?:from|import\() ?"node:|\bprocess\.(?!ts")|\b(?:Buffer|Bun|TextEncoder|TextDecoder|setTimeout|setInterval|AbortController)\b|\b(?:Date|performance)\.now\b|\bnew Date\(\)/;
    const found = sources.filter(({ path, text }) => foreign.test(text.replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")) && !(path in exceptions));
    expect(found.map(({ path }) => path)).toEqual([]);
  });

  it("load nothing heavy on the way to an answer", () => {
    const answers = sources.map(({ path }) => path).filter((path) => path === "src/main.ts" || path.startsWith("src/answer/"));
    const loaded = closure(answers, readStaticImports(sources));
    expect(
      ["execa", "yargs-parser", "smol-toml", "valibot", "yaml", "node:tty", "node:readline"].filter((name) => loaded.has(name)),
    ).toEqual([]);
  });

  it("name only packages that package.json lists for those who run it", () => {
    const listed = Object.keys(readPackage().dependencies);
    const outside = imports.filter(
      ({ to }) => !to.startsWith("src/") && !to.startsWith("node:") && !listed.includes(to) && !to.endsWith("package.json"),
    );
    expect(outside.map(({ from, to }) => `${from} → ${to}`)).toEqual([]);
  });
});

describe("programs", () => {
  it("of tests, demo and benchmarks are those that install/needs.mjs declares: none but sh is started by an absolute path", () => {
    const started = /\b(?:program: |exec(?:File)?(?:Sync)?\(|spawn(?:Sync)?\(|execa\()"(\/[^"]+)"/g;
    const absolute = projectFiles(["test/", "bench/"], [".ts"]).flatMap(({ path, text }) =>
      [...text.matchAll(started)]
        .map((match) => match[1])
        .filter((program) => program !== "/bin/sh")
        .map((program) => `${path}: ${program}`),
    );
    expect(absolute).toEqual([]);
  });

  it("that are not declared are found nowhere", () => {
    expect(process.env.PATH).toBe(systemPath);
    expect(readdirSync(systemPath).filter((name) => !declaredPrograms().includes(name))).toEqual([]);
    expect(() => findProgram("socat")).toThrow("socat is not declared");
  });
});

describe("the front", () => {
  const front = projectFiles(["src/front/"], [".c", ".h"]);

  it("calls nothing that runs a shell, reads the user database or takes input without a bound", () => {
    const banned = /\b(system|popen|wordexp|getpw\w*|getlogin|gets|alloca|strtok|tmpnam|mktemp)\s*\(/;
    const calls = front.flatMap(({ path, text }) =>
      text
        .replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, "")
        .split("\n")
        .filter((line) => banned.test(line))
        .map((line) => `${path}: ${line.trim()}`),
    );
    expect(calls).toEqual([]);
  });

  it.skipIf(!hasMusl())("is static and fits in 64 KB", () => {
    expect(statSync(join(repository, "bin/ssh")).size).toBeLessThan(64 * 1024);
    expect(readFileSync(join(repository, "bin/ssh")).includes("/lib/ld-")).toBe(false);
  });

  it("has headers that are as the control plane's tables are", () => {
    for (const [name, text] of Object.entries(frontHeaders()))
      expect(front.find(({ path }) => path === `src/front/${name}`)?.text, "run the build, or install/headers.ts").toBe(text);
  });

  it("is given a header only where it differs", () => {
    const folder = temporary();
    expect(writeHeaders(folder).sort()).toEqual(["options.h", "protocol.h"]);
    expect(writeHeaders(folder)).toEqual([]);
  });
});

describe("packages", () => {
  it("are pinned to one version each, in every section", () => {
    const { dependencies, devDependencies, optionalDependencies } = readPackage();
    const loose = Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies }).filter(
      ([, version]) => !/^\d+\.\d+\.\d+$/.test(version),
    );
    expect(loose).toEqual([]);
  });

  it("come from the public registry", () => {
    const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
      packages: Record<string, { resolved?: string }>;
    };
    const elsewhere = Object.entries(lock.packages).filter(
      ([, { resolved }]) => resolved && !resolved.startsWith("https://registry.npmjs.org/"),
    );
    expect(elsewhere.map(([name]) => name)).toEqual([]);
  });

  it("need no install script, except the project's own", () => {
    const lock = JSON.parse(readFileSync(join(repository, "package-lock.json"), "utf8")) as {
      packages: Record<string, { hasInstallScript?: boolean; optional?: boolean }>;
    };
    const scripted = Object.entries(lock.packages).filter(
      ([name, { hasInstallScript, optional }]) => name !== "" && hasInstallScript && !optional,
    );
    expect(scripted.map(([name]) => name)).toEqual([]);
  });
});

type Versions = Record<string, string>;

function readPackage(): { scripts: Versions; dependencies: Versions; devDependencies: Versions; optionalDependencies: Versions } {
  return JSON.parse(readFileSync(join(repository, "package.json"), "utf8"));
}

function hasMusl(): boolean {
  try {
    execFileSync("musl-gcc", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}
