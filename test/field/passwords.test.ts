/**
 * A connection that was made with a password belongs to those who can show it again. The server reads a shadow file of the test's own, in a mount
 * namespace of its own, so as root.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { findProgram } from "../support/programs.ts";
import { canMount } from "../support/rights.ts";
import { beside, type Field, line, type Side, scratch, startField, writeConfig } from "./scene.ts";

/** crypt(3) of the two passwords of the field. */
const SECRETS = {
  right: "$6$sshimright$RCxc5LAkreAbj63shEOTABUWa2GF4BJFf8LK1TSea9cXI7nL3XXWMOcXtsm80CYPFGY5VArrWV7RPK8E6MkRl0",
  other: "$6$sshimother$qD6iXt7v4sAOfHxVHCqN5jzP7UWUTAKSeSwmVJO5diiT2f/dfDrE0uTw4n4o/BgJ7nIM.v1pwplleYMYl1l86.",
};

let field: Field;
let shadow: string;
beforeAll(async () => {
  if (!canMount) return;
  shadow = join(scratch(), "shadow");
  setPassword("right");
  const script = `mount --bind ${shadow} /etc/shadow && exec "$@"`;
  field = await startField({
    one: { config: ["PasswordAuthentication yes"], within: ["unshare", "-m", "/bin/sh", "-c", script, "sh"] },
  });
});

function setPassword(secret: keyof typeof SECRETS): void {
  const lines = readFileSync("/etc/shadow", "utf8").split("\n");
  writeFileSync(shadow, lines.map((entry) => entry.replace(/^root:[^:]*/, `root:${SECRETS[secret]}`)).join("\n"), { mode: 0o600 });
}

/** The words that lead to the machine with nothing but a password, tried once. */
function words(side: Side, more: readonly string[] = []): string[] {
  setPassword("right");
  const only = ["PubkeyAuthentication no", "NumberOfPasswordPrompts 1", `Port ${field.one.port}`];
  const config = writeConfig(side.path("config"), field, ["Host box", ...[...only, ...more].map((text) => `  ${text}`)]);
  return ["-F", config, "box", "echo in"];
}

const refused = "! root@127.0.0.1: Permission denied (publickey,password).";
const hasSshpass = findProgram("sshpass") !== undefined;

describe("a password that a program hands over", () => {
  const withPassword = async (side: Side, args: readonly string[], password: string) =>
    line(await side.call("sshpass", ["-p", password, "ssh", ...args]));

  beside(
    "a wrong password by sshpass after a right one",
    async (side) => {
      const args = words(side);
      return [await withPassword(side, args, "right"), await withPassword(side, args, "wrong"), await withPassword(side, args, "right")];
    },
    ["0: in", `255: ${refused}`, "0: in"],
    canMount && hasSshpass,
  );

  beside(
    "a password that was changed on the server since",
    async (side) => {
      const args = words(side);
      const first = await withPassword(side, args, "right");
      setPassword("other");
      return [first, await withPassword(side, args, "right"), await withPassword(side, args, "other")];
    },
    ["0: in", `255: ${refused}`, "0: in"],
    canMount && hasSshpass,
  );

  beside(
    "a wrong password by SSH_ASKPASS after a right one",
    async (side) => {
      const args = words(side);
      const env = { SSH_ASKPASS: side.script("askpass", `cat ${side.path("answer")}`), SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":9" };
      const seen = [];
      for (const answer of ["right", "wrong"]) {
        writeFileSync(side.path("answer"), `${answer}\n`);
        seen.push(line(await side.ssh(args, { env })));
      }
      return seen;
    },
    ["0: in", `255: ${refused}`],
    canMount,
  );

  beside(
    "nobody who has no password goes in after somebody who had one",
    async (side) => {
      const args = words(side);
      const env = { SSH_ASKPASS: side.script("askpass", "echo right"), SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":9" };
      return [line(await side.ssh(args, { env })), line(await side.ssh(["-oBatchMode=yes", ...args]))];
    },
    ["0: in", `255: ${refused}`],
    canMount,
  );
});

describe("a password that was typed", () => {
  beside(
    "a password that was typed in one terminal opens nothing for another login session",
    async (side) => {
      const args = words(side);
      const terminal = startOnTerminal(side.name, args, { run: side.run, home: side.folder, cwd: side.folder });
      await terminal.shows("password:");
      terminal.type("right\n");
      const end = await terminal.ended;
      return [end, terminal.shown().replaceAll("\r", "").trim(), line(await side.ssh(["-oBatchMode=yes", ...args]))];
    },
    ["exit 0", expect.stringMatching(/^root@127\.0\.0\.1's password: \s*in$/), `255: ${refused}`],
    canMount,
  );
});
