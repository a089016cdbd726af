/**
 * Where the caller's stderr is. An answer to the front has it as descriptor 4, because its own stderr is /dev/null, so that no word
 * of its runtime (a crash, a warning) ever reaches the caller; everything else has it where it always is.
 */

/** The descriptor. */
export const CALLER_STDERR = process.argv[2] === "answer" ? 4 : 2;
