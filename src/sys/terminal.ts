/** Terminals: whether a descriptor is one, how large it is, the signals that a person sends from it, and the caller's stderr. */
import { args } from "./host.ts";

export { isTerminal, onSignal, windowSize } from "./host.ts";

/**
 * The descriptor of the caller's stderr. An answer to the front has it as 4, because its own stderr is /dev/null, so that no word of
 * its runtime (a crash, a warning) ever reaches the caller.
 */
export const CALLER_STDERR = args()[0] === "answer" ? 4 : 2;
