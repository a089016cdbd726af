/**
 * A live dial to one host: time of a handshake, of a shared command, how many sessions the server allows at once, who closes an idle
 * connection. On a private master of its own, so that nobody's sessions are disturbed; everything it starts is gone afterwards.
 */
import { elapsed, sleep } from "../../../sys/clock.ts";
import { temporaryFolder } from "../../../sys/environment.ts";
import { join, makeTemporaryFolder, removeTree } from "../../../sys/files.ts";
import { type Child, start } from "../../../sys/processes.ts";
import { textOption } from "../../command.ts";
import type { Finding } from "../../interface.ts";
import { formatMilliseconds, formatSeconds, readSeconds } from "../../units.ts";
import { type DoctorContext, good, note, problem, type Trial, tryProgram } from "./finding.ts";
import { findIn } from "./ssh-config.ts";

/** More sessions than this are not tried. */
const MOST_SESSIONS = 24;
const PATIENCE = 30_000;

export async function checkHost(doctor: DoctorContext): Promise<Finding[]> {
  const host = textOption(doctor.context, "host");
  if (host === undefined || doctor.real.path === undefined) return [];
  const folder = makeTemporaryFolder(join(temporaryFolder(), "sshim-d-"));
  const path = join(folder, "m");
  const handshake = runReal(doctor, ["-oBatchMode=yes", "-S", "none", "-n", ...doctor.context.ssh, "--", host, "true"]);
  if (handshake.code !== 0) {
    removeTree(folder);
    const words = handshake.timedOut
      ? "no answer within 30 s"
      : (handshake.stderr.trim().split(/\r?\n/).at(-1) ?? `exit ${handshake.code}`);
    return [
      problem(
        "dial",
        `${host} cannot be dialled without a question: ${words}`,
        "callers that cannot answer fail as well",
        "try the real ssh by hand: keys, known_hosts, agent",
      ),
    ];
  }
  const findings = [good("dial", `a plain ssh to ${host} with a handshake of its own takes ${formatMilliseconds(handshake.ms)}`)];
  findings.push(checkShared(doctor, host));
  const master = runReal(doctor, [
    "-oBatchMode=yes",
    "-oControlPersist=yes",
    "-oServerAliveInterval=0",
    "-fNM",
    ...doctor.context.ssh,
    "-S",
    path,
    "--",
    host,
  ]);
  try {
    if (master.code === 0) {
      findings.push(await checkSessions(doctor, host, path));
      findings.push(...(await checkIdle(doctor, host, path)));
    }
  } finally {
    runReal(doctor, [...doctor.context.ssh, "-S", path, "-O", "exit", "--", host]);
    removeTree(folder);
  }
  return findings;
}

/** Twice through the front: the second one finds everything there. */
function checkShared({ context, front }: DoctorContext, host: string): Finding {
  const env = { ...context.env, SSHIM_AS: undefined };
  const args = ["-oBatchMode=yes", "-n", ...context.ssh, "--", host, "true"];
  const first = tryProgram(front, args, env, PATIENCE);
  const second = tryProgram(front, args, env, PATIENCE);
  if (first.code !== 0 || second.code !== 0) {
    const words = (second.code !== 0 ? second : first).stderr.trim().split(/\r?\n/).at(-1) ?? "";
    return problem("shared", `the same through sshim fails: ${words}`, "calls to this host fail", `sshim why; sshim explain -- ${host}`);
  }
  return good("shared", `through sshim the first takes ${formatMilliseconds(first.ms)}, the next ${formatMilliseconds(second.ms)}`);
}

/** Opens sessions until the server refuses one. */
async function checkSessions(doctor: DoctorContext, host: string, path: string): Promise<Finding> {
  const children: Child[] = [];
  let allowed = 0;
  try {
    while (allowed < MOST_SESSIONS && (await openSession(doctor, host, path, children))) allowed++;
  } finally {
    for (const child of children) child.hangUp();
  }
  if (allowed >= MOST_SESSIONS) return good("sessions", `${host} allows at least ${MOST_SESSIONS} sessions on one connection`);
  if (allowed === 0)
    return problem(
      "sessions",
      `${host} allows no session on a shared connection`,
      "every call needs a handshake of its own",
      "set MaxSessions in its sshd_config to 10 or more",
    );
  const plenty = allowed >= 10;
  const what = `${host} allows ${allowed} sessions on one connection (MaxSessions)`;
  return plenty
    ? good("sessions", what)
    : note("sessions", what, "a crowd needs more connections, up to 8 a key", "set MaxSessions in its sshd_config to 10 or more");
}

/** `cat` answers as soon as its session is open; it ends with its stdin. */
function openSession({ context, front, real }: DoctorContext, host: string, path: string, children: Child[]): Promise<boolean> {
  const options = ["-oControlMaster=no", "-oBatchMode=yes", "-oProxyCommand=false", "-S", path, "-T", "--", host, "echo open; cat"];
  const child = start({
    path: front,
    name: "ssh",
    words: ["ssh", real.path ?? "", ...options],
    environment: { ...context.env, SSHIM_AS: "launch" },
    stdin: "pipe",
    stdout: "pipe",
  });
  children.push(child);
  return Promise.race([child.spoke, sleep(10_000).then(() => false)]);
}

/** With --idle: nothing is sent for so long; does the connection live still? */
async function checkIdle(doctor: DoctorContext, host: string, path: string): Promise<Finding[]> {
  const asked = textOption(doctor.context, "idle");
  const alive = findIn(doctor, host, ["serveraliveinterval"]).get("serveraliveinterval");
  if (asked === undefined) return [];
  const seconds = readSeconds("idle", asked);
  const began = elapsed();
  while (elapsed() - began < seconds * 1000) {
    await sleep(Math.min(1000, seconds * 250));
    if (runReal(doctor, [...doctor.context.ssh, "-S", path, "-O", "check", "--", host]).code !== 0) {
      const after = formatSeconds((elapsed() - began) / 1000);
      return [
        note(
          "idle",
          `${host}, or something on the way, closes an idle connection after ${after}`,
          "without keep-alive a master would be lost then",
          `sshim sends one every few seconds (server_alive)${alive && alive !== "0" ? `; ssh_config says ServerAliveInterval ${alive}` : ""}`,
        ),
      ];
    }
  }
  const still = runReal(doctor, [
    "-oControlMaster=no",
    "-oProxyCommand=false",
    "-n",
    ...doctor.context.ssh,
    "-S",
    path,
    "--",
    host,
    "true",
  ]);
  if (still.code !== 0)
    return [
      problem(
        "idle",
        `after ${formatSeconds(seconds)} of silence the connection to ${host} is dead, and nobody said so`,
        "something on the way forgets idle connections (NAT, firewall)",
        "leave server_alive on",
      ),
    ];
  return [good("idle", `nobody closes a connection to ${host} that is idle for ${formatSeconds(seconds)}`)];
}

function runReal({ context, front, real }: DoctorContext, args: readonly string[]): Trial {
  return tryProgram(front, ["ssh", real.path ?? "", ...args], { ...context.env, SSHIM_AS: "launch" }, PATIENCE);
}
