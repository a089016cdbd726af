/** Which host keys are believed, when that changes between two calls: known_hosts, revoked keys, a KnownHostsCommand. */
import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { alone, beside, type Field, line, makeKey, reach, type Side, scratch, startField, textOf, writeConfig } from "./scene.ts";

let field: Field;
let stranger: string;
beforeAll(async () => {
  field = await startField();
  stranger = makeKey(scratch(), "stranger");
});

const hostKey = () => readFileSync(join(field.one.directory, "host_key.pub"), "utf8").trim();
const keyOf = (file: string) => readFileSync(`${file}.pub`, "utf8").trim();

/** A call that believes the file `known` of the scene, where `options` say so. */
function stage(side: Side, options: readonly string[] = []) {
  const known = side.path("known");
  writeFileSync(known, `box ${hostKey()}\n`);
  const lines = ["HostKeyAlias box", `Port ${field.one.port}`, ...options, `UserKnownHostsFile ${known}`];
  const config = writeConfig(side.path("config"), field, ["Host box", ...lines.map((text) => `  ${text}`)]);
  return { known, call: async (env = {}) => line(await side.ssh(["-F", config, "box", reach], { env })) };
}

const unknown = expect.stringMatching(
  /^255: ! No ED25519 host key is known for box and you have requested strict checking\.\r?\nHost key verification failed\.$/,
);
const failed = expect.stringMatching(/^255: ! [\s\S]*Host key verification failed\.$/);

describe("known_hosts under strict checking", () => {
  for (const [name, change, told] of [
    ["a file of known hosts that was emptied", (file: string) => writeFileSync(file, ""), unknown],
    ["a file of known hosts that was removed", (file: string) => rmSync(file), unknown],
    [
      "a host that ssh-keygen -R took out",
      (file: string) => execFileSync("ssh-keygen", ["-q", "-R", "box", "-f", file], { stdio: "ignore" }),
      unknown,
    ],
    ["a host that has another key in known_hosts since", (file: string) => writeFileSync(file, `box ${keyOf(stranger)}\n`), failed],
    [
      "a host whose key known_hosts calls revoked",
      (file: string) => writeFileSync(file, `box ${hostKey()}\n@revoked * ${hostKey()}\n`),
      failed,
    ],
  ] as const)
    beside(
      name,
      async (side) => {
        const { known, call } = stage(side);
        const first = await call();
        change(known);
        return [first, await call()];
      },
      ["0: one alice", told],
    );

  beside(
    "a host's key that RevokedHostKeys names since",
    async (side) => {
      const revoked = side.path("revoked");
      writeFileSync(revoked, `${keyOf(stranger)}\n`);
      const { call } = stage(side, [`RevokedHostKeys ${revoked}`]);
      const first = await call();
      writeFileSync(revoked, `${hostKey()}\n`);
      return [first, await call()];
    },
    ["0: one alice", failed],
  );

  // accept-new writes a line at every first contact: that must not give every other host a new connection.
  alone("another host that is added to known_hosts costs this one no connection", async (side) => {
    const { known, call } = stage(side);
    const before = field.one.authentications();
    for (let count = 0; count < 3; count++) {
      expect(await call()).toBe("0: one alice");
      writeFileSync(known, `other${count} ${keyOf(stranger)}\n`, { flag: "a" });
    }
    expect(field.one.authentications() - before).toBe(1);
  });
});

describe("known_hosts that ssh writes itself", () => {
  const added = "0: one alice ! Warning: Permanently added 'box' (ED25519) to the list of known hosts.";
  for (const [name, value] of [
    ["a file of known hosts that was removed is written again with StrictHostKeyChecking no", "no"],
    ["a file of known hosts that was removed is written again with StrictHostKeyChecking accept-new", "accept-new"],
  ] as const)
    beside(
      name,
      async (side) => {
        const { known, call } = stage(side, [`StrictHostKeyChecking ${value}`]);
        rmSync(known);
        const first = await call();
        rmSync(known, { force: true });
        return [first, await call(), existsSync(known)];
      },
      [added, added, true],
    );

  beside(
    "a host that has another key in known_hosts since, with StrictHostKeyChecking accept-new",
    async (side) => {
      const { known, call } = stage(side, ["StrictHostKeyChecking accept-new"]);
      const first = await call();
      writeFileSync(known, `box ${keyOf(stranger)}\n`);
      return [first, await call(), textOf(known)];
    },
    ["0: one alice", failed, expect.stringMatching(/^box /)],
  );
});

describe("a KnownHostsCommand", () => {
  beside(
    "a KnownHostsCommand whose script says another key since",
    async (side) => {
      const say = (key: string) => side.script("known-command", `echo 'box ${key}'`);
      const { call } = stage(side, ["UserKnownHostsFile none", `KnownHostsCommand ${say(hostKey())}`]);
      const first = await call();
      say(keyOf(stranger));
      return [first, await call()];
    },
    ["0: one alice", failed],
  );

  beside(
    "a KnownHostsCommand whose script reads a variable",
    async (side) => {
      copyFileSync(`${stranger}.pub`, side.path("stranger"));
      const script = side.script(
        "known-command",
        `[ -n "$STRANGE" ] && echo "box $(cat ${side.path("stranger")})" || echo 'box ${hostKey()}'`,
      );
      const { call } = stage(side, ["UserKnownHostsFile none", `KnownHostsCommand ${script}`]);
      return [await call(), await call({ STRANGE: "yes" })];
    },
    ["0: one alice", failed],
  );
});
