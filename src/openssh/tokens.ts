/**
 * Cuts a line of ssh_config, or the argument of -o, into keyword and arguments as readconf.c does
 * (misc.c: strdelim_internal, argv_split): separators, quotes, backslashes, comments.
 */

export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** What follows, as written. */
  readonly rest: string;
}

/** Undefined for an empty line, a comment, a keyword alone, or one whose quote nothing closes. */
export function readConfigLine(line: string): ConfigLine | undefined {
  let [keyword, rest] = takeKeyword(line.charAt(0) + line.slice(1).replace(/[ \t\r\n\f]+$/, ""));
  // White space, or one "=", before the keyword.
  if (keyword === "") [keyword, rest] = takeKeyword(rest);
  return !keyword || keyword.startsWith("#") || rest === "" ? undefined : { keyword: lowerCase(keyword), rest };
}

/** Up to a comment. An unclosed quote ends with the line: ssh refuses it anyway. */
export function splitArguments(rest: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < rest.length; index++) {
    const letter = rest.charAt(index);
    const next = rest.charAt(index + 1);
    if (letter === "\\" && (next === '"' || next === "'" || next === "\\" || (quote === "" && next === " "))) {
      word = (word ?? "") + next;
      index++;
    } else if (quote === "" && (letter === " " || letter === "\t")) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (quote === "" && letter === "#" && word === undefined) {
      return words;
    } else if (quote === "" && (letter === '"' || letter === "'")) {
      quote = letter;
      word ??= "";
    } else if (letter === quote) {
      quote = "";
    } else {
      word = (word ?? "") + letter;
    }
  }
  return word === undefined ? words : [...words, word];
}

/** strdelim_internal with split_equals: a token, and what follows it. */
function takeKeyword(text: string): [keyword: string | undefined, rest: string] {
  const at = text.search(/[ \t\r\n"=]/);
  if (at < 0) return [text, ""];
  if (text.charAt(at) === '"') {
    const end = text.indexOf('"', at + 1);
    return end < 0 ? [undefined, ""] : [text.slice(0, at) + text.slice(at + 1, end), skipSpace(text.slice(end + 1))];
  }
  const rest = skipSpace(text.slice(at + 1));
  // Only one "=" counts.
  return [text.slice(0, at), text.charAt(at) !== "=" && rest.startsWith("=") ? skipSpace(rest.slice(1)) : rest];
}

function skipSpace(text: string): string {
  return text.replace(/^[ \t\r\n]+/, "");
}

/** As ssh's lowercase() does it: A to Z only. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
