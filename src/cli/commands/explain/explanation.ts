/** Gathers the explanation of one call: plan, the front's early ways out, ticket, masters, dial. */
import { dialCommand } from "../../../master/ssh-command.ts";
import { destinationOf } from "../../../openssh/ssh-g.ts";
import type { Plan, SharedPlan } from "../../../plan/plan.ts";
import { composeQuestion } from "../../../protocol/call-id.ts";
import { limits } from "../../../protocol/contract.ts";
import { tryRead } from "../../../sys/files.ts";
import { byteLength, decodeLatin1, decodeStrictUtf8, decodeUtf8, encodeLatin1 } from "../../../sys/text.ts";
import { type Context, nameRun } from "../../command.ts";
import type { Explanation } from "../../interface.ts";
import { listMasters } from "../../masters/list.ts";
import { inspectRun } from "../../place.ts";
import { planCall } from "./call.ts";
import { lookUpTicket } from "./ticket.ts";

export async function explainCall(context: Context): Promise<Explanation> {
  const run = nameRun(context);
  const { call, plan, real } = await planCall(context);
  const shared = plan.action === "pass" ? undefined : plan;
  const front = checkFront(context, run, composeQuestion(context.env, call.command, call.words), call.words);
  const masters =
    shared === undefined || front !== undefined
      ? []
      : (await listMasters(context)).filter((master) => master.key === shared.master.pool.key);
  const { config, parsed, resolved, ssh } = plan.inputs;
  const { originsFor } = await import("../../../config/config.ts");
  const origins = originsFor(config, parsed.host, resolved?.get("hostname")?.[0]);
  return {
    lane: front ? "pass" : plan.action,
    reason: front?.reason ?? plan.reason,
    why: front?.why ?? plan.why,
    destination: resolved === undefined ? null : destinationOf(resolved),
    key: shared?.master.pool.key ?? null,
    connection_key: shared?.master.connectionKey ?? null,
    key_parts: shared === undefined ? null : partsOf(shared),
    socket: shared?.master.pool.socket ?? null,
    own_control_path: shared?.placement.atCallerPath ?? false,
    shards: shared?.placement.shards ?? null,
    masters: masters.map(({ shard, pid, state, sessions, limit, age_seconds }) => ({ shard, pid, state, sessions, limit, age_seconds })),
    dial: shared === undefined || shared.action === "control" ? null : dialOf(shared),
    real_ssh: {
      path: call.real,
      version: ssh.version?.join(".") ?? null,
      origin: real.origin,
      skipped: real.candidates.filter(({ kind }) => kind === "front").map(({ path }) => path),
    },
    ticket: front ? null : lookUpTicket(call, context.env),
    cache: cacheOf(plan),
    session: shared === undefined ? null : sessionOf(shared),
    settings: origins
      .filter(({ origin }) => origin !== "default")
      .map(({ name, value, origin }) => ({ name, value: value ?? null, origin })),
    problems: config.problems,
  };
}

/** What the front passes before it asks anybody (src/front/main.c). */
function checkFront(
  context: Context,
  run: string,
  question: string,
  words: readonly string[],
): { reason: string; why: string } | undefined {
  if (context.env.SSHIM === "off") return { reason: "off", why: "switched off (set by SSHIM=off)" };
  const unsafe = inspectRun(run, context.uid);
  if (unsafe) return { reason: "no place", why: `the runtime directory ${run} is not used: ${unsafe}` };
  if (hasStrangeBytes(words)) return { reason: "question", why: "options or host are not valid UTF-8" };
  if (byteLength(question) > limits.callIdBytes) return { reason: "question", why: "options and host are longer than 16,000 bytes" };
  return undefined;
}

/** The runtime has replaced what is no UTF-8; the kernel still has the bytes. */
function hasStrangeBytes(words: readonly string[]): boolean {
  if (!words.some((word) => word.includes("\ufffd"))) return false;
  const given = decodeLatin1(tryRead("/proc/self/cmdline") ?? new Uint8Array(0)).split("\0");
  const replaced = given.map(encodeLatin1).filter((bytes) => words.includes(decodeUtf8(bytes)));
  return replaced.some((bytes) => decodeStrictUtf8(bytes) === undefined);
}

function cacheOf({ cache }: Plan): Explanation["cache"] {
  if (cache.rule === "keep") return { rule: "keep", reason: null };
  return { rule: cache.rule === "never" ? "never" : "not yet", reason: cache.reason };
}

function partsOf({ parts }: SharedPlan): Explanation["key_parts"] {
  return { options: [...parts.lines], extras: [...parts.extras], files: [...parts.files] };
}

function dialOf({ master }: SharedPlan): string[] {
  const { words } = dialCommand(master, master.pool.socket, undefined, undefined, undefined);
  return [master.launcher.real, ...words];
}

function sessionOf({ session }: SharedPlan): Explanation["session"] {
  const { tty, agent, subsystem, stdinNull, stdio, command, sendEnv, setEnv } = session;
  const names = setEnv.map((assignment) => assignment.split("=", 1)[0] ?? "");
  return {
    tty,
    agent,
    subsystem,
    stdin_null: stdinNull,
    stdio: stdio ?? null,
    remote_command: command !== undefined,
    send_env: [...sendEnv],
    set_env: names,
  };
}
