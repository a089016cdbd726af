/** Compares what an operator types with a destination (user@host:port) or a key. */
import { matchPattern } from "../state/patterns.ts";

/** Whether `pattern` names this destination: all of it, its host, user@host, or host:port; `*` and `?` as in ssh_config(5). */
export function matchesDestination(pattern: string, destination: string | null | undefined): boolean {
  if (!destination) return false;
  return formsOf(destination).some((form) => matchPattern(pattern, form));
}

/** The host of user@host:port, without the brackets of an IPv6 address. */
export function hostOf(destination: string): string {
  const place = destination.slice(destination.lastIndexOf("@") + 1);
  const end = place.startsWith("[") ? place.indexOf("]") + 1 : place.lastIndexOf(":");
  return (end > 0 ? place.slice(0, end) : place).replace(/^\[|\]$/g, "");
}

function formsOf(destination: string): string[] {
  const at = destination.lastIndexOf("@") + 1;
  const user = destination.slice(0, at);
  const host = hostOf(destination);
  return [destination, host, `${user}${host}`, destination.slice(at)];
}
