// The first command to a host: no master, with the question already known and with nothing known at all, against a plain ssh.
import type { Sshd } from "../../test/support/tools.ts";
import type { Figure, Report } from "../support/bars.ts";
import { endSide, makeSides, sshCommand, writeReset } from "../support/sides.ts";
import { round } from "../support/statistics.ts";
import { compare } from "./warm.ts";

export async function measureCold(server: Sshd, rounds: number): Promise<Report> {
  const { raw, sshim } = makeSides(server.home);
  const plain = [...server.options, server.host, "true"];
  const shared = [...server.options, ...raw.sharing];
  try {
    const known = await compare(
      rounds,
      [
        sshCommand(raw, "plain", plain),
        sshCommand(raw, "raw, ControlMaster=auto", [...shared, server.host, "true"], { before: writeReset(raw, server, shared, false) }),
        sshCommand(sshim, "sshim", plain, { before: writeReset(sshim, server, server.options, false) }),
      ],
      2,
    );
    const unknown = await compare(
      rounds,
      [sshCommand(raw, "plain", plain), sshCommand(sshim, "sshim", plain, { before: writeReset(sshim, server, server.options, true) })],
      2,
    );
    const figure = (what: string, { plain: under = Number.NaN, sshim: over = Number.NaN }: Record<string, number>): Figure => {
      return {
        what,
        measured: over / under,
        unit: "",
        bar: 1.15,
        aim: 1.05,
        direction: "most",
        detail: `${round(over)} ms ÷ ${round(under)} ms`,
      };
    };
    return {
      figures: [
        figure("cold command, question known, sshim ÷ plain ssh", known.medians),
        figure("cold command, nothing known, sshim ÷ plain ssh", unknown.medians),
      ],
      remarks: [
        {
          what: "cold command, question known, all medians (95th percentile)",
          detail: known.text.replaceAll(/, [\d.,]+ ms processor/g, ""),
        },
      ],
    };
  } finally {
    endSide(raw);
    endSide(sshim);
  }
}
