/** What time it is, and waiting. */
import { now } from "./host.ts";

export { elapsed, now, sleep, sleepNow } from "./host.ts";

/** Now, as ISO 8601 in UTC with milliseconds, as the journal has it. */
export function nowText(): string {
  return new Date(now()).toISOString();
}

/** Whole seconds of the epoch. */
export function nowSeconds(): number {
  return Math.floor(now() / 1000);
}
