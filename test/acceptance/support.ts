/** The harness, and a word for the shell. */
export * from "../support/index.ts";

/** One word for a POSIX shell. */
export const shellQuote = (word: string): string => `'${word.replaceAll("'", "'\\''")}'`;
