// Reads [user@]host, ssh:// URIs as ssh does (misc.c: parse_uri, parse_user_host_port). It looks no name up.
import type { Port } from "./parsed.ts";
import { lowerCase, parsePort } from "./values.ts";

export interface Destination {
  user: string | undefined;
  host: string;
  port: Port | undefined;
  uri: boolean;
}

/** ssh's first plain word; undefined is a usage error. Source: ssh.c main(). */
export function parseDestination(word: string): Destination | undefined {
  if (word.startsWith("ssh://")) return parseUri(word.slice(6));
  const at = word.lastIndexOf("@");
  if (at === 0) return undefined;
  return { user: at < 0 ? undefined : word.slice(0, at), host: word.slice(at + 1), port: undefined, uri: false };
}

/** -J's and ProxyJump's list of hops: whether ssh takes it from a command line. Source: readconf.c parse_jump. */
export function isJumpList(text: string): boolean {
  if (lowerCase(text) === "none") return true;
  const hops = (text.split("#", 1)[0] as string).replace(/[ \t-\r]+$/, "").split(",");
  return hops.every((hop) => {
    const found = hop.startsWith("ssh://") ? parseUri(hop.slice(6)) : parseUserHostPort(hop);
    return found !== undefined && isValidHost(found.host) && isValidUser(found.user ?? "");
  });
}

/** Whether ssh lets this through as a host name (9.6 on; the same characters would only ever reach a shell). Source: ssh.c valid_hostname. */
export function isValidHost(host: string): boolean {
  return !host.startsWith("-") && !/['`"$\\;&<>|(){},\s\p{Cc}]/u.test(ascii(host));
}

/** The same for a user name. Source: ssh.c valid_ruser. */
export function isValidUser(user: string): boolean {
  return !user.startsWith("-") && !/['`";&<>|(){}]|[ \t-\r]-|\\$/.test(user);
}

function parseUri(rest: string): Destination | undefined {
  let user: string | undefined;
  const at = rest.indexOf("@");
  if (at >= 0) {
    const decoded = decodeUrl(rest.slice(0, at).split(";", 1)[0] as string);
    if (!decoded) return undefined;
    user = decoded;
  }
  const field = takeHost(rest.slice(at + 1));
  if (field === undefined || !isDomain(field.host)) return undefined;
  const host = field.host.replace(/\.$/, "");

  let path = field.rest;
  let port: Port | undefined;
  if (field.delimiter === ":" && field.rest !== "") {
    const slash = field.rest.indexOf("/");
    port = positivePort(slash < 0 ? field.rest : field.rest.slice(0, slash));
    if (port === undefined) return undefined;
    path = slash < 0 ? "" : field.rest.slice(slash + 1);
  }
  return path === "" ? { user, host, port, uri: true } : undefined;
}

function parseUserHostPort(text: string): { user: string | undefined; host: string } | undefined {
  const at = text.lastIndexOf("@");
  const field = takeHost(text.slice(at + 1));
  if (at === 0 || field === undefined || field.delimiter === "/") return undefined;
  if (field.rest !== "" && positivePort(field.rest) === undefined) return undefined;
  return { user: at < 0 ? undefined : text.slice(0, at), host: field.host };
}

function positivePort(text: string): Port | undefined {
  const port = parsePort(text);
  return port === 0 ? undefined : port;
}

// misc.c hpdelim2 and cleanhostname: up to the first ":" or "/", or a whole [bracketed] name.
function takeHost(text: string): { host: string; delimiter: string; rest: string } | undefined {
  const match = /^(?:\[([^\]]*)\]|([^[:/][^:/]*|))(?:([:/])(.*))?$/s.exec(text);
  if (match === null) return undefined;
  if (match[1] === undefined && match[2] === "") return undefined;
  return { host: match[1] ?? match[2] ?? "", delimiter: match[3] ?? "", rest: match[4] ?? "" };
}

function isDomain(name: string): boolean {
  return /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(name) && !name.includes("..");
}

// misc.c urldecode; undefined where ssh refuses it. What is no UTF-8 once decoded is refused too: it is only the real ssh's to judge.
function decodeUrl(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})|%00/.test(text)) return undefined;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

// Bytes above 127 are letters to nobody in ssh's checks; /\s/ would know more spaces than isspace does.
function ascii(text: string): string {
  return text.replace(/[^\0-\x7f]/g, "?");
}
