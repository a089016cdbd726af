/** The action of a call that no rule passed, and the times that go with it. It judges what was resolved, and looks at nothing itself. */

import type { Settings } from "../config/config.ts";
import { argumentOf } from "../openssh/argv/parse.ts";
import { optionOf, type Resolved } from "../openssh/ssh-g.ts";
import { isEstablish, type ResolvedCall } from "./rules.ts";

/** The action; `pass` for a word of -O that is none of ours. */
export function actionOf(subject: ResolvedCall): "attach" | "establish" | "control" | "pass" {
  const word = argumentOf(subject.parsed, "O");
  if (word !== undefined) {
    return ["check", "exit", "stop"].includes(word) ? "control" : "pass";
  }
  return isEstablish(subject) ? "establish" : "attach";
}

/** Seconds that a master without sessions is kept; 0 = for ever. A caller's ControlPersist wins; one that makes a master without it means for ever. */
export function persistOf(resolved: Resolved, settings: Settings, action: string): number {
  const said = optionOf(resolved, "controlpersist") ?? "no";
  if (/^\d+$/.test(said)) {
    return Number(said);
  }
  if (said === "yes" || said === "true") {
    return 0;
  }
  return action === "establish" ? 0 : settings.persist;
}

/** Seconds that this caller waits for a lock or a slot. */
export function connectTimeoutOf(resolved: Resolved, settings: Settings): number {
  const said = Number(optionOf(resolved, "connecttimeout"));
  return Number.isInteger(said) && said > 0 ? said : settings.dial_timeout;
}

/** Why the configuration is to be asked at every call, if so: answers of the network are nothing that a ticket can depend on. */
export function neverCacheOf(resolved: Resolved): string | undefined {
  if (!["no", "false"].includes(optionOf(resolved, "canonicalizehostname") ?? "no")) {
    return "CanonicalizeHostname";
  }
  return (optionOf(resolved, "canonicalizepermittedcnames") ?? "none") === "none" ? undefined : "CanonicalizePermittedCNAMEs";
}
