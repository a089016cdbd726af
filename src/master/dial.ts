/**
 * Makes a master: one handshake by the real ssh, shown to the caller as the real ssh would have shown it, and a record of what came of it.
 * The caller holds the lock of the shard. It never dials over a master that answers, leaves no process that nobody can reach, and
 * repeats nothing but what ssh's own words prove to be harmless.
 */
import { classifyDialFailure, type DialFailure } from "../openssh/messages.ts";
import { optionOf } from "../openssh/ssh-g.ts";
import { hashName } from "../protocol/paths.ts";
import { elapsed, now, nowSeconds, sleep } from "../sys/clock.ts";
import { workingFolder } from "../sys/environment.ts";
import { close, exists, makeFolders, O_NOCTTY, O_RDWR, open, remove, writeMark } from "../sys/files.ts";
import { endAtOnce } from "../sys/processes.ts";
import { CALLER_STDERR } from "../sys/terminal.ts";
import { decodeLatin1 } from "../sys/text.ts";
import { closeLog, discard, type Log, openLog, readLog, shareFailure, show } from "./dial-log.ts";
import { findDaemon, listens, lookAtProcess, type Process } from "./proc.ts";
import { type MasterRecord, writeRecord } from "./record.ts";
import { decideDial } from "./retry.ts";
import { tightLimit } from "./rlimits.ts";
import { recallLimit } from "./session-limit.ts";
import { spawnSsh } from "./spawn-ssh.ts";
import type { MasterSpec } from "./spec.ts";
import { connectTimeout, dialCommand, dialLimit, usesProxy } from "./ssh-command.ts";

/** The part of the line to the front that a dial needs (src/answer/channel.ts). */
export interface DialLine {
  lock(name: string, count: number, seconds: number): "got" | "waited" | "busy";
  unlock(name: string): void;
  wait(seconds: number): void;
}

/**
 * made = a new master listens; live = one was there already, or came first; failed = ssh's words are on stderr, exit with this code;
 * pass = the real ssh does it better, for this reason.
 */
export type DialOutcome =
  | { state: "made"; record: MasterRecord }
  | { state: "live" }
  | { state: "failed"; exitCode: number; failure: DialFailure; evidence: string }
  | { state: "pass"; reason: string };

type Work = () => Promise<void>;

/**
 * Makes the master of a shard. Throws nothing that a caller has to know: what goes wrong with files ends in `pass`.
 * @param meanwhile what is done while the handshake is under way (duringHandshake, and what its caller adds)
 */
export async function dialMaster(spec: MasterSpec, shard: number, line: DialLine, meanwhile: Work): Promise<DialOutcome> {
  const began = elapsed();
  const outcome = await tryDial(spec, shard, line, meanwhile);
  await journalDial(spec, shard, outcome, Math.round(elapsed() - began));
  return outcome;
}

async function tryDial(spec: MasterSpec, shard: number, line: DialLine, meanwhile: Work): Promise<DialOutcome> {
  const socket = shard === 0 ? spec.pool.socket : `${spec.pool.dir}/${shard}`;
  const record = `${spec.pool.dir}/${shard}.m`;
  if (tightLimit() !== undefined) return { state: "pass", reason: "limits" };
  makeFolders(spec.pool.dir, 0o700);
  if (socket.startsWith(`${spec.pool.dir}/`) && exists(`${spec.pool.dir}/0.unlinkable`)) return { state: "pass", reason: "unlinkable" };
  const occupied = exists(socket);
  if (occupied) {
    const { clearPath } = await import("./control-path.ts");
    const cleared = await clearPath(spec, socket, record);
    if (cleared !== "clear") return cleared === "live" ? { state: "live" } : { state: "pass", reason: "path" };
  }
  if (exists(record)) (await import("./control-path.ts")).leaveRecord(record, !occupied);
  const place = `dial/${hashName(server(spec))}`;
  if (line.lock(place, spec.settings.max_dials, connectTimeout(spec) ?? 30) === "busy") {
    return { state: "pass", reason: "dials" };
  }
  line.wait(0);
  return dialWithRetries(spec, shard, socket, meanwhile);
}

