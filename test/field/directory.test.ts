/** Programs and files that only the dial uses, relative to the working directory: they are found where the caller stands. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe } from "vitest";
import { buildFake } from "../fakes/index.ts";
import type { RunOptions } from "../support/index.ts";
import { accept, beside, type Field, line, makeKey, reach, type Side, scratch, startAgent, startField, writeConfig } from "./scene.ts";

let field: Field;
let pipe: string;
/** a key of alice's with the passphrase "secret" */
let locked: string;
beforeAll(async () => {
  field = await startField();
  pipe = buildFake("tcp-pipe");
  locked = makeKey(scratch(), "lock", "secret");
  accept(field.one, "one", "alice", locked);
});

/** A working directory below the scene's folder. */
function directory(side: Side, name: string): string {
  mkdirSync(side.path(name), { recursive: true });
  return side.path(name);
}

describe("what is relative to the working directory", () => {
  /** Two calls from a directory, with an ssh_config whose lines for `box` are given. */
  const twice = async (side: Side, lines: readonly string[], options: RunOptions = {}, key = field.keys.alice) => {
    const config = writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", ...lines.map((text) => `  ${text}`)], key);
    const call = async () => line(await side.ssh(["-F", config, "box", reach], { cwd: directory(side, "d"), ...options }));
    return [await call(), await call()];
  };
  const told = ["0: one alice", "0: one alice"];
  const port = () => `Port ${field.one.port}`;

  beside(
    "a ProxyCommand that is ssh with a relative -F, as Ansible's users write it",
    (side) => {
      writeConfig(join(directory(side, "d"), "ssh.cfg"), field, ["Host jump", `  Port ${field.two.port}`]);
      return twice(side, [port(), "ProxyCommand ssh -F ssh.cfg -W %h:%p jump"]);
    },
    told,
  );
  beside(
    "a ProxyCommand that is ssh with a relative key",
    (side) => {
      writeConfig(side.path("jump"), field, ["Host jump", `  Port ${field.two.port}`], "none");
      directory(side, "d/keys");
      copyFileSync(field.keys.bob, side.path("d/keys/b.pem"));
      return twice(side, [port(), `ProxyCommand ssh -F ${side.path("jump")} -i keys/b.pem -W %h:%p jump`]);
    },
    told,
  );
  beside(
    "a ProxyCommand that is a script in the working directory",
    (side) => {
      directory(side, "d");
      side.script("d/go.sh", `exec ${pipe} $1`);
      return twice(side, [port(), "ProxyCommand sh go.sh %p"]);
    },
    told,
  );
  beside(
    "a ProxyCommand that reads a file in the working directory",
    (side) => {
      writeFileSync(join(directory(side, "d"), "port"), `${field.one.port}\n`);
      return twice(side, [`ProxyCommand ${pipe} $(cat port)`]);
    },
    told,
  );
  beside(
    "a ProxyCommand that a relative PATH finds",
    (side) => {
      directory(side, "d");
      side.script("d/px", `exec ${pipe} $1`);
      return twice(side, [port(), "ProxyCommand px %p"], { env: { PATH: `.:${side.env().PATH}` } });
    },
    told,
  );
  beside(
    "a KnownHostsCommand that reads a file in the working directory",
    (side) => {
      copyFileSync(field.known, join(directory(side, "d"), "kh"));
      return twice(side, [port(), "UserKnownHostsFile none", "KnownHostsCommand /bin/cat kh"]);
    },
    told,
  );
  beside(
    "a relative SSH_ASKPASS",
    (side) => {
      directory(side, "d");
      side.script("d/askpass", "echo secret");
      return twice(side, [port()], { env: { SSH_ASKPASS: "./askpass", SSH_ASKPASS_REQUIRE: "force" } }, locked);
    },
    told,
  );
  beside(
    "a relative SSH_AUTH_SOCK",
    (side) => {
      directory(side, "d");
      startAgent(side.path("d/agent"), [field.keys.alice]);
      return twice(side, [port(), "IdentitiesOnly no"], { env: { SSH_AUTH_SOCK: "agent" } }, "none");
    },
    told,
  );

  beside(
    "the same words in two working directories that lead to two machines",
    async (side) => {
      const config = writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", "  ProxyCommand sh go.sh"]);
      const seen = [];
      for (const name of ["one", "two"] as const) {
        directory(side, name);
        side.script(`${name}/go.sh`, `exec ${pipe} ${field[name].port}`);
      }
      for (const name of ["one", "two", "one"]) seen.push(line(await side.ssh(["-F", config, "box", reach], { cwd: side.path(name) })));
      return seen;
    },
    ["0: one alice", "0: two alice", "0: one alice"],
  );
});
