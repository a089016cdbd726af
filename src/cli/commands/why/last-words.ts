/** The last lines of the logs that masters of a key left, near the time of a session. */
import type { SessionEvent } from "../../../journal/events.ts";
import { poolDirectory } from "../../../protocol/paths.ts";
import { listFolder, modifiedAt, readText } from "../../../sys/files.ts";
import type { LastWords } from "../../interface.ts";

const LINES = 12;
/** A log written last so long before the session began is another master's (milliseconds). */
const NEAR = 5 * 60_000;

/** The last lines of the shard's logs, and of the last failed dial; none where nothing is left. */
export function readLastWords(bases: readonly string[], session: SessionEvent): LastWords[] {
  if (!session.key || !/^[0-9a-f]{32}$/.test(session.key)) return [];
  const { key } = session;
  const end = Date.parse(session.time);
  const begin = end - session.ms - NEAR;
  const log = new RegExp(`^${session.shard ?? 0}\\..*\\.log$`);
  return bases
    .map((base) => poolDirectory(base, key))
    .flatMap((folder) => listFolder(folder).map((name) => ({ name, path: `${folder}/${name}` })))
    .filter(({ name }) => name === "failed" || log.test(name))
    .map(({ path }) => ({ path, time: modifiedAt(path) ?? 0 }))
    .filter(({ path, time }) => time >= begin && (!/\/failed\.[^/]*$/.test(path) || time <= end + 1000))
    .sort((left, right) => Math.abs(left.time - end) - Math.abs(right.time - end))
    .slice(0, 2)
    .map(({ path }) => ({ path, lines: lastLines(path) }))
    .filter(({ lines }) => lines.length > 0);
}

function lastLines(path: string): string[] {
  const lines = readText(path)
    .split(/\r?\n/)
    .filter((line) => line !== "");
  return lines.slice(-LINES);
}