/** Server of a dial, for the number of handshakes at a time: host and port, or the key where a proxy leads there. */
function server(spec: MasterSpec): string {
  return usesProxy(spec) ? spec.pool.key : `${optionOf(spec.resolved, "hostname") ?? spec.host}:${optionOf(spec.resolved, "port") ?? "22"}`;
}

async function dialWithRetries(spec: MasterSpec, shard: number, socket: string, meanwhile: Work): Promise<DialOutcome> {
  const quiet = !asksOnTerminal(spec);
  const patience = connectTimeout(spec) ?? spec.settings.dial_timeout;
  const began = now();
  let timeout = connectTimeout(spec) === undefined ? patience : undefined;
  for (let attempt = 0; ; attempt++) {
    const dialling = dialOnce(spec, shard, socket, quiet, timeout);
    if (attempt === 0) await meanwhile();
    const dialled = await dialling;
    if (dialled.outcome !== undefined) return dialled.outcome;
    const pause = spec.settings.retry_delay * (0.5 + Math.random());
    const left = Math.floor(patience - (now() - began) / 1000 - pause);
    const decision = decideDial(quiet ? classifyDialFailure(dialled.words) : "unknown", attempt, spec.settings.retries, left);
    if (decision === "again") {
      discard(dialled.log);
      await sleep(pause * 1000);
      timeout = left;
    } else if (decision === "pass") {
      discard(dialled.log);
      // From now on the plan serves this path in our own folder, and does not knock in vain where even that cannot be.
      writeMark(socket.startsWith(`${spec.pool.dir}/`) ? `${spec.pool.dir}/0.unlinkable` : `${spec.pool.dir}/unlinkable`);
      return { state: "pass", reason: "unlinkable" };
    } else {
      return showFailure(spec, dialled, quiet);
    }
  }
}

interface DialAttempt {
  /** What there is to say at once; undefined: it failed, and the words say why. */
  outcome?: DialOutcome;
  exitCode: number;
  /** Every byte that ssh and its proxy wrote on stderr, as far as they were caught. */
  words: string;
  log: Log | undefined;
}

async function dialOnce(
  spec: MasterSpec,
  shard: number,
  socket: string,
  quiet: boolean,
  timeout: number | undefined,
): Promise<DialAttempt> {
  const proxied = usesProxy(spec);
  const log = quiet || proxied ? openLog(spec, shard) : undefined;
  const own = quiet ? log?.path : undefined;
  const command = dialCommand(spec, socket, own, proxied ? log?.path : undefined, timeout);
  const exit = await spawnSsh({
    launcher: spec.launcher,
    arguments: command.words,
    stderr: own === undefined || log === undefined ? CALLER_STDERR : log.file,
    directory: spec.dependsOnCwd ? (workingFolder() ?? "/") : "/",
    environment: command.environment,
    limit: quiet ? dialLimit(spec) : undefined,
  });
  const bytes = log === undefined ? new Uint8Array(0) : readLog(log);
  const dialled = { exitCode: exit.exitCode ?? 255, words: decodeLatin1(bytes), log };
  if (exit.exitCode === undefined) {
    discard(log);
    return { ...dialled, outcome: { state: "pass", reason: exit.stuck ? "stuck" : "launch" } };
  }
  if (exit.exitCode !== 0) return dialled;
  return { ...dialled, outcome: await acceptMaster(spec, shard, socket, exit.pid, command.words, bytes, log, own) };
}

