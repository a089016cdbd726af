/** Resource limits of one caller: a master made by it serves callers without them, so it keeps none that would cut their sessions. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { tightLimit } from "../../src/master/rlimits.ts";
import { shell } from "../support/compare.ts";
import { fixture, freshOptions, linesOf, outcome, runReal, runShim, temporary, visible } from "../support/index.ts";
import { mastersAt, recordsOf } from "../support/runtime-directory.ts";

const { sshd } = await fixture();
let options: ReturnType<typeof freshOptions>;
beforeEach(() => {
  options = freshOptions(sshd);
});

const words = (command: string) => [...sshd.options, sshd.host, command];
/** One call under `ulimit`, as the real ssh has it too. */
async function callUnder(limits: string): Promise<void> {
  const [args, program] = shell(`ulimit ${limits} && exec ssh "$@"`, words("echo x; exit 3"));
  const real = await runReal(args, { ...options, ...program });
  expect(visible(await runShim(args, { ...options, ...program }))).toEqual(visible(real));
  expect(real.exitCode).toBe(3);
}

describe("a first caller with a limit", () => {
  for (const [limits, shared] of [
    ["-f 100", false],
    ["-t 1", false],
    ["-n 64", false],
    ["-S -f 100", true],
    ["-S -t 1", true],
    ["-S -n 24", true],
  ] as const)
    it(`${limits}: ${shared ? "a soft one, the master does without it" : "a hard one, it goes by itself"}, and those after it are not cut`, async () => {
      await callUnder(limits);
      expect(mastersAt(options.run)).toHaveLength(shared ? 1 : 0);
      const out = join(temporary(), "out");
      const [args, program] = shell(`ssh "$@" > ${out}`, words("head -c 3000000 /dev/zero"));
      const large = runShim(args, { ...options, ...program });
      const others = Array.from({ length: 9 }, (_, n) => runShim(words(`echo ${n} >> ${out}.ledger; sleep 0.5; exit ${n}`), options));
      expect((await large).exitCode).toBe(0);
      expect(readFileSync(out).length).toBe(3_000_000);
      expect((await Promise.all(others)).map(outcome)).toEqual(others.map((_, n) => ({ stdout: "", stderr: "", exitCode: n })));
      expect(linesOf(`${out}.ledger`).sort()).toEqual(others.map((_, n) => `${n}`));
      for (const { record } of recordsOf(options.run))
        expect(tightLimit(readFileSync(`/proc/${record.pid}/limits`, "utf8"))).toBeUndefined();
    });
});

it("reads the hard limits by their names", () => {
  const text = (cpu: string, size: string, files: string) =>
    `Limit                     Soft Limit           Hard Limit           Units\nMax cpu time              1                    ${cpu}            seconds\nMax file size             unlimited            ${size}            bytes\nMax open files            64                   ${files}              files\n`;
  expect(tightLimit(text("unlimited", "unlimited", "1024"))).toBeUndefined();
  expect(tightLimit(text("600", "unlimited", "1024"))).toBe("Max cpu time");
  expect(tightLimit(text("unlimited", "51200", "1024"))).toBe("Max file size");
  expect(tightLimit(text("unlimited", "unlimited", "64"))).toBe("Max open files");
  expect(tightLimit("")).toBeUndefined();
});
