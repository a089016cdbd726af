/**
 * The caller's options once more, for the ssh that makes the connection: everything that shapes it,
 * nothing that concerns one session, the control socket or the log.
 */
import { readConfigLine } from "../tokens.ts";
import type { GivenOption, ParsedArguments } from "./parse.ts";

const SESSION_LETTERS = new Set("tTnsNfMSOWEyvLRDweXYxGVQZ");

const SESSION_KEYWORDS = new Set(
  `controlmaster controlpath controlpersist sendenv setenv requesttty remotecommand sessiontype
  forkafterauthentication stdinnull escapechar permitlocalcommand localcommand clearallforwardings
  localforward remoteforward dynamicforward tunnel tunneldevice`.split(/\s+/),
);

/**
 * Options in the order given, to be followed by dialDestination(). Joined where the argument is not
 * empty, so that none can be taken for "--". User and port of the destination come first where they
 * counted, since the first one wins.
 */
export function connectionArguments(parsed: ParsedArguments): string[] {
  const given: string[] = [];
  const { destinationUser: user, destinationPort: port } = parsed;
  if (user !== undefined && !isSetBefore(parsed, "l", "user")) given.push(...write("l", user));
  if (port !== undefined && !isSetBefore(parsed, "p", "port")) given.push(...write("p", port));
  return given.concat(...parsed.options.filter(concernsConnection).map((option) => write(option.letter, option.argument)));
}

/** The host without user, port and scheme, or as typed where that would read differently. */
export function dialDestination(parsed: ParsedArguments): string | undefined {
  return parsed.host?.startsWith("ssh://") ? parsed.destination : parsed.host;
}

function concernsConnection(option: GivenOption): boolean {
  if (SESSION_LETTERS.has(option.letter)) return false;
  return option.letter !== "o" || !SESSION_KEYWORDS.has(keywordOf(option) ?? "");
}

function write(letter: string, argument: string | undefined): string[] {
  return argument === "" ? [`-${letter}`, ""] : [`-${letter}${argument ?? ""}`];
}

/** The destination's user and port count where no option before it gave one. */
function isSetBefore(parsed: ParsedArguments, letter: string, keyword: string): boolean {
  return parsed.options.some(
    (option) => !option.afterHost && (option.letter === letter || (option.letter === "o" && keywordOf(option) === keyword)),
  );
}

function keywordOf({ argument }: GivenOption): string | undefined {
  return readConfigLine(argument ?? "")?.keyword;
}
