// Does a warm command cost more when there are many tickets or many live masters? It should not.
import { execFileSync } from "node:child_process";
import { cpSync, readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import type { Sshd } from "../../test/support/tools.ts";
import type { Report } from "../support/bars.ts";
import { endSide, makeSides, type Side, sshCommand } from "../support/sides.ts";
import { round } from "../support/statistics.ts";
import { compare } from "./warm.ts";

export async function measureGrowth(server: Sshd, rounds: number, masters: number[], tickets: number[]): Promise<Report> {
  const { sshim } = makeSides(server.home);
  const words = [...server.options, server.host, "true"];
  const warm = async () => (await compare(rounds, [sshCommand(sshim, "sshim", words)])).medians.sshim ?? Number.NaN;
  const texts = { tickets: [] as string[], masters: [] as string[] };
  try {
    execFileSync(sshim.program, words, { env: sshim.environment });
    for (const count of tickets) {
      fillTickets(sshim, count);
      texts.tickets.push(`${count}: ${round(await warm())} ms`);
    }
    let live = 1;
    for (const count of masters) {
      // An option of the connection that changes nothing makes a key, and so a master, of its own.
      for (; live < count; live++)
        execFileSync(sshim.program, ["-o", `ServerAliveInterval=${1000 + live}`, ...words], { env: sshim.environment });
      texts.masters.push(`${count}: ${round(await warm())} ms`);
    }
  } finally {
    endSide(sshim);
  }
  return {
    figures: [],
    remarks: [
      { what: "warm command with so many tickets", detail: texts.tickets.join(" · ") },
      { what: "warm command with so many live masters", detail: texts.masters.join(" · ") },
    ],
  };
}

// Copies of a ticket under other names: as many files as so many questions would leave.
function fillTickets(side: Side, count: number): void {
  const folder = join(side.environment.SSHIM_DIR ?? "", "t");
  const [first] = readdirSync(folder);
  if (first === undefined) throw new Error("cannot measure growth: there is no ticket");
  for (let have = readdirSync(folder).length; have < count; have++) {
    const copy = join(folder, "new");
    cpSync(join(folder, first), copy);
    renameSync(copy, join(folder, have.toString(16).padStart(16, "0")));
  }
}
