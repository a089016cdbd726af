/** The programs: which ssh is real, which one callers get, and whether anything goes in circles. */
import { parseVersion } from "../../../openssh/argv/options.ts";
import { dirname } from "../../../sys/files.ts";
import type { Finding } from "../../interface.ts";
import { listCandidates } from "../../place.ts";
import { type Advice, type DoctorContext, good, note, problem, tryProgram } from "./finding.ts";

export function* checkPrograms(doctor: DoctorContext): Generator<Finding> {
  yield checkReal(doctor);
  yield* checkPath(doctor);
  for (const name of ["scp", "sftp"]) yield checkCopy(doctor, name);
  yield checkCircle(doctor);
}

const advice = {
  noReal: ["nothing that has to be passed through can work", "install openssh-client, or set SSHIM_REAL_SSH to its path"],
  other: ["its options may differ from those that sshim knows", "set SSHIM_REAL_SSH to an OpenSSH client"],
  old: ["sshim is tested with OpenSSH 9.2 and newer", "use a newer OpenSSH where something looks wrong"],
  changedPath: ["callers that go through sh share nothing", "look for what sets PATH in sh (ENV, BASH_ENV)"],
  noPath: ["callers that go through sh share nothing", "put sshim on PATH"],
  emptyPath: [
    "callers that start ssh without PATH (cron, Coolify's terminal) share nothing",
    "sudo sshim install --system puts sshim into /usr/local/bin, which comes first there",
  ],
  script: ["each call that is passed through starts it; a master is made by it, too", "set SSHIM_REAL_SSH if it is not needed"],
} satisfies Record<string, Advice>;

function checkReal({ real, context }: DoctorContext): Finding {
  if (real.path === undefined) return problem("real-ssh", `no real ssh is found by ${real.origin}`, advice.noReal);
  const said = tryProgram(real.path, ["-V"], { ...context.env, SSHIM_AS: undefined }, 5000);
  const version = parseVersion(`${said.stderr}\n${said.stdout}`);
  const words = said.stderr.trim().split("\n")[0] ?? "";
  if (!version) return problem("real-ssh", `${real.path} does not say that it is OpenSSH (${words || `exit ${said.code}`})`, advice.other);
  const isBefore = (major: number, minor: number) => version[0] < major || (version[0] === major && version[1] < minor);
  if (isBefore(8, 4)) return note("real-ssh", `${real.path} is ${words}`, advice.old);
  const differs = [isBefore(9, 4) ? "-P takes no argument yet" : "", isBefore(9, 6) ? "%C does not know the jump host" : ""];
  const how = differs.filter((word) => word !== "").join("; ");
  return good("real-ssh", `the real ssh is ${real.path}, ${words}${how === "" ? "" : ` (${how})`}`);
}

/** In this shell, in `sh -c`, and with an empty environment, as callers start it. */
function* checkPath({ context, front }: DoctorContext): Generator<Finding> {
  const isOurs = (path: string) => path !== "" && listCandidates(dirname(path))[0]?.kind === "front";
  const first = listCandidates(context.env.PATH)[0];
  const here: Advice = ["calls of ssh share nothing", `put ${dirname(front)} before the others on PATH, or run sshim install`];
  if (first?.kind === "front") yield good("path", `ssh in this shell is sshim: ${first.path}`);
  else yield problem("path", `ssh in this shell is ${first?.path ?? "missing"}, not sshim`, here);
  const shell = tryProgram("/bin/sh", ["-c", "command -v ssh"], context.env, 5000).stdout.trim();
  const found = `sh -c finds ${shell || "no ssh"}`;
  if (isOurs(shell)) yield good("path-sh", `ssh in sh -c is sshim: ${shell}`);
  else if (first?.kind === "front") yield problem("path-sh", found, advice.changedPath);
  else yield note("path-sh", found, advice.noPath);
  const empty = tryProgram("/bin/sh", ["-c", "command -v ssh"], {}, 5000).stdout.trim();
  if (isOurs(empty)) yield good("path-empty", `with an empty environment ssh is sshim: ${empty}`);
  else yield note("path-empty", `with an empty environment ssh is ${empty || "missing"}`, advice.emptyPath);
}

function checkCopy({ context }: DoctorContext, name: string): Finding {
  const first = listCandidates(context.env.PATH, name)[0];
  if (!first) return note(name, `${name} is not installed`, [`nothing: nobody here uses ${name}`, ""]);
  if (first.kind === "front") return good(name, `${name} is covered: ${first.path}`);
  const mend: Advice = [`${name} shares no connection`, `put sshim's ${name} before it on PATH`];
  return note(name, `${name} is ${first.path}, which runs its own compiled-in ssh`, mend);
}

/** The front, asked for the version, has to end with what the real ssh says. */
function checkCircle({ context, front, real }: DoctorContext): Finding {
  const scripts = real.candidates.filter(({ kind }) => kind === "script").map(({ path }) => path);
  const through = tryProgram(front, ["-V"], { ...context.env, SSHIM_AS: undefined }, 5000);
  if (through.timedOut || through.code !== 0) {
    const why = through.timedOut ? "does not end" : `fails: ${through.stderr.trim().split("\n")[0] ?? ""}`;
    const wrappers = scripts.length > 0 ? `; wrappers on PATH: ${scripts.join(", ")}` : "";
    const mend: Advice = ["a wrapper leads back to sshim, or the real ssh is broken", `set SSHIM_REAL_SSH to the real program${wrappers}`];
    return problem("circle", `ssh -V through sshim ${why}`, mend);
  }
  if (real.path !== undefined && scripts.includes(real.path))
    return note("circle", `the real ssh is a script: ${real.path}`, advice.script);
  return good("circle", `ssh -V through sshim ends as it should, after ${Math.round(through.ms)} ms`);
}
