// The one caller's numbers, one after the other, each on a server without other load.
import { type Sshd, startSshd } from "../../test/support/tools.ts";
import type { Report } from "../support/bars.ts";
import { say } from "../support/report.ts";
import { measureCold } from "./cold.ts";
import { measureGrowth } from "./growth.ts";
import { measureTransfer } from "./transfer.ts";
import { measureWarm } from "./warm.ts";

export async function measureCore(quick: boolean): Promise<Report> {
  const server = await startSshd({ maxSessions: 50 });
  const steps: [string, (server: Sshd) => Promise<Report>][] = [
    ["warm commands, checks, memory, passthrough", () => measureWarm(server, quick ? 40 : 300)],
    ["cold commands", () => measureCold(server, quick ? 8 : 40)],
    ["bulk data", () => measureTransfer(server, quick ? 128 : 1024, quick ? 2 : 5)],
    ["growth", () => (quick ? measureGrowth(server, 40, [1, 5], [1, 100]) : measureGrowth(server, 150, [1, 20, 100], [1, 100, 1000]))],
  ];
  const report: Report = { figures: [], remarks: [] };
  try {
    for (const [what, measure] of steps) {
      say(what);
      const { figures, remarks } = await measure(server);
      report.figures.push(...figures);
      report.remarks.push(...remarks);
    }
  } finally {
    await server.stop();
  }
  return report;
}
