/** `npm run demo`: makes sure of the system's programs and of our own, which the rest looks up as soon as it is loaded, and shows the comparison. */
import { spawnSync } from "node:child_process";
import { resolve } from "node:path";
import { provide } from "../../install/needs.mjs";

const build = resolve(import.meta.dirname, "../../install/build.mjs");
const problem = provide(["compiler", "sshd", "ssh", "shells", "coreutils"]);
if (problem) process.stderr.write(`${problem}\n`);
if (problem || spawnSync(process.execPath, [build], { stdio: ["ignore", "inherit", "inherit"] }).status !== 0) process.exitCode = 1;
else await import("./compare.ts");
