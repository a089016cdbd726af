// One caller, one live master: a warm command, a check, a waiting process, something that is not ours at all. Both sides in turn.
import { join } from "node:path";
import type { Sshd } from "../../test/support/tools.ts";
import type { Figure, Report } from "../support/bars.ts";
import { measureWaiting } from "../support/memory.ts";
import { endSide, makeSides, sshCommand } from "../support/sides.ts";
import { median, quantile, round } from "../support/statistics.ts";
import { buildTool, type Command, timePairs } from "../support/timer.ts";

/** Needs a server without load. `rounds` pairs each. */
export async function measureWarm(server: Sshd, rounds: number): Promise<Report> {
  const { raw, sshim } = makeSides(server.home);
  const bare = await buildTool("bare-mux");
  const shared = (side: typeof raw) => [...server.options, ...side.sharing, server.host];
  try {
    const warm = await compare(rounds, [
      sshCommand(raw, "raw", [...shared(raw), "true"]),
      sshCommand(sshim, "sshim", [...shared(sshim), "true"]),
      sshCommand(sshim, "sshim without options", [...server.options, server.host, "true"]),
      { name: "bare", words: [bare, join(raw.directory, String(server.port)), "true"] },
    ]);
    const check = await compare(rounds, [
      sshCommand(raw, "raw", ["-O", "check", ...shared(raw)]),
      sshCommand(sshim, "sshim", ["-O", "check", ...shared(sshim)]),
    ]);
    const version = await compare(rounds, [sshCommand(raw, "raw", ["-V"]), sshCommand(sshim, "sshim", ["-V"])]);
    const memory = {
      raw: median(await measureWaiting([raw.program, ...shared(raw), "sleep 30"], 4, raw.environment)),
      sshim: median(await measureWaiting([sshim.program, ...shared(sshim), "sleep 30"], 4, sshim.environment)),
    };
    const ratio = (what: string, over: number, under: number, bar: number, aim: number): Figure => {
      return { what, measured: over / under, unit: "", bar, aim, direction: "most", detail: `${round(over)} ms ÷ ${round(under)} ms` };
    };
    const { raw: rawWarm = Number.NaN, sshim: sshimWarm = Number.NaN, bare: bareWarm = Number.NaN } = warm.medians;
    return {
      figures: [
        ratio("warm command, sshim ÷ OpenSSH's mux client", sshimWarm, rawWarm, 0.65, 0.5),
        ratio("`-O check`, sshim ÷ OpenSSH's", check.medians.sshim ?? Number.NaN, check.medians.raw ?? Number.NaN, 0.65, 0.5),
        ratio("warm command, sshim ÷ a bare C mux client", sshimWarm, bareWarm, 1.25, 1.1),
        {
          what: "private memory of a waiting session, sshim ÷ OpenSSH's mux client",
          measured: memory.sshim / memory.raw,
          unit: "",
          bar: 0.25,
          aim: 0.1,
          direction: "most",
          detail: `${round(memory.sshim)} KiB ÷ ${round(memory.raw)} KiB`,
        },
        {
          what: "passthrough, `ssh -V` through sshim − `ssh -V`",
          measured: (version.medians.sshim ?? Number.NaN) - (version.medians.raw ?? Number.NaN),
          unit: " ms",
          bar: 2,
          aim: 1,
          direction: "most",
          detail: `${round(version.medians.sshim ?? Number.NaN)} ms − ${round(version.medians.raw ?? Number.NaN)} ms`,
        },
      ],
      remarks: [
        { what: "warm command, all medians (95th percentile), processor", detail: warm.text },
        { what: "`-O check`, the same", detail: check.text },
      ],
    };
  } finally {
    endSide(raw);
    endSide(sshim);
  }
}

/** Medians of the wall time in milliseconds by name. Throws when a command fails: a failed command is no measurement. */
export async function compare(rounds: number, commands: Command[], warmup = 5): Promise<{ medians: Record<string, number>; text: string }> {
  const { samples } = await timePairs(commands, rounds, warmup);
  const wrong = samples.find((sample) => sample.code !== 0);
  if (wrong) throw new Error(`cannot compare: "${wrong.name}" ended with ${wrong.code}`);
  const medians: Record<string, number> = {};
  const texts: string[] = [];
  for (const { name } of commands) {
    const own = samples.filter((sample) => sample.name === name);
    const walls = own.map((sample) => sample.wall);
    medians[name] = median(walls);
    const processor = round(median(own.map((sample) => sample.processor)));
    texts.push(`${name} ${round(median(walls))} ms (${round(quantile(walls, 0.95))}), ${processor} ms processor`);
  }
  return { medians, text: texts.join(" · ") };
}
