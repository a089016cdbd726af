/**
 * Reads [user@]host and ssh:// URIs as ssh does (misc.c: parse_uri). Exact for what ssh takes; of
 * what it refuses only the grossest is seen, since `ssh -G` is asked anyway.
 */
export interface Destination {
  readonly user: string | undefined;
  readonly host: string;
  readonly port: string | undefined;
}

/** ssh's first plain word; undefined is a usage error. Source: ssh.c main(). */
export function parseDestination(word: string): Destination | undefined {
  if (word.startsWith("ssh://")) return parseUri(word.slice("ssh://".length));
  const at = word.lastIndexOf("@");
  return at === 0 ? undefined : { user: at < 0 ? undefined : word.slice(0, at), host: word.slice(at + 1), port: undefined };
}

function parseUri(rest: string): Destination | undefined {
  const [, before, bracketed, plain, port] = /^(?:([^@]*)@)?(?:\[([^\]]*)\]|([^[:/@]*))(?::([^/]*))?\/?$/s.exec(rest) ?? [];
  const host = (bracketed ?? plain ?? "").replace(/\.$/, "");
  const user = before === undefined ? undefined : decodeUrl(before.split(";", 1)[0] as string);
  if (host === "" || (before !== undefined && !user)) return undefined;
  return { user, host, port: port || undefined };
}

/** misc.c urldecode; undefined where ssh refuses it, or where it is no UTF-8 once decoded. */
function decodeUrl(text: string): string | undefined {
  if (/%(?![0-9A-Fa-f]{2})|%00/.test(text)) return undefined;
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
