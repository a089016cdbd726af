// Bulk data through an open session, each way.
import { truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Sshd } from "../../test/support/tools.ts";
import type { Figure, Report } from "../support/bars.ts";
import { endSide, makeSides, sshCommand } from "../support/sides.ts";
import { round } from "../support/statistics.ts";
import { compare } from "./warm.ts";

/** `mebibytes` each way, `rounds` times on each side in turn. */
export async function measureTransfer(server: Sshd, mebibytes: number, rounds: number): Promise<Report> {
  const { raw, sshim } = makeSides(server.home);
  const file = join(raw.directory, "zeros");
  writeFileSync(file, "");
  truncateSync(file, mebibytes * 1024 * 1024);
  const figures: Figure[] = [];
  try {
    for (const [direction, command, more] of [
      ["down", `head -c ${mebibytes}M /dev/zero`, {}],
      ["up", "cat > /dev/null", { stdin: file }],
    ] as const) {
      const sides = [raw, sshim].map((side) =>
        sshCommand(side, side.name, [...server.options, ...side.sharing, server.host, command], more),
      );
      const { medians } = await compare(rounds, sides, 1);
      const speed = (name: string) => (mebibytes * 1.048576) / ((medians[name] ?? Number.NaN) / 1000);
      figures.push({
        what: `${mebibytes} MiB ${direction} an open session, sshim ÷ OpenSSH's mux client`,
        measured: speed("sshim") / speed("raw"),
        unit: "",
        bar: 0.98,
        aim: 1,
        direction: "least",
        detail: `${round(speed("sshim"))} MB/s ÷ ${round(speed("raw"))} MB/s`,
      });
    }
  } finally {
    endSide(raw);
    endSide(sshim);
  }
  return { figures, remarks: [] };
}
