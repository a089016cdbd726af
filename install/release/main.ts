/**
 * Makes everything that is published, into dist/: an archive and npm packages for each Linux platform, with their SHA-256 sums. Needs the npm
 * registry (Bun's runtimes), and for arm64 Debian's cross compiler. It publishes nothing.
 *
 *     npm run release [-- --only x64|arm64] [--no-npm]
 */
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { packArchive, writeSums } from "./archive.ts";
import { buildControlPlane } from "./control.ts";
import { buildFrontFor } from "./front.ts";
import { packNpm } from "./npm.ts";
import { type Architecture, architectures, fail, repository, say } from "./shared.ts";

async function main(words: string[]): Promise<void> {
  const only = words.includes("--only") ? words[words.indexOf("--only") + 1] : undefined;
  const wanted = architectures.filter((architecture) => only === undefined || architecture === only);
  if (wanted.length === 0) fail(`cannot release for ${only}: say x64 or arm64`);
  const { version } = JSON.parse(readFileSync(join(repository, "package.json"), "utf8")) as { version: string };
  const dist = join(repository, "dist");
  rmSync(dist, { recursive: true, force: true });
  mkdirSync(dist);
  for (const architecture of wanted) await releaseFor(architecture, version, dist, !words.includes("--no-npm"));
  writeSums(dist);
}

async function releaseFor(architecture: Architecture, version: string, dist: string, npm: boolean): Promise<void> {
  const front = await buildFrontFor(architecture);
  const glibc = await buildControlPlane(architecture, "glibc");
  const musl = await buildControlPlane(architecture, "musl");
  packArchive({ architecture, version, dist, front, glibc, musl });
  if (npm) packNpm({ architecture, version, dist, front, glibc, musl });
}

main(process.argv.slice(2)).catch((error: Error) => {
  say(error.message);
  process.exitCode = 1;
});
