/** The first of several callers is killed at many moments of its way, from its start to its session: the others never notice, and nothing stays behind. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { freshOptions, linesOf, masterAt, mastersOf, outcome, poll, processesOf, start, startSshd } from "../support/index.ts";
import { recordsOf } from "../support/runtime-directory.ts";

/** Milliseconds after its start. */
const MOMENTS = [0, 2, 5, 9, 14, 20, 27, 35, 44, 54, 65, 77, 90, 110, 140];

const everyLog = (run: string) =>
  readdirSync(run, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".log"))
    .map((name) => readFileSync(join(run, name), "utf8"))
    .join("");

describe("the first caller is killed", () => {
  it.each(["our own path", "a caller's ControlPath"])(`at ${MOMENTS.length} moments, on %s`, async (where) => {
    const sshd = await startSshd({ maxStartups: "100:30:200" });
    for (const moment of MOMENTS) {
      const options = freshOptions(sshd);
      const ledger = join(options.run, "ledger");
      const path = where === "our own path" ? [] : ["-oControlMaster=auto", "-oControlPersist=60", `-oControlPath=${options.run}/mux`];
      const call = (id: number) =>
        start("shim", [...path, ...sshd.options, sshd.host, `echo ${id} >> ${ledger}; echo ${id}; exit ${id}`], options);
      const first = call(0);
      const others = [1, 2].map(call);
      await setTimeout(moment);
      first.kill("SIGKILL");
      await first;
      const results = (await Promise.all(others)).map((result) => outcome(result as never));
      // OpenSSH's own: killed in the milliseconds in which the server opens its session, a client takes the master along (mux_session_confirm).
      if (everyLog(options.run).includes("lacks control channel")) continue;
      expect({ moment, results }).toEqual({ moment, results: [1, 2].map((id) => ({ stdout: `${id}\n`, stderr: "", exitCode: id })) });
      // The killed one's command may have run, but not twice.
      expect(new Set(linesOf(ledger)).size).toBe(linesOf(ledger).length);
      // One process is left: the master that the record names and that answers at the path.
      await poll(() => processesOf(options.run).length <= 1, `the end of everything but the master (killed after ${moment} ms)`);
      const [master] = recordsOf(options.run);
      expect({ moment, pid: await masterAt(master?.record.socket ?? "") }).toEqual({ moment, pid: master?.record.pid });
      expect(mastersOf(options.run)).toContain(master?.record.pid);
      const next = await call(3);
      expect(outcome(next as never)).toEqual({ stdout: "3\n", stderr: "", exitCode: 3 });
    }
  });
});
