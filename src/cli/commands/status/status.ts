/** `sshim status`: the masters as a table, once or redrawn in place. It changes nothing. */
import { findHolders, type Holder } from "../../../master/proc.ts";
import { now, nowText, sleep } from "../../../sys/clock.ts";
import { onSignal, windowSize } from "../../../sys/terminal.ts";
import { type Context, flagOption, needRun, textOption } from "../../command.ts";
import type { Master, ShownMaster } from "../../interface.ts";
import { listMasters } from "../../masters/list.ts";
import { masterNamed } from "../../masters/named.ts";
import { formatTable, type Output, visibleLength } from "../../output.ts";
import { countOf, formatSeconds, readSeconds } from "../../units.ts";

export async function run(context: Context): Promise<number> {
  const directory = needRun(context);
  const wanted = masterNamed(context, context.operands[0]);
  const look = async () => {
    const masters = (await listMasters(context)).filter((master) => wanted(master));
    return masters.map((master) => ({ ...master, waits_for: master.state === "draining" ? holdersOf(context.uid, master) : [] }));
  };
  if (flagOption(context, "watch")) return watch(context, look);
  const masters = await look();
  context.out.show("status", { run: directory, masters }, () => formatMasters(masters, context.out, directory));
  return 0;
}

export function formatMasters(masters: readonly ShownMaster[], out: Output, directory: string): string {
  if (masters.length === 0) return `no masters in ${directory}\n`;
  const rows = masters.map((master) => [
    master.destination ?? "-",
    master.key.slice(0, 8),
    String(master.shard),
    String(master.pid),
    master.age_seconds === null ? "-" : formatSeconds(master.age_seconds),
    master.idle_seconds === null ? "-" : formatSeconds(master.idle_seconds),
    `${master.sessions}${master.limit === null ? "" : `/${master.limit}`}`,
    out.paint(colours[master.state], master.state),
    describe(master),
  ]);
  return formatTable([["DESTINATION", "KEY", "SHARD", "PID", "AGE", "IDLE", "SESSIONS", "STATE", "REMARK"], ...rows], [2, 3, 4, 5, 6]);
}

const colours = { live: "green", draining: "yellow", wedged: "red", orphan: "red", dead: "dim" } as const;

function describe(master: ShownMaster): string {
  const parts: string[] = [];
  if (master.owner === "caller") parts.push(`on the caller's ${master.socket}`);
  if (master.owner === "foreign") parts.push(`made by somebody else, ${master.socket}`);
  if (master.reason) parts.push(`retired: ${master.reason}`);
  if (master.state === "draining") parts.push(`waits for ${describeHolders(master)}`);
  return parts.join("; ");
}

function describeHolders({ waits_for: holders, sessions }: ShownMaster): string {
  if (holders.length === 0) return sessions === 0 ? "a command whose caller has gone, or its own end" : countOf(sessions, "session");
  return holders.map(({ pid, since }) => `pid ${pid} (${formatSeconds((now() - Date.parse(since)) / 1000)})`).join(", ");
}

function holdersOf(uid: number, master: Master): ShownMaster["waits_for"] {
  return findHolders(uid, master.record).map(({ pid, since }: Holder) => ({ pid, since: new Date(since).toISOString() }));
}

async function watch(context: Context, look: () => Promise<ShownMaster[]>): Promise<number> {
  const { out } = context;
  // Ten times a second is as fast as anybody can read.
  const interval = Math.max(0.1, readSeconds("interval", textOption(context, "interval") ?? "1s"));
  let ended = false;
  const end = new Promise<void>((resolve) => {
    onSignal(["SIGINT", "SIGTERM", "SIGHUP"], () => {
      ended = true;
      resolve();
    });
  });
  while (!ended) {
    const [masters, run] = [await look(), needRun(context)];
    const time = nowText();
    out.showNext("status --watch", { time, run, masters }, () => frame(out, `${time}\n${formatMasters(masters, out, run)}`));
    if (ended) break;
    await Promise.race([sleep(interval * 1000), end]);
  }
  return 0;
}

/** On a terminal: home, each line cleared to its end, then all below; the scrollback stays. */
function frame(out: Output, text: string): string {
  if (!out.terminal) return text;
  const { rows, columns } = windowSize();
  const lines = fit(text.trimEnd().split("\n"), rows, columns);
  return `\u001b[H${lines.map((line) => `${line}\u001b[K`).join("\n")}\u001b[J`;
}

/** As many lines as the terminal shows without scrolling, a long one counting for several. */
export function fit(lines: readonly string[], rows: number, columns: number): string[] {
  const heights = lines.map((line) => Math.max(1, Math.ceil(visibleLength(line) / columns)));
  const all = heights.reduce((sum, height) => sum + height, 0);
  if (all <= rows) return [...lines];
  let room = Math.max(1, rows - 1);
  const shown = lines.filter((_, index) => {
    room -= heights[index] ?? 1;
    return room >= 0;
  });
  return [...shown, `… ${lines.length - shown.length} more lines`];
}
