/** What action.yml runs, at its place and again as its post step, which is known by the state that the first run left: sshim-ci.sh start, then finish. */
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { join } from "node:path";

const isPost = process.env.STATE_post === "true";
if (!isPost && process.env.GITHUB_STATE) appendFileSync(process.env.GITHUB_STATE, "post=true\n");

const inputs = { SSHIM_VERSION: "version", SSHIM_ARCHIVE: "archive", SSHIM_SHA256: "sha256", SSHIM_SCOPE: "scope", SSHIM_DRAIN: "wait" };
const given = Object.entries(inputs).map(([variable, name]) => [variable, process.env[`INPUT_${name.toUpperCase()}`]]);
// No step can read what a post step puts out, so it keeps no report where only an output would name it.
const state = isPost ? { GITHUB_OUTPUT: "", SSHIM_CI: process.env.STATE_folder ?? "" } : {};
const env = { ...process.env, ...state, ...Object.fromEntries(given.filter(([, value]) => value)) };

// What `start` prints is for a shell to eval; later steps get the same by GITHUB_ENV and GITHUB_PATH.
const script = join(import.meta.dirname, "sshim-ci.sh");
const { status, error } = spawnSync("sh", [script, isPost ? "finish" : "start"], { env, stdio: ["ignore", "ignore", "inherit"] });
if (error) process.stderr.write(`sshim: cannot run sh: ${error.message}\n`);
process.exitCode = status ?? 1;
