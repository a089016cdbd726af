// Many callers at one moment, three ways: no sharing, OpenSSH's own sharing, sshim. One crowd, one result; it compares nothing.
import { poll, type Sshd } from "../../test/support/tools.ts";
import { endSide, makeSide, sshCommand } from "../support/sides.ts";
import { sum } from "../support/statistics.ts";
import { timeCrowd, timePairs } from "../support/timer.ts";

export type Way = "no sharing" | "ControlMaster=auto" | "sshim" | "sshim without options";

export interface Crowd {
  way: Way;
  callers: number;
  /** milliseconds from the moment that all start to the end of the last */
  wall: number;
  /** how many callers there were in all runs of this crowd together, and how many of them ended with another code than 0 */
  asked: number;
  failures: number;
  authentications: number;
  /** processor seconds of all callers, of everything they started, and of the masters that they left, up to the end of the last caller */
  processor: number;
}

/** Runs one crowd with nothing learned before it. `warm`: after one command which made a master. The server is quiet again when it is over. */
export async function runCrowd(server: Sshd, way: Way, callers: number, command: string, warm = false): Promise<Crowd> {
  const side = makeSide(way.startsWith("sshim") ? "sshim" : "raw", server.home);
  const options = way === "ControlMaster=auto" || way === "sshim" ? side.sharing : [];
  const words = [...server.options, ...options, server.host];
  const left: { pid: number }[] = [];
  try {
    if (warm) left.push(...(await timePairs([sshCommand(side, way, [...words, "true"])], 1, 0)).left);
    const before = server.authentications();
    const timing = await timeCrowd(Array.from({ length: callers }, () => sshCommand(side, way, [...words, command])));
    left.push(...timing.left);
    return {
      way,
      callers,
      wall: timing.total,
      asked: callers,
      failures: timing.samples.filter(({ code }) => code !== 0).length,
      authentications: server.authentications() - before,
      processor:
        (sum(timing.samples.map(({ processor }) => processor)) + timing.others + sum(timing.left.map(({ processor }) => processor))) / 1000,
    };
  } finally {
    endSide(side, left);
    await poll(() => server.processes().length === 1, "the server to be quiet", 20_000);
  }
}
