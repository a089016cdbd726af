/** An ssh command line as the front would put it to the control plane: where the command starts, which ssh is real, the question. */

import { parseArguments } from "../../argv/parse.ts";
import { Failure } from "../../fault.ts";
import { type Call, makePlan, type Plan } from "../../plan/plan.ts";
import { readRealSsh } from "../../resolve/real-ssh.ts";
import { type Context, needRun } from "../command.ts";
import { findFront, findReal, type RealSshFound } from "../place.ts";

export interface Planned {
  call: Call;
  plan: Plan;
  real: RealSshFound;
}

/** Judges the command line after `--`, in this environment and working directory. */
export async function planCall(context: Context): Promise<Planned> {
  const run = needRun(context);
  const real = findReal(context.env);
  if (real.path === undefined) {
    throw new Failure("cannot", `cannot find the real ssh: ${context.env.SSHIM_REAL_SSH || "no other ssh there"} (set by ${real.origin})`);
  }
  const words = context.ssh[0] === "ssh" ? context.ssh.slice(1) : context.ssh;
  const launcher = { front: findFront(), argv0: "ssh", real: real.path };
  const { letters } = readRealSsh(run, launcher, context.env);
  const { commandIndex } = parseArguments(words, letters);
  const call = { ...launcher, run, command: commandIndex < words.length, words: words.slice(0, commandIndex) };
  return { call, plan: await makePlan(call, context.env), real };
}
