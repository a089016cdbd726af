/** While a dial asks a person for a secret, the others go by themselves: each with the prompt, or the refusal, that plain ssh would give them. */
import { existsSync, writeFileSync } from "node:fs";
import { beforeAll, describe, expect } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { poll, shellQuote } from "../support/index.ts";
import { accept, alone, beside, type Field, line, makeKey, reach, type Side, scratch, startField, textOf, toBox } from "./scene.ts";

let field: Field;
let locked: string;
beforeAll(async () => {
  field = await startField();
  locked = makeKey(scratch(), "lock", "secret");
  accept(field.one, "one", "alice", locked);
});

const atTerminal = (side: Side, words: string[]) =>
  startOnTerminal(side.name, words, { run: side.run, home: side.folder, cwd: side.folder });
const denied = expect.stringMatching(/^255: ! \S+: Permission denied \(publickey\)\.$/);

describe("while somebody is asked", () => {
  beside(
    "at a terminal, another caller with BatchMode is refused at once",
    async (side) => {
      const words = [...toBox(side, field, [], locked), reach];
      const terminal = atTerminal(side, words);
      await terminal.shows("Enter passphrase for key");
      const other = line(await side.ssh(["-oBatchMode=yes", ...words], { timeout: 8000 }));
      terminal.type("secret\n");
      return [other, await terminal.ended];
    },
    [denied, "exit 0"],
  );

  beside(
    "at a terminal, another caller at another terminal is asked as well",
    async (side) => {
      const words = [...toBox(side, field, [], locked), reach];
      const one = atTerminal(side, words);
      await one.shows("Enter passphrase for key");
      const other = atTerminal(side, words);
      const asked = await other.shows("Enter passphrase for key", 8000).then(
        () => "asked",
        () => "not asked",
      );
      for (const terminal of [other, one]) terminal.type("secret\n");
      return [asked, await other.ended, await one.ended];
    },
    ["asked", "exit 0", "exit 0"],
  );

  beside(
    "by an askpass, another caller with BatchMode is refused at once",
    async (side) => {
      const words = [...toBox(side, field, [], locked), reach];
      const script = `: > ${side.path("asked")}; while [ ! -e ${side.path("answer")} ]; do sleep 0.05; done; echo secret`;
      const first = side.start(words, { env: { SSH_ASKPASS: side.script("askpass", script), SSH_ASKPASS_REQUIRE: "force" } });
      await poll(() => existsSync(side.path("asked")), "the askpass", 10_000);
      const other = line(await side.ssh(["-oBatchMode=yes", ...words], { timeout: 8000 }));
      writeFileSync(side.path("answer"), "");
      return [other, (await first).exitCode];
    },
    [denied, 0],
  );
});

// "May ask" is not "asks": a terminal alone is no reason for everybody to go by himself.
alone("ten cold callers of one terminal are one handshake", async (side) => {
  const before = field.one.authentications();
  const call = `ssh ${[...toBox(side, field), reach].map(shellQuote).join(" ")} </dev/null >> ${side.path("out")}`;
  const script = `for n in 1 2 3 4 5 6 7 8 9 10; do ${call} & done; wait`;
  const options = { run: side.run, home: side.folder, cwd: side.folder, program: "bash", argv0: "bash" };
  expect(await startOnTerminal(side.name, ["--norc", "-c", script], options).ended).toBe("exit 0");
  expect(textOf(side.path("out"))).toBe("one alice\n".repeat(10));
  expect(field.one.authentications() - before).toBe(1);
});
