/** As whom a call goes in, when what proves it changes between two calls: what an agent holds, a password, a key's public half, a certificate. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { poll } from "../support/index.ts";
import { alone, beside, type Field, line, reach, type Side, scratch, startAgent, startField, writeConfig } from "./scene.ts";

let field: Field;
let authority: string;
beforeAll(async () => {
  const folder = scratch();
  authority = join(folder, "ca");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "ca", "-f", authority]);
  field = await startField({ one: { config: [`TrustedUserCAKeys ${authority}.pub`] } });
});

const refused = expect.stringMatching(/^255: ! \S+: Permission denied \(publickey\)\.$/);

describe("an agent", () => {
  /** Calls with no identity but the agent's; all words of the scene are "ssh -F config box". */
  const stage = (side: Side, key = "none") => {
    const config = writeConfig(
      side.path("config"),
      field,
      ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`, "  IdentitiesOnly no", "  BatchMode yes"],
      key,
    );
    const socket = side.path("agent");
    return { socket, call: async () => line(await side.ssh(["-F", config, "box", reach], { env: { SSH_AUTH_SOCK: socket } })) };
  };

  beside(
    "an agent that holds another key since",
    async (side) => {
      const { socket, call } = stage(side);
      const agent = startAgent(socket, [field.keys.alice]);
      const first = await call();
      agent.clear();
      agent.add(field.keys.bob);
      return [first, await call()];
    },
    ["0: one alice", "0: one bob"],
  );

  beside(
    "an agent that was emptied, and filled again",
    async (side) => {
      const { socket, call } = stage(side);
      const agent = startAgent(socket, [field.keys.alice]);
      const first = await call();
      agent.clear();
      const second = await call();
      agent.add(field.keys.alice);
      return [first, second, await call()];
    },
    ["0: one alice", refused, "0: one alice"],
  );

  beside(
    "an agent that was locked, and unlocked",
    async (side) => {
      const { socket, call } = stage(side);
      const agent = startAgent(socket, [field.keys.alice]);
      const first = await call();
      agent.order(["-x"], "secret\nsecret\n");
      const second = await call();
      agent.order(["-X"], "secret\n");
      return [first, second, await call()];
    },
    ["0: one alice", refused, "0: one alice"],
  );

  beside(
    "an agent that ended",
    async (side) => {
      const { socket, call } = stage(side);
      const agent = startAgent(socket, [field.keys.alice]);
      const first = await call();
      agent.end();
      return [first, await call()];
    },
    ["0: one alice", refused],
  );

  beside(
    "another agent at the same path",
    async (side) => {
      const { socket, call } = stage(side);
      const agent = startAgent(socket, [field.keys.alice]);
      const first = await call();
      agent.end();
      startAgent(socket, [field.keys.bob]);
      return [first, await call()];
    },
    ["0: one alice", "0: one bob"],
  );

  beside(
    "a key that was added to an agent and is the identity file's own, which ssh offers first",
    async (side) => {
      copyFileSync(`${field.keys.alice}.pub`, side.path("id.pub"));
      const { socket, call } = stage(side, side.path("id.pub"));
      const agent = startAgent(socket, [field.keys.bob]);
      const first = await call();
      agent.add(field.keys.alice);
      return [first, await call()];
    },
    ["0: one bob", "0: one alice"],
  );

  alone("an agent that holds what it held is one connection's", async (side) => {
    const { socket, call } = stage(side);
    startAgent(socket, [field.keys.alice, field.keys.bob]);
    const before = field.one.authentications();
    for (let count = 0; count < 3; count++) expect(await call()).toBe("0: one alice");
    expect(field.one.authentications() - before).toBe(1);
  });

  beside(
    "two agents that a relative SSH_AUTH_SOCK names in two directories, forwarded",
    async (side) => {
      const config = writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`]);
      const seen = [];
      for (const key of ["alice", "bob"] as const) {
        mkdirSync(side.path(key));
        startAgent(side.path(`${key}/agent`), [field.keys[key]]);
      }
      for (const key of ["alice", "bob", "alice"]) {
        const words = ["-A", "-F", config, "box", "ssh-add -L | cut -d ' ' -f 3"];
        seen.push(line(await side.ssh(words, { env: { SSH_AUTH_SOCK: "agent" }, cwd: side.path(key) })));
      }
      return seen;
    },
    ["0: alice", "0: bob--", "0: alice"],
  );
});

describe("a file beside the key", () => {
  beside(
    "the public half of an identity file was replaced, which tells which of the agent's keys is offered",
    async (side) => {
      const config = writeConfig(
        side.path("config"),
        field,
        ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`, "  BatchMode yes"],
        side.path("id"),
      );
      startAgent(side.path("agent"), [field.keys.alice, field.keys.bob]);
      copyFileSync(field.keys.alice, side.path("id"));
      const seen = [];
      for (const key of [field.keys.alice, field.keys.bob]) {
        copyFileSync(`${key}.pub`, side.path("id.pub"));
        seen.push(line(await side.ssh(["-F", config, "box", reach], { env: { SSH_AUTH_SOCK: side.path("agent") } })));
      }
      return seen;
    },
    ["0: one alice", "0: one bob"],
  );

  beside(
    "a certificate that has expired",
    async (side) => {
      copyFileSync(field.keys.carol, side.path("id"));
      copyFileSync(`${field.keys.carol}.pub`, side.path("id.pub"));
      const config = writeConfig(
        side.path("config"),
        field,
        ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`, "  LogLevel QUIET"],
        side.path("id"),
      );
      // Whole seconds, as certificates count them.
      const end = Math.floor(Date.now() / 1000) + 4;
      const validity = `always:${new Date(end * 1000).toISOString().replace(/[-:T]|\..*/g, "")}Z`;
      execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "carol", "-n", field.one.user, "-V", validity, side.path("id.pub")]);
      const call = async () => line(await side.ssh(["-F", config, "box", "echo in"]));
      const first = await call();
      await poll(() => Date.now() > (end + 1) * 1000, "the end of the certificate", 10_000);
      return [first, await call()];
    },
    ["0: in", "255:"],
  );

  beside(
    "a certificate that was taken away",
    async (side) => {
      copyFileSync(field.keys.carol, side.path("id"));
      copyFileSync(`${field.keys.carol}.pub`, side.path("id.pub"));
      const config = writeConfig(
        side.path("config"),
        field,
        ["Host box", "  HostKeyAlias box", `  Port ${field.one.port}`],
        side.path("id"),
      );
      execFileSync("ssh-keygen", ["-q", "-s", authority, "-I", "carol", "-n", field.one.user, side.path("id.pub")]);
      const first = line(await side.ssh(["-F", config, "box", "echo in"]));
      rmSync(side.path("id-cert.pub"));
      return [first, line(await side.ssh(["-F", config, "box", "echo in"]))];
    },
    ["0: in", refused],
  );
});
