/**
 * Builds the control plane on a small engine (QuickJS): fetches its sources from the registry, pinned by their sum, compiles them with the C
 * compiler that is there, bundles src/main.ts and turns it into bytecode that is linked into the program. Plain Node and rolldown.
 */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

/** The engine's sources lie in a folder of a package, whose script and dependencies nobody needs. To take a newer engine, change these lines. */
const ENGINE = {
  version: "2021-03-27",
  package: "qjsc@0.3.0",
  integrity: "sha512-a7+cU6/IVcZbIejffdt/wZVMX6LL2MDL3HQ9Zb5Gm23G9DvBMS/z9GHFxz39bAvp2PvMOM+ypSOAyokt2DdZ2w==",
  folder: "package/deps/quickjs_2021_03_27",
  sources: ["quickjs.c", "libregexp.c", "libunicode.c", "cutils.c", "libbf.c"],
};

/** The engine's own flags: nothing of it is ours to warn about. */
const ENGINE_FLAGS = [
  "-O2",
  "-w",
  "-D_GNU_SOURCE",
  "-DCONFIG_BIGNUM",
  `-DCONFIG_VERSION="${ENGINE.version}"`,
  "-ffunction-sections",
  "-fdata-sections",
];
const OUR_FLAGS = [
  "-std=gnu11",
  "-O2",
  "-Wall",
  "-Wextra",
  "-Werror",
  "-Wno-unused-parameter",
  "-D_GNU_SOURCE",
  "-ffunction-sections",
  "-fdata-sections",
];
const LINK = ["-s", "-Wl,--gc-sections", "-Wl,--build-id=none", "-lm"];
const root = resolve(import.meta.dirname, "..");

/** The engine's sources below build/, unpacked and compared with their sum. Throws one line where they cannot be had. */
export function fetchEngine(build) {
  const folder = join(build, `quickjs-${ENGINE.version}`);
  if (existsSync(folder)) return folder;
  const stage = join(build, `fetch-${process.pid}`);
  mkdirSync(stage, { recursive: true });
  try {
    run("npm", ["pack", ENGINE.package, "--silent", "--ignore-scripts", "--pack-destination", stage], { cwd: stage }, "fetch the engine");
    const [name] = readdirSync(stage).filter((each) => each.endsWith(".tgz"));
    const sum = createHash("sha512")
      .update(readFileSync(join(stage, name)))
      .digest("base64");
    if (`sha512-${sum}` !== ENGINE.integrity) throw new Error(`cannot use ${ENGINE.package}: its sum is not the one in install/engine.mjs`);
    run("tar", ["-xzf", join(stage, name), "-C", stage, ENGINE.folder], {}, "unpack the engine");
    renameSync(join(stage, ENGINE.folder), folder);
  } finally {
    rmSync(stage, { recursive: true, force: true });
  }
  return folder;
}

/** Compiles the engine and our host functions once for a compiler; the objects for the program. */
export function compileEngine(build, { command, flags }) {
  const sources = fetchEngine(build);
  const objects = join(build, `engine-${basename(command)}`);
  mkdirSync(objects, { recursive: true });
  const compile = (path, options) => {
    const object = join(objects, `${basename(path)}.o`);
    if (!existsSync(object) || isOlder(object, path))
      run(command, [...flags, ...options, "-isystem", sources, "-c", path, "-o", object], {}, "build the engine");
    return object;
  };
  const own = join(root, "src/sys/engine");
  return [
    ...ENGINE.sources.map((name) => compile(join(sources, name), ENGINE_FLAGS)),
    ...readdirSync(own)
      .filter((name) => name.endsWith(".c") && name !== "compile.c")
      .map((name) => compile(join(own, name), OUR_FLAGS)),
  ];
}

/** The bundle as modules in a folder, the entry first. */
async function bundle(folder) {
  const { build } = await import("rolldown");
  rmSync(folder, { recursive: true, force: true });
  const replace = (name, from) => {
    if (name === "./host.ts" && from?.startsWith(join(root, "src/sys/"))) return join(root, "src/sys/engine/host.ts");
    return name === "yargs-parser" ? join(root, "node_modules/yargs-parser/browser.js") : null;
  };
  const { output } = await build({
    input: join(root, "src/main.ts"),
    platform: "browser",
    transform: { target: "es2020" },
    plugins: [{ name: "engine", resolveId: replace }],
    output: { dir: folder, format: "esm", minify: true, entryFileNames: "main.js", chunkFileNames: "[name].js" },
    onLog(_level, log) {
      if (log.code === "UNRESOLVED_IMPORT") throw new Error(`cannot bundle the control plane: ${log.message}`);
    },
  });
  const names = output.filter(({ type }) => type === "chunk").map(({ fileName }) => fileName);
  return ["main.js", ...names.filter((name) => name !== "main.js").sort()];
}

/** Builds the program into `output`. Throws one line on failure. */
export async function buildEngineControl({ build, compiler, output }) {
  const stage = join(build, "bundle");
  const objects = compileEngine(build, compiler);
  const names = await bundle(stage);
  const tool = join(build, "engine-compile");
  const own = join(root, "src/sys/engine");
  const sources = fetchEngine(build);
  if (!existsSync(tool) || isOlder(tool, join(own, "compile.c"))) {
    const engine = objects.slice(0, ENGINE.sources.length);
    run(
      compiler.command,
      [...compiler.flags, ...OUR_FLAGS, "-isystem", sources, "-o", tool, join(own, "compile.c"), ...engine, "-lm"],
      {},
      "build the bytecode compiler",
    );
  }
  for (const name of names) run(tool, [name, join(stage, name), join(stage, `${name}.bin`)], {}, `compile ${name}`);
  const table = join(stage, "modules.c");
  writeFileSync(table, moduleTable(names, stage));
  run(
    compiler.command,
    [...compiler.flags, ...OUR_FLAGS, "-isystem", sources, `-I${own}`, "-o", output, table, ...objects, ...LINK],
    {},
    "link the control plane",
  );
}

function moduleTable(names, folder) {
  const part = (name, index) =>
    `__asm__(".section .rodata\\n.balign 16\\nmodule_${index}:\\n.incbin \\"${join(folder, name)}.bin\\"\\nmodule_${index}_end:\\n.previous\\n");\n` +
    `extern const uint8_t module_${index}[], module_${index}_end[];\n`;
  const rows = names.map((name, index) => `\t{ "${name}", module_${index}, module_${index}_end },\n`);
  return `/* Made by install/engine.mjs. */\n#include "engine.h"\n${names.map(part).join("")}\nconst struct engine_module engine_modules[] = {\n${rows.join("")}\t{ NULL, NULL, NULL },\n};\n`;
}

function isOlder(target, source) {
  const headers = join(root, "src/sys/engine/engine.h");
  const time = (path) => spawnSync("stat", ["-c", "%Y", path], { encoding: "utf8" }).stdout.trim();
  return Number(time(target)) < Math.max(Number(time(source)), Number(time(headers)));
}

function run(command, args, options, goal) {
  const done = spawnSync(command, args, { encoding: "utf8", cwd: root, ...options });
  if (done.status !== 0) throw new Error(`cannot ${goal}: ${done.error?.message ?? `${done.stderr}${done.stdout}`.trim()}`);
  return done.stdout;
}
