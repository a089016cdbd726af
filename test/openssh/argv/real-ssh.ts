// Asks the real ssh about argument lists: `ssh -G`, a run with masters that only take notes and a ProxyCommand that fails, and `ssh -G` with the
// options for a dial. Nothing here leaves the machine, or needs a server.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connectionArguments, dialDestination } from "../../../src/openssh/argv/connection.ts";
import type { ParsedArguments } from "../../../src/openssh/argv/parse.ts";
import { runAll } from "./drivers.ts";
import { SERVED } from "./generator.ts";
import { type Case, isPlain, mentionsJump, wouldJump } from "./oracle-case.ts";
import { Recorder } from "./recorder.ts";

/** Fills `printed`, `attached`, `asked` and, for every other list, `dialled` of the cases, one run after the other in a new `directory`. */
export async function askReal(directory: string, manyMains: string, program: string, own: Case[]): Promise<void> {
  mkdirSync(directory);
  writeFileSync(join(directory, "id"), "");
  writeFileSync(join(directory, "conf"), "ServerAliveCountMax 7\n");
  // Its stdout stays open until the line is out: ssh ends a ProxyCommand that has closed it.
  writeFileSync(join(directory, "proxy"), '#!/bin/sh\nprintf "PROXY [%s] [%s] [%s]\\n" "$@" >&2\n', { mode: 0o755 });
  const recorder = new Recorder();
  await recorder.listen(directory, SERVED);
  try {
    const env = { PATH: "/usr/bin:/bin", HOME: directory, SHELL: "/bin/sh", TERM: "dumb" };
    const options = { cwd: directory, env };
    const none = ["-F", "none"].map((word) => Buffer.from(word));
    const printed = await runAll(
      manyMains,
      program,
      own.map((each) => [Buffer.from("-G"), ...none, ...each.list.words]),
      options,
    );
    for (const [index, each] of own.entries()) each.printed = printed[index];

    const attaching = own.filter((each) => !wouldJump(each));
    const attached = await runAll(
      manyMains,
      program,
      attaching.map((each) => [...none, ...attachWords(each), ...each.list.words]),
      { ...options, mark: join(directory, "mark") },
    );
    for (const [index, each] of attaching.entries()) {
      each.attached = attached[index];
      each.asked = recorder.asked.get(index) ?? [];
    }

    const dialling = own.filter((each) => isPlain(each) && each.number % 2 === 0);
    const dialled = await runAll(
      manyMains,
      program,
      dialling.map((each) => [Buffer.from("-G"), ...none, ...dialWords(each.parsed as ParsedArguments)]),
      options,
    );
    for (const [index, each] of dialling.entries()) each.dialled = dialled[index];
  } finally {
    await recorder.close();
  }
}

/** The whole line of a dial, but for its own options. */
export function dialWords(parsed: ParsedArguments): Buffer[] {
  return [...connectionArguments(parsed), dialDestination(parsed) ?? ""].map((word) => Buffer.from(word));
}

// A control path to start with, and a ProxyCommand that says what it was told and fails; -J would object to the latter.
function attachWords(each: Case): Buffer[] {
  const proxy = mentionsJump(each) ? [] : ["-oProxyCommand=./proxy '%p' '%r' '%h'"];
  return ["-S", "d", ...proxy].map((word) => Buffer.from(word));
}
