// Bulk data through an open session, each way. Fresh masters for each repeat: one pair of processes is a few percent faster than the next by chance.
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sshd } from "../../test/support/tools.ts";
import type { Figure, Report } from "../support/bars.ts";
import { endSide, makeSides, type Side, sshCommand } from "../support/sides.ts";
import { median, quantile, round } from "../support/statistics.ts";
import { type Sample, timePairs } from "../support/timer.ts";

/** `mebibytes` each way, twice on each side in turn, `repeats` times with masters of their own. */
export async function measureTransfer(server: Sshd, mebibytes: number, repeats: number): Promise<Report> {
  const samples = { down: [] as Sample[], up: [] as Sample[] };
  for (let repeat = 0; repeat < repeats; repeat++) {
    const sides = makeSides(server.home);
    // Who goes first in a round takes turns too: the timer begins with the first named.
    const order = repeat % 2 === 0 ? [sides.raw, sides.sshim] : [sides.sshim, sides.raw];
    const file = join(sides.raw.directory, "zeros");
    writeFileSync(file, "");
    truncateSync(file, mebibytes * 1024 * 1024);
    const ssh = (side: Side, command: string, more = {}) =>
      sshCommand(side, side.name, [...server.options, ...side.sharing, server.host, command], more);
    try {
      await timePairs(
        order.map((side) => ssh(side, "true")),
        1,
        0,
      );
      samples.down.push(
        ...(
          await timePairs(
            order.map((side) => ssh(side, `head -c ${mebibytes}M /dev/zero`)),
            2,
            0,
          )
        ).samples,
      );
      samples.up.push(
        ...(
          await timePairs(
            order.map((side) => ssh(side, "cat > /dev/null", { stdin: file })),
            2,
            0,
          )
        ).samples,
      );
    } finally {
      endSide(sides.raw);
      endSide(sides.sshim);
    }
  }
  return { figures: [compareSpeed("down", samples.down, mebibytes), compareSpeed("up", samples.up, mebibytes)], remarks: [] };
}

function compareSpeed(direction: string, samples: Sample[], mebibytes: number): Figure {
  const wrong = samples.find(({ code }) => code !== 0);
  if (wrong) throw new Error(`cannot compare: "${wrong.name}" ended with ${wrong.code}`);
  const speeds = (name: string) =>
    samples.filter((sample) => sample.name === name).map(({ wall }) => (mebibytes * 1.048576) / (wall / 1000));
  const [ours, raw] = [speeds("sshim"), speeds("raw")];
  const spread = `raw alone ${round(quantile(raw, 0.25))} to ${round(quantile(raw, 0.75))}`;
  return {
    what: `${mebibytes} MiB ${direction} an open session, sshim ÷ OpenSSH's mux client`,
    measured: median(ours) / median(raw),
    unit: "",
    bar: 0.98,
    aim: 1,
    direction: "least",
    detail: `${round(median(ours))} MB/s ÷ ${round(median(raw))} MB/s (${spread})`,
  };
}
