/**
 * The hops of a ProxyJump, each by its own `ssh -G`: the target's answer says only the name of the
 * jump host, and a HostName, a User or a key of that one decides which machine is reached.
 */
import { optionOf, parseResolved, type Resolved, type SshGOutput } from "../openssh/ssh-g.ts";

/** As many hops as anybody will ever have; a ring of configurations must end somewhere. */
const MOST_HOPS = 8;

/** Asks `ssh -G` with these words. */
export type AskSshG = (words: readonly string[]) => SshGOutput;

/**
 * What `ssh -G` says of each hop, the last one before the target first; undefined where ssh refuses
 * one, or where only ssh knows its name.
 * @param configFile -F as given, which ssh hands on to the ssh of a hop
 */
export function resolveHops(target: Resolved, configFile: string | undefined, ask: AskSshG): Resolved[] | undefined {
  const hops: Resolved[] = [];
  for (let next = target; ; ) {
    const jump = optionOf(next, "proxyjump");
    if (jump === undefined || jump.toLowerCase() === "none") return hops;
    const words = hops.length < MOST_HOPS ? wordsOfHop(jump, configFile) : undefined;
    const output = words && ask(words);
    if (output === undefined || output.code !== 0 || output.strange) return undefined;
    next = parseResolved(output.text);
    hops.push(next);
  }
}

/** ssh.c main(), "Use ProxyJump as a ProxyCommand": -l, -p, -J with the hops before, -F, the host. */
function wordsOfHop(jump: string, configFile: string | undefined): string[] | undefined {
  const comma = jump.lastIndexOf(",");
  const before = comma < 0 ? undefined : jump.slice(0, comma);
  const [, user, host, port] = /^(?:(.*)@)?(\[[^\]]*\]|[^:@]*)(?::(\d+))?$/.exec(jump.slice(comma + 1)) ?? [];
  // A token would stand for a part of the target's own name.
  if (host === undefined || host === "" || jump.includes("%")) return undefined;
  return [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    ...(before === undefined ? [] : ["-J", before]),
    ...(configFile === undefined ? [] : ["-F", configFile]),
    "--",
    host.replace(/^\[|\]$/g, ""),
  ];
}
