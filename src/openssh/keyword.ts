// Splits the argument of -o into keyword and values, with readconf.c's own quoting (strdelim, argv_split). It knows no keyword.
import { lowerCase } from "./argv/values.ts";

export interface KeywordLine {
  /** lower case */
  keyword: string;
  /** the values, unquoted */
  values: string[];
  /** everything after the keyword, as ProxyCommand and its like take it */
  rest: string;
}

/** undefined: an empty line or a comment, which ssh passes over; a string: why ssh refuses it. Source: readconf.c process_config_line_depth. */
export function splitKeyword(argument: string): KeywordLine | string | undefined {
  const line = argument.charAt(0) + argument.slice(1).replace(/[ \t\r\n\f]+$/, "");
  let [keyword, rest] = takeKeyword(line);
  // White space or one "=" before the keyword.
  if (keyword === "") [keyword, rest] = takeKeyword(rest ?? "");
  if (keyword === undefined || keyword === "" || keyword.startsWith("#")) return undefined;

  keyword = lowerCase(keyword);
  rest = rest?.replace(/^[ \t\r\n]+/, "");
  if (!rest) return `no argument after keyword "${keyword}"`;
  const values = splitValues(rest);
  return values === undefined ? `invalid quotes after "${keyword}"` : { keyword, values, rest };
}

/** The keyword of an -o argument, lower case; undefined where there is none. */
export function keywordOf(argument: string): string | undefined {
  const line = splitKeyword(argument);
  return typeof line === "object" ? line.keyword : undefined;
}

// misc.c strdelim_internal with split_equals: [token, what follows]; an undefined token is an unmatched quote.
function takeKeyword(text: string): [string | undefined, string | undefined] {
  const at = text.search(/[ \t\r\n"=]/);
  if (at < 0) return [text, undefined];
  if (text.charAt(at) === '"') {
    const end = text.indexOf('"', at + 1);
    if (end < 0) return [undefined, undefined];
    return [text.slice(0, at) + text.slice(at + 1, end), text.slice(end + 1).replace(/^[ \t\r\n]+/, "")];
  }
  let rest = text.slice(at + 1).replace(/^[ \t\r\n]+/, "");
  // Only one "=" counts.
  if (text.charAt(at) !== "=" && rest.startsWith("=")) rest = rest.slice(1).replace(/^[ \t\r\n]+/, "");
  return [text.slice(0, at), rest];
}

// misc.c argv_split with terminate_on_comment; undefined: a quote that nothing closes.
function splitValues(text: string): string[] | undefined {
  const values: string[] = [];
  let i = 0;
  for (;;) {
    while (text.charAt(i) === " " || text.charAt(i) === "\t") i++;
    if (i >= text.length || text.charAt(i) === "#") return values;
    let value = "";
    let quote = "";
    for (; i < text.length; i++) {
      const character = text.charAt(i);
      const next = text.charAt(i + 1);
      if (character === "\\" && (next === "'" || next === '"' || next === "\\" || (quote === "" && next === " "))) {
        value += next;
        i++;
      } else if (quote === "" && (character === " " || character === "\t")) break;
      else if (quote === "" && (character === '"' || character === "'")) quote = character;
      else if (character === quote) quote = "";
      else value += character;
    }
    if (quote !== "") return undefined;
    values.push(value);
  }
}
