/** The programs: which ssh is real, which one callers get in which environment, whether anything goes round in circles. */
import { parseVersion } from "../../../openssh/argv/options.ts";
import { dirname, join } from "../../../sys/files.ts";
import type { Finding } from "../../interface.ts";
import { listCandidates } from "../../place.ts";
import { type DoctorContext, good, note, problem, tryProgram } from "./finding.ts";

export function checkPrograms(doctor: DoctorContext): Finding[] {
  return [checkReal(doctor), ...checkPath(doctor), ...["scp", "sftp"].map((name) => checkCopy(doctor, name)), checkCircle(doctor)];
}

function checkReal({ real, context }: DoctorContext): Finding {
  if (real.path === undefined) {
    return problem(
      "real-ssh",
      `no real ssh is found by ${real.origin}`,
      "nothing that has to be passed through can work",
      "install openssh-client, or set SSHIM_REAL_SSH to its path",
    );
  }
  const said = tryProgram(real.path, ["-V"], { ...context.env, SSHIM_AS: undefined }, 5000);
  const version = parseVersion(`${said.stderr}\n${said.stdout}`);
  const words = said.stderr.trim().split("\n")[0] ?? "";
  if (!version)
    return problem(
      "real-ssh",
      `${real.path} does not say that it is OpenSSH (${words || `exit ${said.code}`})`,
      "its options may differ from those that sshim knows",
      "set SSHIM_REAL_SSH to an OpenSSH client",
    );
  const [major, minor] = version;
  if (major < 8 || (major === 8 && minor < 4))
    return note(
      "real-ssh",
      `${real.path} is ${words}`,
      "sshim is tested with OpenSSH 9.2 and newer",
      "use a newer OpenSSH where something looks wrong",
    );
  const differs = [
    major < 9 || (major === 9 && minor < 4) ? "-P takes no argument yet" : "",
    major < 9 || (major === 9 && minor < 6) ? "%C does not know the jump host" : "",
  ].filter((word) => word !== "");
  return good("real-ssh", `the real ssh is ${real.path}, ${words}${differs.length > 0 ? ` (${differs.join("; ")})` : ""}`);
}

/** In this shell, in `sh -c`, and with an empty environment, as callers start it. */
function checkPath({ context, front }: DoctorContext): Finding[] {
  const first = listCandidates(context.env.PATH)[0];
  const shell = tryProgram("/bin/sh", ["-c", "command -v ssh"], context.env, 5000).stdout.trim();
  const empty = tryProgram("/bin/sh", ["-c", "command -v ssh"], {}, 5000).stdout.trim();
  const isOurs = (path: string) => path !== "" && listCandidates(dirname(path))[0]?.kind === "front";
  const here = join(dirname(front), "");
  const findings: Finding[] = [];
  if (first?.kind === "front") findings.push(good("path", `ssh in this shell is sshim: ${first.path}`));
  else
    findings.push(
      problem(
        "path",
        `ssh in this shell is ${first?.path ?? "missing"}, not sshim`,
        "calls of ssh share nothing",
        `put ${here} before the others on PATH, or run sshim install`,
      ),
    );
  if (!isOurs(shell))
    findings.push(
      first?.kind === "front"
        ? problem(
            "path-sh",
            `sh -c finds ${shell || "no ssh"}`,
            "callers that go through sh share nothing",
            "look for what sets PATH in sh (ENV, BASH_ENV)",
          )
        : note("path-sh", `sh -c finds ${shell || "no ssh"}`, "callers that go through sh share nothing", "put sshim on PATH"),
    );
  else findings.push(good("path-sh", `ssh in sh -c is sshim: ${shell}`));
  if (!isOurs(empty))
    findings.push(
      note(
        "path-empty",
        `with an empty environment ssh is ${empty || "missing"}`,
        "callers that start ssh without PATH (cron, Coolify's terminal) share nothing",
        "sudo sshim install --system puts sshim into /usr/local/bin, which comes first there",
      ),
    );
  else findings.push(good("path-empty", `with an empty environment ssh is sshim: ${empty}`));
  return findings;
}

function checkCopy({ context }: DoctorContext, name: string): Finding {
  const first = listCandidates(context.env.PATH, name)[0];
  if (!first) return note(name, `${name} is not installed`, `nothing: nobody here uses ${name}`, "");
  if (first.kind === "front") return good(name, `${name} is covered: ${first.path}`);
  return note(
    name,
    `${name} is ${first.path}, which runs its own compiled-in ssh`,
    `${name} shares no connection`,
    `put sshim's ${name} before it on PATH`,
  );
}

/** The front, asked for the version, has to end with what the real ssh says. */
function checkCircle({ context, front, real }: DoctorContext): Finding {
  const scripts = real.candidates.filter(({ kind }) => kind === "script").map(({ path }) => path);
  const through = tryProgram(front, ["-V"], { ...context.env, SSHIM_AS: undefined }, 5000);
  if (through.timedOut || through.code !== 0) {
    const words = through.stderr.trim().split("\n")[0] ?? "";
    const why = through.timedOut ? "does not end" : `fails: ${words}`;
    return problem(
      "circle",
      `ssh -V through sshim ${why}`,
      "a wrapper leads back to sshim, or the real ssh is broken",
      `set SSHIM_REAL_SSH to the real program${scripts.length > 0 ? `; wrappers on PATH: ${scripts.join(", ")}` : ""}`,
    );
  }
  if (scripts.length > 0 && real.path !== undefined && scripts.includes(real.path)) {
    return note(
      "circle",
      `the real ssh is a script: ${real.path}`,
      "each call that is passed through starts it; a master is made by it, too",
      "set SSHIM_REAL_SSH if it is not needed",
    );
  }
  return good("circle", `ssh -V through sshim ends as it should, after ${Math.round(through.ms)} ms`);
}
