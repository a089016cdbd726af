/**
 * The control plane dies of things that ssh does not mind (no libstdc++, no /proc, little address
 * space); then every new connection is passed through. Tried as callers would have it: by a cold
 * call in an empty runtime directory, to a host that cannot be.
 */
import { temporaryFolder } from "../../../sys/environment.ts";
import { dirname, join, listFolder, makeTemporaryFolder, readText, removeTree } from "../../../sys/files.ts";
import type { Finding } from "../../interface.ts";
import { type DoctorContext, good, problem, tryProgram } from "./finding.ts";

export function* checkControl(doctor: DoctorContext): Generator<Finding> {
  const start = checkStart(doctor);
  yield start;
  if (start.level === "ok") yield checkCold(doctor);
  const limit = /^Max address space\s+(\S+)/m.exec(readText("/proc/self/limits"))?.[1];
  if (limit === undefined || limit === "unlimited" || Number(limit) >= NEEDED) return;
  const what = `the address space is limited to ${Math.round(Number(limit) / 2 ** 20)} MB (ulimit -v)`;
  yield problem("memory", what, ["the control plane may not start under it", "raise the limit for callers of ssh"]);
}

/** What the runtime reserves, without using it. */
const NEEDED = 4 * 2 ** 30;
const NEEDS = "it needs libstdc++ and libgcc_s (on musl), /proc and about 4 GB of address space";

function checkStart({ context, front }: DoctorContext): Finding {
  const control = context.env.SSHIM_CONTROL || join(dirname(front), "sshim-control");
  const started = tryProgram(control, ["--version"], { PATH: context.env.PATH, HOME: context.env.HOME }, 15_000);
  if (started.code === 0) return good("control", `the control plane starts: ${control}, ${Math.round(started.ms)} ms`);
  const words = started.stderr.trim().split("\n")[0] || `exit ${started.code}`;
  const what = `the control plane does not start: ${control} (${words})`;
  return problem("control", what, ["every connection that has no ticket yet is passed through: nothing is shared", NEEDS]);
}

/** A ticket is the proof that the control plane was asked and answered. */
function checkCold({ context, front }: DoctorContext): Finding {
  const run = makeTemporaryFolder(join(temporaryFolder(), "sshim-c-"));
  try {
    const env = { ...context.env, SSHIM: undefined, SSHIM_AS: undefined, SSHIM_DIR: run, SSHIM_RETRIES: "0" };
    const args = ["-F", "none", "-oBatchMode=yes", "-oProxyCommand=false", "-n", "--", "sshim-doctor.invalid", "true"];
    const cold = tryProgram(front, args, env, 30_000);
    if (listFolder(join(run, "t")).length > 0) return good("cold", `a cold call is answered by it, after ${Math.round(cold.ms)} ms`);
    const why = /"why":"([^"]*)"/.exec(readText(join(run, "journal.jsonl")))?.[1] ?? "no answer";
    return problem("cold", `a cold call is passed through (${why})`, ["connections that have no ticket yet are not shared", NEEDS]);
  } finally {
    removeTree(run);
  }
}
