// The caller's options once more, for the ssh that makes the connection: everything that shapes it, nothing that concerns one session,
// the control socket or the log. It never invents an option but -l and -p, which say what the destination said.
import { keywordOf } from "../keyword.ts";
import type { GivenOption, Parsed } from "./parsed.ts";

const SESSION_LETTERS = new Set("tTnsNfMSOWEyvLRDweXYxGVQZ");

const SESSION_KEYWORDS = new Set([
  ...["controlmaster", "controlpath", "controlpersist", "sendenv", "setenv", "requesttty", "remotecommand", "sessiontype"],
  ...["forkafterauthentication", "stdinnull", "escapechar", "permitlocalcommand", "localcommand", "clearallforwardings"],
  ...["localforward", "remoteforward", "dynamicforward", "tunnel", "tunneldevice"],
]);

/**
 * Options in the order given, to be followed by dialDestination(). Joined where the argument is not empty, so that none of them can be taken
 * for "--". User and port of the destination come first where they counted, since the first one wins.
 */
export function connectionArguments(parsed: Parsed): string[] {
  const given: string[] = [];
  if (isDestinationUser(parsed)) given.push(...write("l", parsed.destinationUser));
  if (isDestinationPort(parsed)) given.push(...write("p", String(parsed.destinationPort)));
  return given.concat(...parsed.options.filter(concernsConnection).map((option) => write(option.letter, option.argument)));
}

/** The word that names the host after connectionArguments(): without user, port and scheme, or as typed where that would read differently. */
export function dialDestination(parsed: Parsed): string | undefined {
  return parsed.host?.startsWith("ssh://") ? parsed.destination : parsed.host;
}

function concernsConnection(option: GivenOption): boolean {
  if (SESSION_LETTERS.has(option.letter)) return false;
  return option.letter !== "o" || !SESSION_KEYWORDS.has(keywordOf(option.argument ?? "") ?? "");
}

function write(letter: string, argument: string | undefined): string[] {
  return argument === "" ? [`-${letter}`, ""] : [`-${letter}${argument ?? ""}`];
}

// The destination's user counts where no option before it gave one.
function isDestinationUser(parsed: Parsed): boolean {
  return parsed.destinationUser !== undefined && !isSetBefore(parsed, "l", "user");
}

function isDestinationPort(parsed: Parsed): boolean {
  return parsed.destinationPort !== undefined && !isSetBefore(parsed, "p", "port");
}

function isSetBefore(parsed: Parsed, letter: string, keyword: string): boolean {
  return parsed.options.some(
    (option) => !option.afterHost && (option.letter === letter || (option.letter === "o" && keywordOf(option.argument ?? "") === keyword)),
  );
}
