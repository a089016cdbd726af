/**
 * Reads ssh's own arguments as ssh.c main() does: which options, which destination, where the
 * command starts. What they add up to, and whether ssh takes them, is for `ssh -G` to say.
 */
import { readConfigLine, splitArguments } from "../tokens.ts";
import { type Destination, parseDestination } from "./destination.ts";
import { arityOf, lettersOf } from "./options.ts";

/** One option as given. */
export interface GivenOption {
  readonly letter: string;
  readonly argument: string | undefined;
  readonly afterHost: boolean;
}

export interface ParsedArguments {
  readonly options: readonly GivenOption[];
  /** The destination's word as typed, and where it lies (-1: none). */
  readonly destination: string | undefined;
  readonly destinationIndex: number;
  /** Where the command starts; the number of words if there is none. */
  readonly commandIndex: number;
  /** Without user, port or scheme; not lower-cased. */
  readonly host: string | undefined;
  /** Of the destination itself; they count only where no option before it said something else. */
  readonly destinationUser: string | undefined;
  readonly destinationPort: string | undefined;
  /** Why the words cannot be read; then the other fields say how far it came. */
  readonly error: string | undefined;
}

/** -W's target: a host and a port in digits. */
export interface StdioForward {
  readonly host: string;
  readonly port: number;
}

/** Reads argv[1] …, with or without the command, by the installed ssh's letters. Never throws. */
export function parseArguments(words: readonly string[], letters: string = lettersOf()): ParsedArguments {
  const state: State = { words, letters, options: [], index: 0, afterHost: false, error: undefined, done: false };
  walkOptions(state);
  let destination: Destination | undefined;
  let destinationIndex = -1;
  if (!state.done && state.index === words.length) {
    state.error = "no destination";
  } else if (!state.done) {
    const terminated = words[state.index - 1] === "--";
    destinationIndex = state.index++;
    destination = parseDestination(words[destinationIndex] as string);
    state.afterHost = true;
    if (destination === undefined) state.error = `bad destination '${words[destinationIndex]}'`;
    else if (!terminated) walkOptions(state);
  }
  return {
    options: state.options,
    destination: words[destinationIndex],
    destinationIndex,
    commandIndex: state.index,
    host: destination?.host,
    destinationUser: destination?.user,
    destinationPort: destination?.port,
    error: state.error,
  };
}

/** Whether one of these letters was given. */
export function hasLetter({ options }: ParsedArguments, letters: string): boolean {
  return options.some(({ letter }) => letters.includes(letter));
}

/** The last argument of a letter. */
export function argumentOf({ options }: ParsedArguments, wanted: string): string | undefined {
  return options.findLast(({ letter }) => letter === wanted)?.argument;
}

/** The values of each -o with this keyword (in lower case). */
export function keywordValues({ options }: ParsedArguments, keyword: string): string[][] {
  return options.flatMap(({ letter, argument }) => {
    const line = letter === "o" ? readConfigLine(argument ?? "") : undefined;
    return line?.keyword === keyword ? [splitArguments(line.rest)] : [];
  });
}

/** `none` included: -S sets it in any case, ControlPath where nothing did before. */
export function controlPathOf(parsed: ParsedArguments): string | undefined {
  return argumentOf(parsed, "S") ?? keywordValues(parsed, "controlpath")[0]?.[0];
}

/** Undefined where there is no -W, or where only ssh can tell (a service's name, a path). */
export function stdioForwardOf(parsed: ParsedArguments): StdioForward | undefined {
  const [, bracketed, plain, port] = /^[ \t-\r]*(?:\[([^\]]+)\]|([^[:\\][^:\\]*)):(\d+)$/.exec(argumentOf(parsed, "W") ?? "") ?? [];
  return port === undefined ? undefined : { host: bracketed ?? plain ?? "", port: Number(port) };
}

interface State {
  readonly words: readonly string[];
  readonly letters: string;
  readonly options: GivenOption[];
  index: number;
  afterHost: boolean;
  error: string | undefined;
  done: boolean;
}

/** BSD getopt without permutation; leaves state.index at the first word that is no option. */
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

/** The letter at word[at]; true if the rest of the word was its argument. */
function takeOption(state: State, word: string, at: number): boolean {
  const letter = word.charAt(at);
  const arity = arityOf(state.letters, letter);
  const joined = at + 1 < word.length ? word.slice(at + 1) : undefined;
  const argument = arity === "argument" ? (joined ?? state.words[++state.index]) : undefined;
  if (arity === "absent") state.error = `unknown option -- ${letter}`;
  else if (arity === "argument" && argument === undefined) state.error = `option requires an argument -- ${letter}`;
  else state.options.push({ letter, argument, afterHost: state.afterHost });
  // -V and -Q print something and exit before anything after them is read.
  state.done = state.error !== undefined || letter === "V" || letter === "Q";
  return arity === "argument";
}
