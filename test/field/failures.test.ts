/** A failure belongs to who met it: nobody is handed one that his own call, with his own words, terminal or askpass, would not have met. */
import { connect, createServer, type Socket } from "node:net";
import { beforeAll, describe, expect } from "vitest";
import { startOnTerminal } from "../fakes/index.ts";
import { poll, processesOf, processTree, type RunOptions } from "../support/index.ts";
import { accept, beside, type Field, line, makeKey, reach, type Side, scratch, startField, textOf, writeConfig } from "./scene.ts";

let field: Field;
let locked: string;
beforeAll(async () => {
  field = await startField();
  locked = makeKey(scratch(), "lock", "secret");
  accept(field.one, "one", "alice", locked);
});

/** A door to machine one that keeps everybody waiting until it is told what to do with them, and with those who come later. */
async function startDoor() {
  const waiting = new Set<Socket>();
  let came = 0;
  let decide: ((socket: Socket) => void) | undefined;
  const server = createServer((socket) => {
    came++;
    socket.on("error", () => undefined);
    if (decide) decide(socket);
    else waiting.add(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const all = (how: (socket: Socket) => void) => {
    decide = how;
    for (const socket of waiting) how(socket);
    waiting.clear();
  };
  return {
    port: (server.address() as { port: number }).port,
    came: () => came,
    open: () =>
      all((near) => {
        const far = connect(field.one.port, "127.0.0.1").on("error", () => undefined);
        near.pipe(far).pipe(near);
      }),
    shut: () => all((socket) => socket.resume().end()),
    close() {
      all((socket) => socket.destroy());
      server.close();
    },
  };
}

/** The scene's callers that have nothing to do: they sleep at every look within some time, and no program works for them. */
const quiet = new Map<number, number>();
function waits(side: Side): boolean {
  const callers = processesOf(side.folder).filter(({ pid, command }) => command.includes(reach) && processTree(pid).length === 1);
  for (const { pid } of callers) quiet.set(pid, isAsleep(pid) ? (quiet.get(pid) ?? 0) + 1 : 0);
  return callers.some(({ pid }) => (quiet.get(pid) ?? 0) >= 6);
}
const isAsleep = (pid: number) =>
  textOf(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, "")
    .startsWith("S");

/** Calls with the words that lead to the door, and tells in one line what came of it. */
type Caller = (words: string[]) => Promise<string>;

/**
 * Two callers of one host at the door; what happens there is decided when both are there, or when the second one has had time to come: he may
 * wait for the first one instead of knocking himself.
 */
async function meet(
  side: Side,
  key: string,
  [first, second]: readonly [Caller, Caller],
  decide: (door: Awaited<ReturnType<typeof startDoor>>, ended: Promise<unknown>) => Promise<void> | void,
): Promise<string[]> {
  const door = await startDoor();
  try {
    const config = writeConfig(side.path("config"), field, ["Host box", "  HostKeyAlias box", `  Port ${door.port}`], key);
    const words = ["-F", config, "box", reach];
    const one = first(words);
    await poll(() => door.came() >= 1, "the first caller's connection", 10_000);
    const two = second(words);
    await poll(() => door.came() >= 2 || waits(side), "the second caller at the door, or waiting", 10_000);
    await decide(door, one);
    return await Promise.all([one, two]);
  } finally {
    door.close();
  }
}

const caller =
  (side: Side, more: readonly string[] = [], options: RunOptions = {}): Caller =>
  async (words) =>
    line(await side.ssh([...more, ...words], options));
const askpass = (side: Side, name: string, answer: string) => ({
  env: { SSH_ASKPASS: side.script(name, `echo ${answer}`), SSH_ASKPASS_REQUIRE: "force", DISPLAY: ":9" },
});
describe("two callers of one host at the same moment", () => {
  const deniedToWhom = expect.stringMatching(/^255: ! \S+: Permission denied \(publickey\)\.$/);

  beside(
    "somebody with SSH_ASKPASS gets in where somebody with BatchMode did not",
    (side) =>
      meet(side, locked, [caller(side, ["-oBatchMode=yes"]), caller(side, [], askpass(side, "right", "secret"))], (door) => door.open()),
    [deniedToWhom, "0: one alice"],
  );

  beside(
    "somebody whose SSH_ASKPASS knows the passphrase gets in where another one's does not",
    (side) =>
      meet(
        side,
        locked,
        [caller(side, [], askpass(side, "wrong", "nonsense")), caller(side, [], askpass(side, "right", "secret"))],
        (door) => door.open(),
      ),
    [deniedToWhom, "0: one alice"],
  );

  beside(
    "somebody at a terminal is asked where somebody without one was refused",
    (side) => {
      const atTerminal: Caller = async (words) => {
        const terminal = startOnTerminal(side.name, words, { run: side.run, home: side.folder, cwd: side.folder, timeout: 15_000 });
        const asked = await terminal.shows("Enter passphrase", 6000).then(
          () => "asked",
          () => "not asked",
        );
        terminal.type("secret\n");
        return `${asked}, ${await terminal.ended}, ${terminal
          .shown()
          .trim()
          .split(/[\r\n]+/)
          .at(-1)}`;
      };
      return meet(side, locked, [caller(side, ["-oBatchMode=yes"]), atTerminal], (door) => door.open());
    },
    [deniedToWhom, "asked, exit 0, one alice"],
  );

  beside(
    "somebody with a long ConnectTimeout gets in where somebody with a short one gave up",
    (side) =>
      meet(side, field.keys.alice, [caller(side, ["-oConnectTimeout=3"]), caller(side, ["-oConnectTimeout=20"])], async (door, ended) => {
        await ended;
        door.open();
      }),
    [expect.stringMatching(/^255: ! Connection timed out during banner exchange/), "0: one alice"],
  );

  const closed = expect.stringMatching(/^255: ! kex_exchange_identification: Connection closed by remote host/);
  beside(
    "somebody without -q has the words that somebody with -q did not want",
    (side) => meet(side, field.keys.alice, [caller(side, ["-q"]), caller(side)], (door) => door.shut()),
    ["255:", closed],
  );

  beside(
    "somebody with -q has none of the words that another one was told",
    (side) => meet(side, field.keys.alice, [caller(side), caller(side, ["-q"])], (door) => door.shut()),
    [closed, "255:"],
  );
});
