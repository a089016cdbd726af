/** What an operator types as a destination: user@host:port, or a name of ssh_config(5). */
import { matchPattern } from "../../config/patterns.ts";
import { askResolved, destinationOf, parseResolved } from "../../openssh/ssh-g.ts";
import type { Context } from "../command.ts";
import type { Master } from "../interface.ts";
import { findFront, findReal } from "../place.ts";

/** Tests masters for a word: host, destination, key or its beginning, socket; none: all of them. */
export function masterNamed(context: Context, word: string | undefined): (master: Master) => boolean {
  if (word === undefined) return () => true;
  const isThere = destinationNamed(context, word);
  const isKey = /^[0-9a-f]{6,32}$/.test(word);
  return ({ key, socket, destination }) => (isKey && key.startsWith(word)) || socket === word || isThere(destination);
}

/** Tests destinations for a word: a pattern for their text, or a host for `ssh word`. */
export function destinationNamed(context: Context, word: string): (destination: string | null | undefined) => boolean {
  const alias = resolveHost(context, word);
  return (destination) => matchesDestination(word, destination) || (alias !== undefined && destination === alias);
}

/** Where `ssh word` would go, by the real ssh's `-G`; undefined for a pattern. */
function resolveHost(context: Context, word: string): string | undefined {
  const { path } = findReal(context.env);
  if (/[*?]|^-|^$/.test(word) || path === undefined) return undefined;
  const { code, text } = askResolved({ clientPath: findFront(), argv0: "ssh", real: path }, [word], context.env);
  return code === 0 && text !== "" ? destinationOf(parseResolved(text)) : undefined;
}

/** Whether a pattern (as in ssh_config(5)) names all of it, its host, user@host, or host:port. */
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
