/**
 * Cuts a line of ssh_config into keyword and arguments as readconf.c does (strdelim(), argv_split()): separators, quotes,
 * backslashes, comments. It knows no keyword.
 */

export interface ConfigLine {
  /** In lower case. */
  readonly keyword: string;
  /** What follows, as written. */
  readonly rest: string;
}

/** The keyword of a line; undefined for an empty line, a comment, or a keyword alone. */
export function readConfigLine(line: string): ConfigLine | undefined {
  const found = /^[ \t\r\f]*(?:"([^"]*)"|([^ \t\r\f=#"][^ \t\r\f="]*))[ \t\r]*(?:=[ \t\r]*)?(.*?)[ \t\r\f]*$/.exec(line);
  const keyword = found?.[1] ?? found?.[2];
  const rest = found?.[3];
  return keyword === undefined || rest === undefined || rest === "" ? undefined : { keyword: keyword.toLowerCase(), rest };
}

/** The arguments of a line, up to a comment. Unclosed quotes end with the line: ssh refuses such a file anyway. */
export function splitArguments(rest: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = "";
  for (let index = 0; index < rest.length; index++) {
    const letter = rest[index] as string;
    const next = rest[index + 1];
    if (letter === "\\" && next !== undefined && (next === '"' || next === "'" || next === "\\" || (quote === "" && next === " "))) {
      word = (word ?? "") + next;
      index++;
    } else if (quote !== "") {
      if (letter === quote) {
        quote = "";
      } else {
        word = (word ?? "") + letter;
      }
    } else if (letter === '"' || letter === "'") {
      quote = letter;
      word ??= "";
    } else if (letter === " " || letter === "\t") {
      if (word !== undefined) {
        words.push(word);
      }
      word = undefined;
    } else if (letter === "#" && word === undefined) {
      return words;
    } else {
      word = (word ?? "") + letter;
    }
  }
  return word === undefined ? words : [...words, word];
}
