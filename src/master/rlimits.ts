/**
 * The caller's resource limits (getrlimit(2)), which a master would keep: with them it would be
 * killed, or refuse descriptors, amid other callers' sessions. The launcher raises the soft ones;
 * for a hard one the real ssh serves that caller alone.
 */
import { readText } from "../sys/files.ts";

/** Ten sessions with three descriptors each, and what ssh itself needs. */
const FEWEST_DESCRIPTORS = 128;

/**
 * The hard limit that no master should have, in the words of /proc/PID/limits; undefined where
 * there is none, or it cannot be told.
 */
export function tightLimit(text = readText("/proc/self/limits")): string | undefined {
  const hard = (name: string) => {
    const [, value] = new RegExp(`^${name} +\\S+ +(\\S+)`, "m").exec(text) ?? [];
    return value === undefined || value === "unlimited" ? Number.POSITIVE_INFINITY : Number(value);
  };
  const tight = ["Max cpu time", "Max file size"].find((name) => hard(name) !== Number.POSITIVE_INFINITY);
  return tight ?? (hard("Max open files") < FEWEST_DESCRIPTORS ? "Max open files" : undefined);
}
