/** A socket that the caller names: whoever listens there is meant, whatever else is said, and whoever made it; and an end that is asked for is one. */
import { chmodSync, chownSync, copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { makeGate } from "../support/gate.ts";
import { freePort, poll, type RunOptions, realProgram } from "../support/index.ts";
import { hasSecondUser, NOBODY, openFolder } from "../support/rights.ts";
import { beside, type Field, line, reach, type Side, startField, textOf, toBox, writeConfig } from "./scene.ts";

let field: Field;
beforeAll(async () => {
  field = await startField();
});

/** Within some seconds, or not. */
const within = (milliseconds: number, probe: () => boolean) =>
  poll(probe, "what is looked for", milliseconds).then(
    () => "yes",
    () => "no",
  );

describe("a session at -S says less than its master, or something else", () => {
  /** A master with all that its caller knows, made by the real ssh or by this side's. */
  const makeMaster = async (side: Side, maker: "real" | "own") => {
    const { one, keys, known } = field;
    const options = ["-i", keys.alice, "-p", String(one.port), "-oIdentitiesOnly=yes", `-oUserKnownHostsFile=${known}`];
    const words = ["-fNM", "-S", side.path("s"), "-F", "none", ...options, `${one.user}@127.0.0.1`];
    return line(maker === "real" ? await side.call(realProgram, words) : await side.ssh(words));
  };
  const sessions = async (side: Side, maker: "real" | "own") => {
    const seen = [await makeMaster(side, maker)];
    for (const words of [
      ["127.0.0.1"],
      ["dummy"],
      ["-l", "x", "dummy"],
      ["-F", "none", "dummy"],
      ["-p", "9", "dummy"],
      ["-i", field.keys.bob, "dummy"],
    ])
      seen.push(
        `${words
          .slice(0, -1)
          .map((word) => word.replace(/.*\//, ""))
          .join(" ")} ${line(await side.ssh(["-S", side.path("s"), ...words, reach]))}`.trim(),
      );
    return seen;
  };
  const told = [
    "0:",
    "0: one alice",
    "0: one alice",
    "-l x 0: one alice",
    "-F none 0: one alice",
    "-p 9 0: one alice",
    "-i bob 0: one alice",
  ];
  beside("a session at -S on a master of the real ssh", (side) => sessions(side, "real"), told);
  beside("a session at -S on a master that was made by the same ssh", (side) => sessions(side, "own"), told);

  const copies = async (side: Side, maker: "real" | "own") => {
    const made = await makeMaster(side, maker);
    writeFileSync(side.path("there"), "text\n");
    const path = `-oControlPath=${side.path("s")}`;
    const away = side.path("there");
    return [
      made,
      line(await side.ssh(["-W", `127.0.0.1:${field.two.port}`, path, "dummy"])).replace(/SSH-2.0-.*/, "SSH-2.0"),
      line(await side.call("scp", ["-q", path, `dummy:${away}`, side.path("by-scp")])),
      line(await side.call("sftp", ["-q", "-b", "-", path, "dummy"], { input: `get ${away} ${side.path("by-sftp")}\n` })).replace(
        /sftp> .*/s,
        "",
      ),
      line(await side.call("rsync", ["-e", `ssh ${path}`, `dummy:${away}`, side.path("by-rsync")])),
      ...["by-scp", "by-sftp", "by-rsync"].map((name) => textOf(side.path(name))),
    ];
  };
  const copied = ["0:", "0: SSH-2.0", "0:", "0: ", "0:", "text\n", "text\n", "text\n"];
  beside("ssh -W, scp, sftp and rsync at the ControlPath of a master of the real ssh", (side) => copies(side, "real"), copied);
  beside("ssh -W, scp, sftp and rsync at the ControlPath of a master that was made by the same ssh", (side) => copies(side, "own"), copied);
});

describe("-O", () => {
  beside(
    "-O words with no ControlPath anywhere are ssh's own, and end nothing",
    async (side) => {
      const words = toBox(side, field);
      const seen = [line(await side.ssh([...words, reach]))];
      for (const word of ["check", "exit", "stop", "forward", "cancel", "proxy", "nonsense"])
        seen.push(line(await side.ssh(["-O", word, ...words])));
      return seen;
    },
    [
      "0: one alice",
      ...Array(5).fill('255: ! No ControlPath specified for "-O" command'),
      expect.stringContaining('No ControlPath specified for "-O" command'),
      "255: ! Invalid multiplex command.",
    ],
  );

  beside(
    "a master in the foreground ends when somebody asks for its end, though its owner has a session there",
    async (side) => {
      const path = side.path("s");
      const master = side.start(["-MN", "-S", path, ...toBox(side, field)], { timeout: 40_000 });
      await poll(() => existsSync(path), "the master", 10_000);
      const gate = makeGate("exit 0");
      const session = side.start(["-S", path, ...toBox(side, field), gate.command], { timeout: 40_000 });
      await poll(() => gate.begun() > 0, "the session", 10_000);
      const asked = line(await side.ssh(["-O", "exit", "-S", path, "x"]));
      let ended = false;
      void master.then(() => {
        ended = true;
      });
      const soon = await within(1500, () => ended);
      gate.open();
      await Promise.all([master, session]);
      return [asked, soon];
    },
    ["0: ! Exit request sent.", "yes"],
  );

  /** A master at `s` with a forwarding to machine one itself, and one call through it, by a connection of its own that may be shared. */
  const forwarding = async (side: Side, how: readonly string[]) => {
    const port = await freePort();
    const forward = ["-M", "-S", side.path("s"), "-oExitOnForwardFailure=yes", "-L", `127.0.0.1:${port}:127.0.0.1:${field.one.port}`];
    const master = side.start([...how, ...forward, ...toBox(side, field)], { timeout: 40_000 });
    await poll(() => existsSync(side.path("s")), "the master", 10_000);
    const through = line(await side.ssh(["-p", String(port), ...toBox(side, field), reach]));
    return { forward, master, through };
  };

  beside(
    "the ports of a master are free when its end was asked for, though a call went through them",
    async (side) => {
      const { forward, master, through } = await forwarding(side, ["-fN"]);
      await master;
      const asked = line(await side.ssh(["-S", side.path("s"), "-O", "exit", "x"]));
      return [through, asked, line(await side.ssh(["-fN", ...forward, ...toBox(side, field)]))];
    },
    ["0: one alice", "0: ! Exit request sent.", "0:"],
  );

  beside(
    "a master in the foreground ends when its end was asked for, though a call went through its forwarding",
    async (side) => {
      const { master, through } = await forwarding(side, ["-N"]);
      let ended = false;
      void master.then(() => {
        ended = true;
      });
      const asked = line(await side.ssh(["-S", side.path("s"), "-O", "exit", "x"]));
      const soon = await within(4000, () => ended);
      master.kill("SIGTERM");
      await master;
      return [through, asked, soon];
    },
    ["0: one alice", "0: ! Exit request sent.", "yes"],
  );
});

describe("ControlPersist at a caller's path", () => {
  beside(
    "~. in a terminal session, and the socket goes with the master a second later",
    async (side) => {
      const path = side.path("s");
      const words = ["-tt", "-oControlMaster=auto", "-oControlPersist=1", "-S", path, ...toBox(side, field), "echo up; cat"];
      const terminal = startOnTerminal(side.name, words, { run: side.run, home: side.folder, cwd: side.folder });
      await terminal.shows("up");
      terminal.type("\r~.");
      return [await terminal.ended, await within(5000, () => !existsSync(path))];
    },
    ["exit 255", "yes"],
  );
});

describe("root at a path whose master another user made", () => {
  beside(
    "root at a path that its caller named shares what another user made there",
    async (side) => {
      const folder = openFolder();
      const key = join(folder, "key");
      copyFileSync(field.keys.alice, key);
      chmodSync(key, 0o600);
      mkdirSync(join(folder, "home"));
      for (const path of [key, folder, join(folder, "home")]) chownSync(path, NOBODY, NOBODY);
      const config = writeConfig(
        join(folder, "config"),
        field,
        [
          "Host box",
          "  HostKeyAlias box",
          `  Port ${field.one.port}`,
          "  UserKnownHostsFile /dev/null",
          "  StrictHostKeyChecking no",
          "  LogLevel ERROR",
        ],
        key,
      );
      chmodSync(config, 0o644);
      const path = join(folder, "s");
      const asOther: RunOptions = { home: join(folder, "home"), cwd: "/" };
      const other = ["--reuid=65534", "--regid=65534", "--clear-groups", realProgram, "-fNM", "-S", path, "-F", config, "box"];
      const made = line(await side.call("setpriv", other, asOther));
      const before = field.one.authentications();
      const words = ["-oControlMaster=auto", `-oControlPath=${path}`, ...toBox(side, field), reach];
      const seen = [made, line(await side.ssh(words)), line(await side.ssh(words)), field.one.authentications() - before];
      await side.call(realProgram, ["-S", path, "-O", "exit", "x"]);
      return seen;
    },
    ["0:", "0: one alice", "0: one alice", 0],
    hasSecondUser,
  );
});
