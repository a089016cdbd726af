/** What a call brings along besides its words: stdin for an askpass, an agent that is gone, a ControlPersist of its own. */
import { existsSync } from "node:fs";
import { beforeAll, describe } from "vitest";
import { poll } from "../support/index.ts";
import { accept, beside, type Field, line, makeKey, scratch, startAgent, startField, toBox } from "./scene.ts";

let field: Field;
/** a key of alice's with the passphrase "secret" */
let locked: string;
beforeAll(async () => {
  field = await startField();
  locked = makeKey(scratch(), "lock", "secret");
  accept(field.one, "one", "alice", locked);
});

describe("stdin and agent", () => {
  beside(
    "an SSH_ASKPASS that reads the caller's stdin",
    async (side) => {
      const env = { SSH_ASKPASS: side.script("askpass", "read -r word; echo $word"), SSH_ASKPASS_REQUIRE: "force" };
      return line(await side.ssh([...toBox(side, field, [], locked), "cat"], { env, input: "secret\nthe rest\n" }));
    },
    "0: the rest",
  );

  for (const [name, words] of [
    ["ssh -A where no agent listens any more", ["-A"]],
    ["ForwardAgent with a socket where no agent listens any more", ["-oForwardAgent=AGENT"]],
  ] as const)
    beside(
      name,
      async (side) => {
        const agent = startAgent(side.path("agent"));
        // Killed, it leaves its socket behind.
        process.kill(agent.pid, "SIGKILL");
        const args = [...words.map((word) => word.replace("AGENT", agent.socket)), ...toBox(side, field), "echo ${SSH_AUTH_SOCK:-none}"];
        const call = async () => line(await side.ssh(args, { env: { SSH_AUTH_SOCK: agent.socket } }));
        return [await call(), await call()];
      },
      ["0: none", "0: none"],
    );
});

describe("ControlPersist no", () => {
  beside(
    "a master at a caller's path that said ControlPersist=no goes with its session",
    async (side) => {
      const path = side.path("s");
      const words = ["-oControlMaster=auto", `-oControlPath=${path}`, "-oControlPersist=no", ...toBox(side, field), "echo in"];
      const shown = line(await side.ssh(words));
      return [
        shown,
        await poll(() => !existsSync(path), "what is looked for", 3000).then(
          () => "gone",
          () => "still there",
        ),
      ];
    },
    ["0: in", "gone"],
  );
});
