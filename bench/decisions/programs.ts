// Builds the scripts of this folder every way that could have carried the front: Bun, Node, Node's single executable, pkg. It times nothing.
import { execFile } from "node:child_process";
import { copyFile, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import typescript from "typescript";

const run = promisify(execFile);
const root = join(import.meta.dirname, "../..");
const bun = join(root, "node_modules/@oven", `bun-linux-${process.arch === "arm64" ? "aarch64" : "x64"}`, "bin/bun");
const bunFlags =
  "--compile --format=esm --minify --bytecode --no-compile-autoload-dotenv --no-compile-autoload-bunfig --no-compile-autoload-tsconfig --no-compile-autoload-package-json";

/** Installs what only this comparison needs into `directory`, pinned. */
export async function installPeers(directory: string): Promise<void> {
  await writeFile(join(directory, "package.json"), "{}");
  const packages = ["proper-lockfile@4.1.2", "postject@1.0.0-alpha.6", "@yao-pkg/pkg@6.23.0"];
  await run("npm", ["install", "--no-fund", "--no-audit", "--loglevel=error", ...packages], { cwd: directory });
}

/** bench/decisions/<name>.ts as a Bun executable. */
export async function compileWithBun(name: string, directory: string): Promise<string[]> {
  const output = join(directory, `${name}-bun`);
  const target = `--target=bun-linux-${process.arch === "arm64" ? "arm64" : "x64"}`;
  await run(bun, ["build", ...bunFlags.split(" "), target, `--compile-executable-path=${bun}`, script(name), "--outfile", output]);
  return [output];
}

/** … as plain JavaScript for `node`. */
export async function transpileForNode(name: string, directory: string): Promise<string[]> {
  return [process.execPath, await writeCommonJs(name, directory)];
}

/** … as a single executable application of the running Node. */
export async function buildSingleExecutable(name: string, directory: string): Promise<string[]> {
  const main = await writeCommonJs(name, directory);
  const [blob, output, config] = [join(directory, `${name}.blob`), join(directory, `${name}-sea`), join(directory, `${name}.json`)];
  await writeFile(config, JSON.stringify({ main, output: blob, disableExperimentalSEAWarning: true }));
  await run(process.execPath, ["--experimental-sea-config", config]);
  await copyFile(process.execPath, output);
  const fuse = ["--sentinel-fuse", "NODE_SEA_FUSE_fce680ab2cc467b6e072b8b5df1996b2"];
  await run(join(directory, "node_modules/.bin/postject"), [output, "NODE_SEA_BLOB", blob, ...fuse]);
  return [output];
}

/** … by pkg; gives the reason instead when it cannot (its base binaries come from outside the registry). */
export async function packWithPkg(name: string, directory: string): Promise<string[] | string> {
  const output = join(directory, `${name}-pkg`);
  const main = await writeCommonJs(name, directory);
  const pkg = join(directory, "node_modules/.bin/pkg");
  const environment = { ...process.env, PKG_CACHE_PATH: join(directory, "pkg-cache"), NO_COLOR: "1" };
  try {
    await run(pkg, [main, "--target", `node20-linux-${process.arch}`, "--output", output], { timeout: 120_000, env: environment });
    return [output];
  } catch (error) {
    const text = String((error as { stdout?: string }).stdout ?? error);
    return /fetch failed|ENOTFOUND|getaddrinfo/.test(text)
      ? "its base binary could not be fetched where this ran (it comes from github.com or nodejs.org, not from the registry)"
      : text;
  }
}

function script(name: string): string {
  return join(import.meta.dirname, `${name}.ts`);
}

async function writeCommonJs(name: string, directory: string): Promise<string> {
  const { ModuleKind, ScriptTarget, transpileModule } = typescript;
  const source = await readFile(script(name), "utf8");
  const output = join(directory, `${name}.cjs`);
  await writeFile(
    output,
    transpileModule(source, { compilerOptions: { module: ModuleKind.CommonJS, target: ScriptTarget.ES2022 } }).outputText,
  );
  return output;
}
