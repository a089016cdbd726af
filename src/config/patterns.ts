/**
 * Host patterns as ssh_config(5) PATTERNS has them: `*`, `?`, and lists in which `!` takes a match
 * away again.
 */
/**
 * Whether a list of patterns names one of these hosts. A pattern with `!` that matches any of them
 * refuses them all, and a list of nothing but `!` patterns matches nothing (match.c,
 * match_pattern_list). Letters of either case are the same.
 */
export function matchPatternList(patterns: readonly string[], names: readonly string[]): boolean {
  let found = false;
  for (const pattern of patterns) {
    const negated = pattern.startsWith("!");
    const bare = negated ? pattern.slice(1) : pattern;
    if (!names.some((name) => matchPattern(bare, name))) continue;
    if (negated) return false;
    found = true;
  }
  return found;
}

/** Splits `"*.example.com !db.example.com, web?"` into its patterns: spaces and commas separate. */
export function splitPatterns(text: string): string[] {
  return text.split(/[\s,]+/).filter((word) => word !== "");
}

/** match.c, match_pattern, without recursion so that `*a*a*a*…` costs nothing. */
export function matchPattern(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = name.toLowerCase();
  let at = 0;
  let star = -1;
  let retry = 0;
  for (let index = 0; index < given.length; ) {
    if (at < wanted.length && wanted[at] === "*") {
      star = at++;
      retry = index;
    } else if (at < wanted.length && (wanted[at] === "?" || wanted[at] === given[index])) {
      at++;
      index++;
    } else if (star >= 0) {
      at = star + 1;
      index = ++retry;
    } else {
      return false;
    }
  }
  while (wanted[at] === "*") at++;
  return at === wanted.length;
}
