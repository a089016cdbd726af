// Reads ssh's own arguments as ssh's main() does: which options, which destination, where the command starts, and what the options add up
// to. It reads no environment, no file and no clock, and it never looks at the command.
import { applyOption } from "./apply.ts";
import { type Destination, isValidHost, isValidUser, parseDestination } from "./destination.ts";
import { arityOf, lettersOf } from "./options.ts";
import type { Effective, GivenOption, Parsed } from "./parsed.ts";
import { lowerCase } from "./values.ts";

export { connectionArguments, dialDestination } from "./connection.ts";
export type * from "./parsed.ts";

/**
 * Reads `words` (argv[1] …, with or without the command) by the installed ssh's `letters` (see lettersOf). Never throws: a line that
 * ssh would refuse has `error`. `hasCommand` is needed where the words stop before the command. Source: ssh.c main().
 */
export function parseArguments(words: readonly string[], letters: string = lettersOf(), hasCommand?: boolean): Parsed {
  const state: State = { words, letters, options: [], effective: noSettings(), index: 0, afterHost: false, error: undefined, done: false };
  walkOptions(state);

  let destination: Destination | undefined;
  let destinationIndex = -1;
  if (!state.done && state.index < words.length) {
    const terminated = words[state.index - 1] === "--";
    destinationIndex = state.index++;
    destination = parseDestination(words[destinationIndex] as string);
    if (destination === undefined) stop(state, `bad destination '${words[destinationIndex]}'`);
    else {
      state.effective.user ??= destination.user;
      state.effective.port ??= destination.port;
      state.afterHost = true;
      if (!terminated) walkOptions(state);
    }
  }
  if (!state.done) checkWhole(state, destination, hasCommand ?? state.index < words.length);

  const { options, effective, error } = state;
  return {
    options,
    destination: words[destinationIndex],
    destinationIndex,
    commandIndex: state.index,
    host: destination?.host,
    destinationUser: destination?.user,
    destinationPort: destination?.port,
    uri: destination?.uri ?? false,
    user: effective.user,
    port: effective.port,
    error,
    effective,
  };
}

interface State {
  readonly words: readonly string[];
  readonly letters: string;
  readonly options: GivenOption[];
  readonly effective: Effective;
  index: number;
  afterHost: boolean;
  error: string | undefined;
  done: boolean;
}

// BSD getopt without permutation; leaves state.index at the first word that is no option.
function walkOptions(state: State): void {
  const { words } = state;
  for (; state.index < words.length; state.index++) {
    const word = words[state.index] as string;
    if (!word.startsWith("-") || word === "-") return;
    if (word === "--") {
      state.index++;
      return;
    }
    for (let at = 1; at < word.length; at++) {
      // A "-" that ends a cluster ("-v-") makes getopt stop there, and the word itself comes next.
      if (word.charAt(at) === "-" && at === word.length - 1) return;
      const tookRest = takeOption(state, word, at);
      if (state.done) return;
      if (tookRest) break;
    }
  }
}

// The letter at word[at]; true if the rest of the word was its argument.
function takeOption(state: State, word: string, at: number): boolean {
  const letter = word.charAt(at);
  const index = state.index;
  const arity = arityOf(state.letters, letter);
  if (arity === "absent") {
    stop(state, `unknown option -- ${letter}`);
    return false;
  }
  let argument: string | undefined;
  if (arity === "argument") {
    argument = at + 1 < word.length ? word.slice(at + 1) : state.words[++state.index];
    if (argument === undefined) {
      stop(state, `option requires an argument -- ${letter}`);
      return false;
    }
  }
  state.options.push({ letter, argument, index, afterHost: state.afterHost });
  const refused = applyOption(state.effective, letter, argument ?? "");
  const asks = state.effective.asksItself;
  if (refused !== undefined) stop(state, refused);
  else if (asks === "V" || asks === "Q") state.done = true;
  return arity === "argument";
}

// What ssh looks at once the whole line is read.
function checkWhole(state: State, destination: Destination | undefined, hasCommand: boolean): void {
  const { effective } = state;
  if (destination === undefined) stop(state, "no destination");
  else if (effective.user !== undefined && !isValidUser(effective.user)) stop(state, "remote username contains invalid characters");
  else if (!isValidHost(destination.host)) stop(state, "hostname contains invalid characters");
  else if (effective.sessionType === "subsystem" && !hasCommand) stop(state, "a subsystem needs a name");
  else if (hasCommand && isCommand(effective.remoteCommand)) stop(state, "a command with RemoteCommand");
  else if (effective.syslog && effective.logFile !== undefined) stop(state, "-y with -E");
}

function isCommand(remoteCommand: string | undefined): boolean {
  return remoteCommand !== undefined && lowerCase(remoteCommand) !== "none";
}

function stop(state: State, error: string): void {
  state.error = error;
  state.done = true;
}

function noSettings(): Effective {
  return {
    user: undefined,
    port: undefined,
    hostName: undefined,
    tag: undefined,
    configFile: undefined,
    controlPath: undefined,
    controlMaster: undefined,
    controlPersist: undefined,
    control: undefined,
    stdioForward: undefined,
    requestTty: undefined,
    ttyCount: 0,
    sessionType: undefined,
    stdinNull: undefined,
    fork: undefined,
    agent: undefined,
    agentSocket: undefined,
    x11: undefined,
    x11Trusted: undefined,
    verbose: 0,
    logLevel: undefined,
    logFile: undefined,
    syslog: false,
    escape: undefined,
    jump: undefined,
    proxyCommand: undefined,
    remoteCommand: undefined,
    addressFamily: undefined,
    compression: undefined,
    gatewayPorts: undefined,
    hasForward: false,
    printsConfiguration: false,
    asksItself: undefined,
  };
}
