/**
 * A live dial to one host: time of a handshake, of a shared command, how many sessions the server
 * allows at once, who closes an idle connection. On a private master of its own, so that nobody's
 * sessions are disturbed; everything it starts is gone afterwards.
 */
import { elapsed, sleep } from "../../../sys/clock.ts";
import { temporaryFolder } from "../../../sys/environment.ts";
import { join, makeTemporaryFolder, removeTree } from "../../../sys/files.ts";
import { type Child, start } from "../../../sys/processes.ts";
import { textOption } from "../../command.ts";
import type { Finding } from "../../interface.ts";
import { formatMilliseconds, formatSeconds, readSeconds } from "../../units.ts";
import { type Advice, type DoctorContext, good, note, problem, type Trial, tryProgram } from "./finding.ts";
import { findIn } from "./ssh-config.ts";

/** More sessions than this are not tried. */
const MOST_SESSIONS = 24;
const PATIENCE = 30_000;

const advice = {
  undialled: ["callers that cannot answer fail as well", "try the real ssh by hand: keys, known_hosts, agent"],
  none: ["every call needs a handshake of its own", "set MaxSessions in its sshd_config to 10 or more"],
  few: ["a crowd needs more connections, up to 8 a key", "set MaxSessions in its sshd_config to 10 or more"],
  forgotten: ["something on the way forgets idle connections (NAT, firewall)", "leave server_alive on"],
} satisfies Record<string, Advice>;

export async function* checkHost(doctor: DoctorContext): AsyncGenerator<Finding> {
  const { context, real } = doctor;
  const host = textOption(context, "host");
  if (host === undefined || real.path === undefined) return;
  const handshake = runReal(doctor, ["-oBatchMode=yes", "-S", "none", "-n", ...context.ssh, "--", host, "true"]);
  if (handshake.code !== 0) {
    const words = handshake.timedOut ? "no answer within 30 s" : lastLine(handshake) || `exit ${handshake.code}`;
    return yield problem("dial", `${host} cannot be dialled without a question: ${words}`, advice.undialled);
  }
  yield good("dial", `a plain ssh to ${host} with a handshake of its own takes ${formatMilliseconds(handshake.ms)}`);
  yield checkShared(doctor, host);
  const folder = makeTemporaryFolder(join(temporaryFolder(), "sshim-d-"));
  const path = join(folder, "m");
  const options = ["-oBatchMode=yes", "-oControlPersist=yes", "-oServerAliveInterval=0", "-fNM"];
  const master = runReal(doctor, [...options, ...context.ssh, "-S", path, "--", host]);
  try {
    if (master.code === 0) {
      yield await checkSessions(doctor, host, path);
      yield* checkIdle(doctor, host, path);
    }
  } finally {
    runReal(doctor, [...context.ssh, "-S", path, "-O", "exit", "--", host]);
    removeTree(folder);
  }
}

/** Twice through the front: the second one finds everything there. */
function checkShared({ context, front }: DoctorContext, host: string): Finding {
  const env = { ...context.env, SSHIM_AS: undefined };
  const args = ["-oBatchMode=yes", "-n", ...context.ssh, "--", host, "true"];
  const first = tryProgram(front, args, env, PATIENCE);
  const second = tryProgram(front, args, env, PATIENCE);
  if (first.code === 0 && second.code === 0)
    return good("shared", `through sshim the first takes ${formatMilliseconds(first.ms)}, the next ${formatMilliseconds(second.ms)}`);
  const words = lastLine(second.code !== 0 ? second : first);
  return problem("shared", `the same through sshim fails: ${words}`, ["calls to this host fail", `sshim why; sshim explain -- ${host}`]);
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
  if (allowed === 0) return problem("sessions", `${host} allows no session on a shared connection`, advice.none);
  const what = `${host} allows ${allowed} sessions on one connection (MaxSessions)`;
  return allowed >= 10 ? good("sessions", what) : note("sessions", what, advice.few);
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
async function* checkIdle(doctor: DoctorContext, host: string, path: string): AsyncGenerator<Finding> {
  const asked = textOption(doctor.context, "idle");
  if (asked === undefined) return;
  const { ssh } = doctor.context;
  const seconds = readSeconds("idle", asked);
  const began = elapsed();
  while (elapsed() - began < seconds * 1000) {
    await sleep(Math.min(1000, seconds * 250));
    if (runReal(doctor, [...ssh, "-S", path, "-O", "check", "--", host]).code === 0) continue;
    const alive = findIn(doctor, host, ["serveraliveinterval"]).get("serveraliveinterval");
    const theirs = alive && alive !== "0" ? `; ssh_config says ServerAliveInterval ${alive}` : "";
    const what = `${host}, or something on the way, closes an idle connection after ${formatSeconds((elapsed() - began) / 1000)}`;
    const remedy = `sshim sends one every few seconds (server_alive)${theirs}`;
    return yield note("idle", what, ["without keep-alive a master would be lost then", remedy]);
  }
  const time = formatSeconds(seconds);
  const still = runReal(doctor, ["-oControlMaster=no", "-oProxyCommand=false", "-n", ...ssh, "-S", path, "--", host, "true"]);
  if (still.code === 0) yield good("idle", `nobody closes a connection to ${host} that is idle for ${time}`);
  else yield problem("idle", `after ${time} of silence the connection to ${host} is dead, and nobody said so`, advice.forgotten);
}

/** The last that a program said on stderr. */
function lastLine({ stderr }: Trial): string {
  return stderr.trim().split(/\r?\n/).at(-1) ?? "";
}

function runReal({ context, front, real }: DoctorContext, args: readonly string[]): Trial {
  return tryProgram(front, ["ssh", real.path ?? "", ...args], { ...context.env, SSHIM_AS: "launch" }, PATIENCE);
}
