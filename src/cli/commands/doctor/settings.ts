/** The configuration: mistakes in ours, and an ssh_config that shares connections too. */
import { loadConfig, settingsFor } from "../../../config/config.ts";
import { textOption } from "../../command.ts";
import type { Finding } from "../../interface.ts";
import { type DoctorContext, good, note, problem } from "./finding.ts";
import { findIn } from "./ssh-config.ts";

export async function* checkSettings(doctor: DoctorContext): AsyncGenerator<Finding> {
  const config = await loadConfig(doctor.context.env);
  for (const what of config.problems) yield problem("config", what, ["the default holds instead", "sshim config check"]);
  if (config.problems.length === 0) yield good("config", "the configuration can be read");
  const host = textOption(doctor.context, "host");
  if (!settingsFor(config, host).enabled)
    yield note("enabled", "sshim is switched off here", ["every call is passed through", "sshim config shows where it was set"]);
  yield checkTwice(doctor, host);
}

/** ControlMaster in ssh_config is honoured, at its path; but plain ssh goes there too. */
function checkTwice(doctor: DoctorContext, host: string | undefined): Finding {
  const found = findIn(doctor, host ?? "sshim-doctor.invalid", ["controlmaster", "controlpath"]);
  const path = found.get("controlpath");
  const master = found.get("controlmaster");
  if (path === undefined || path === "none" || master === "no" || master === "false")
    return good("shares-twice", "ssh_config does not share connections by itself");
  return note("shares-twice", `ssh_config shares connections too: ControlMaster ${master}, ControlPath ${path}`, [
    "sshim keeps its first master there; a plain ssh meets the same master, and -O exit by a plain ssh cuts its sessions",
    "take ControlMaster and ControlPath out of ssh_config where sshim is used",
  ]);
}
