/** What a connection keeps of the caller who happened to be the first: no priority, no limit, no mask of his is another caller's; and no zombie is left. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { beforeAll, describe, expect } from "vitest";
import { makeGate } from "../support/gate.ts";
import { poll, processTree } from "../support/index.ts";
import { canUnsharePids } from "../support/rights.ts";
import { beside, type Field, line, type Side, startField, textOf, toBox } from "./scene.ts";

let field: Field;
beforeAll(async () => {
  field = await startField();
});

/** The process of this machine at the near end of a TCP connection to the field. */
function ownerOf(port: number): number {
  const here = `0100007F:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const rows = readFileSync("/proc/net/tcp", "latin1")
    .split("\n")
    .map((row) => row.trim().split(/\s+/));
  const inode = rows.find((row) => row[1] === here)?.[9];
  const holds = (pid: string) => {
    try {
      return readdirSync(`/proc/${pid}/fd`).some((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`) === `socket:[${inode}]`);
    } catch {
      return false;
    }
  };
  return Number(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .find(holds),
  );
}

const statusOf = (pid: number, name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(textOf(`/proc/${pid}/status`))?.[1];
/** Fields of /proc/PID/stat, counted from the state on. */
const statOf = (pid: number, index: number) =>
  textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .split(" ")[index];

describe("a caller after one who had less", () => {
  /** One call with the wrapper, then one without: what `look` says of the process that carries the second one's connection. */
  const carried = async (side: Side, wrapper: readonly string[], look: (pid: number) => string | undefined) => {
    const words = toBox(side, field);
    const first = line(await side.call(wrapper[0] as string, [...wrapper.slice(1), "ssh", ...words, "echo in"]));
    const gate = makeGate("exit 0");
    const second = side.start([...words, `echo $SSH_CONNECTION > ${side.path("connection")}; ${gate.command}`]);
    await poll(() => gate.begun() > 0, "the second session", 15_000);
    const seen = look(ownerOf(Number(textOf(side.path("connection")).split(" ")[1])));
    gate.open();
    await second;
    return [first, seen];
  };
  const number = expect.stringMatching(/^-?\d+$/);

  beside("the next caller is not as nice as the first", (side) => carried(side, ["nice", "-n", "19"], (pid) => statOf(pid, 16)), [
    "0: in",
    number,
  ]);
  beside(
    "the next caller is not in the first one's class for disks",
    (side) => carried(side, ["ionice", "-c", "3"], (pid) => execFileSync("ionice", ["-p", String(pid)], { encoding: "utf8" })),
    ["0: in", expect.any(String)],
  );
  beside(
    "the next caller is not scheduled only when all others sleep, as the first is",
    (side) => carried(side, ["chrt", "--idle", "0"], (pid) => statOf(pid, 38)),
    ["0: in", number],
  );
  beside(
    "the next caller is not bound to the first one's processor",
    (side) => carried(side, ["taskset", "-c", "0"], (pid) => statusOf(pid, "Cpus_allowed_list")),
    ["0: in", expect.any(String)],
  );
  beside(
    "the next caller is not killed first when memory is short, as the first asked for himself",
    (side) => carried(side, ["choom", "-n", "1000", "--"], (pid) => textOf(`/proc/${pid}/oom_score_adj`).trim()),
    ["0: in", number],
  );
  beside(
    "the next caller does not have the first one's limits",
    (side) =>
      carried(side, ["prlimit", "--nproc=4000", "--nofile=300", "--stack=1048576", "--"], (pid) =>
        (textOf(`/proc/${pid}/limits`).match(/^Max \w+ \w+ .*\b(4000|300|1048576)\b.*$/gm) ?? []).join("\n"),
      ),
    ["0: in", ""],
  );
  beside(
    "the next caller may gain what the first had given up (no_new_privs)",
    (side) => carried(side, ["setpriv", "--no-new-privs"], (pid) => statusOf(pid, "NoNewPrivs")),
    ["0: in", "0"],
  );
  beside(
    "the next caller does not have the first one's umask",
    (side) => carried(side, ["/bin/sh", "-c", 'umask 0057; exec "$@"', "sh"], (pid) => String(statusOf(pid, "Umask") === "0057")),
    ["0: in", "false"],
  );
});

describe("where process 1 does not reap", () => {
  /** Runs `work` with words that call ssh in a container whose first process waits for nobody; gives the pids of its zombies, too. */
  const inContainer = async <T>(
    side: Side,
    work: (call: (words: string[]) => ReturnType<Side["call"]>, zombies: () => number[]) => Promise<T>,
  ) => {
    const first = side.start(["--pid", "--fork", "--mount-proc", "--kill-child", "sleep", "120"], { program: "unshare", timeout: 60_000 });
    try {
      const sleep = await poll(
        () => processTree(first.pid ?? 0).find((pid) => textOf(`/proc/${pid}/comm`) === "sleep\n"),
        "the container",
        10_000,
      );
      const zombies = () => processTree(sleep).filter((pid) => statOf(pid, 0) === "Z");
      return await work((words) => side.call("nsenter", ["-t", String(sleep), "-p", "-m", "ssh", ...words]), zombies);
    } finally {
      first.kill("SIGKILL");
      await first;
    }
  };

  beside(
    "six calls leave no zombie but those masters that have ended",
    (side) =>
      inContainer(side, async (call, zombies) => {
        const seen = [];
        for (let count = 0; count < 6; count++)
          seen.push(line(await call([...toBox(side, field, [`Compression ${count < 3 ? "no" : "yes"}`]), "echo in"])));
        return [seen, zombies().length];
      }),
    [Array(6).fill("0: in"), 0],
    canUnsharePids,
  );

  beside(
    "a long first call has no zombie for a child",
    (side) =>
      (async () => {
        const gate = makeGate("exit 0");
        const first = side.start([...toBox(side, field), gate.command]);
        await poll(() => gate.begun() > 0, "the session", 15_000);
        const below = processTree(first.pid ?? 0)
          .slice(1)
          .map((pid) => statOf(pid, 0));
        gate.open();
        return [(await first).exitCode, below.filter((state) => state === "Z")];
      })(),
    [0, []],
  );
});
