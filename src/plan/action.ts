/** The action of a call that no rule passed, and the times that go with it. */

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

/** Seconds that a master without sessions is kept; 0 = for ever. ControlPersist wins. */
export function persistOf(resolved: Resolved, settings: Settings, action: string): number {
  const value = optionOf(resolved, "controlpersist") ?? "no";
  if (/^\d+$/.test(value)) {
    return Number(value);
  }
  if (value === "yes" || value === "true") {
    return 0;
  }
  return action === "establish" ? 0 : settings.persist;
}

/** Seconds that this caller waits for a lock or a slot. */
export function connectTimeoutOf(resolved: Resolved, settings: Settings): number {
  const value = Number(optionOf(resolved, "connecttimeout"));
  return Number.isInteger(value) && value > 0 ? value : settings.dial_timeout;
}

/** Why a ticket can never be kept, if so: it cannot depend on answers of the network. */
export function neverCacheOf(resolved: Resolved): string | undefined {
  if (!["no", "false"].includes(optionOf(resolved, "canonicalizehostname") ?? "no")) {
    return "CanonicalizeHostname";
  }
  return (optionOf(resolved, "canonicalizepermittedcnames") ?? "none") === "none" ? undefined : "CanonicalizePermittedCNAMEs";
}