/** ssh says that it is in the background: finds it, makes sure that it serves our path, and writes the record. */
async function acceptMaster(
  spec: MasterSpec,
  shard: number,
  socket: string,
  listener: number,
  words: readonly string[],
  said: Uint8Array,
  log: Log | undefined,
  own: string | undefined,
): Promise<DialOutcome> {
  // Only a path that others know too can be lost to somebody else between our look and link(2).
  const atCallerPath = !socket.startsWith(`${spec.pool.dir}/`);
  const daemon = findDaemon(listener, words) ?? (atCallerPath ? undefined : await findByAsking(socket));
  if (daemon === undefined || (atCallerPath && !listens(daemon.pid))) {
    if (daemon !== undefined) endAtOnce(daemon.pid);
    discard(log);
    return { state: "live" };
  }
  const record: MasterRecord = {
    connectionKey: spec.connectionKey,
    pid: daemon.pid,
    created: nowSeconds(),
    limit: recallLimit(spec.pool.dir) ?? spec.settings.max_sessions,
    listener,
    persist: spec.persist,
    socket,
    destination: spec.destination,
    log: own,
    attributes: {
      ...spec.attributes(),
      started: `${daemon.started}`,
      said: `${said.length}`,
      host: optionOf(spec.resolved, "hostname") ?? spec.host,
    },
  };
  try {
    writeRecord(`${spec.pool.dir}/${shard}.m`, record);
  } catch {
    return withdraw(daemon, socket, log);
  }
  show(CALLER_STDERR, said);
  closeLog(log);
  return { state: "made", record };
}

/** Where ssh is something that rewrites its arguments: whoever answers on a path that only we know is ours. */
async function findByAsking(socket: string): Promise<Process | undefined> {
  const { askAlive } = await import("../openssh/mux/client.ts");
  const asked = await askAlive(socket);
  return asked.ok && asked.reply.type === "alive" ? lookAtProcess(asked.reply.pid) : undefined;
}

/** A master that cannot be written down would be one that nobody drains: it has no session yet, so it goes. */
function withdraw(daemon: Process, socket: string, log: Log | undefined): DialOutcome {
  endAtOnce(daemon.pid);
  remove(socket);
  discard(log);
  return { state: "pass", reason: "record" };
}

function showFailure(spec: MasterSpec, dialled: DialAttempt, quiet: boolean): DialOutcome {
  const bytes = dialled.log === undefined ? new Uint8Array(0) : readLog(dialled.log);
  discard(dialled.log);
  if (quiet && bytes.length === 0 && !/^(?:quiet|silent)$/i.test(optionOf(spec.resolved, "loglevel") ?? "")) {
    // ssh always says why it fails: its words were lost (a full disk), so the real one has to say them.
    return { state: "pass", reason: "silence" };
  }
  show(CALLER_STDERR, bytes);
  if (quiet) shareFailure(spec, bytes);
  // On a terminal its words were not caught.
  const last = dialled.words.trimEnd().split(/\r?\n/).at(-1) ?? "";
  return { state: "failed", exitCode: dialled.exitCode, failure: classifyDialFailure(dialled.words), evidence: last };
}

/** With a terminal, and no promise not to use it, ssh's prompts and messages have to stay in order: then it writes them itself. */
function asksOnTerminal(spec: MasterSpec): boolean {
  if (optionOf(spec.resolved, "batchmode") === "yes") return false;
  try {
    close(open("/dev/tty", O_RDWR | O_NOCTTY));
    return true;
  } catch {
    return false;
  }
}

/**
 * What costs the caller nothing while ssh waits for the server: gets ready what the record needs, and sweeps where that is due.
 * @param run the runtime directory
 */
export async function duringHandshake(spec: MasterSpec, run: string): Promise<void> {
  spec.attributes();
  const { isSweepDue, sweep } = await import("./sweep.ts");
  if (!isSweepDue(run)) return;
  const swept = sweep(run);
  if (swept.tickets + swept.keys + swept.logs === 0) return;
  const { journalEvent } = await import("../journal/journal.ts");
  journalEvent(run, { event: "sweep", ...swept }, spec.settings);
}

async function journalDial(spec: MasterSpec, shard: number, outcome: DialOutcome, ms: number): Promise<void> {
  const { journalEvent } = await import("../journal/journal.ts");
  const about = { destination: spec.destination, key: spec.pool.key, shard, ms };
  const pid = outcome.state === "made" ? { pid: outcome.record.pid } : {};
  const reason = outcome.state === "pass" ? { reason: outcome.reason } : {};
  const why = outcome.state === "failed" ? { failure: outcome.failure, evidence: outcome.evidence } : {};
  journalEvent(
    spec.run,
    { event: "dial", ...about, ...pid, outcome: outcome.state === "made" ? "ok" : outcome.state, ...reason, ...why },
    spec.settings,
  );
}
