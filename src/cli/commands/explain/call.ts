/** An ssh command line as the front would put it to the control plane. */
import { UserError } from "../../../fault.ts";
import { hasLetter, parseArguments } from "../../../openssh/argv/parse.ts";
import { readRealSsh } from "../../../openssh/version.ts";
import { type Call, makePlan, type Plan } from "../../../plan/plan.ts";
import { type Context, nameRun } from "../../command.ts";
import { findFront, findReal, type RealSshFound } from "../../place.ts";

export interface PlannedCall {
  call: Call;
  plan: Plan;
  real: RealSshFound;
}

/** Judges the command line after `--`, in this environment and working directory. */
export async function planCall(context: Context): Promise<PlannedCall> {
  const run = nameRun(context);
  const real = findReal(context.env);
  if (real.path === undefined) {
    throw new UserError(
      "cannot",
      `cannot find the real ssh: ${context.env.SSHIM_REAL_SSH || "no other ssh there"} (set by ${real.origin})`,
    );
  }
  const words = context.ssh[0] === "ssh" ? context.ssh.slice(1) : context.ssh;
  const launcher = { clientPath: findFront(), argv0: "ssh", real: real.path };
  const { letters } = readRealSsh(undefined, launcher, context.env);
  const parsed = parseArguments(words, letters);
  // Where ssh ends before there is a command (-V, -Q, a mistake), every word counts.
  const whole = parsed.host !== undefined && parsed.error === undefined && !hasLetter(parsed, "VQZ");
  const end = whole ? parsed.commandIndex : words.length;
  // ssh joins the words of a command: with nothing in them there is none.
  const call = { ...launcher, run, notes: false, command: words.slice(end).join(" ") !== "", words: words.slice(0, end) };
  return { call, plan: await makePlan(call, context.env), real };
}
