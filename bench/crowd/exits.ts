// `ssh -O exit` while five sessions run, again and again. Counts the sessions that were cut.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import type { Sshd } from "../../test/support/tools.ts";
import { endSide, makeSide, type Side, type SideName } from "../support/sides.ts";

export interface Exits {
  side: SideName;
  times: number;
  sessions: number;
  cut: number;
  wall: number;
}

/** Each round: make a master as Coolify did (`-fNM`), open five sessions on it, send `-O exit`, let the sessions end, see how they ended. */
export async function runExits(server: Sshd, name: SideName, times: number, sessions: number): Promise<Exits> {
  const side = makeSide(name, server.home);
  const options = [...server.options, ...side.sharing];
  const began = performance.now();
  let cut = 0;
  try {
    for (let round = 0; round < times; round++) {
      await end(start(side, [...options, "-fNM", server.host]));
      const running = Array.from({ length: sessions }, () => start(side, [...options, server.host, "echo up; cat > /dev/null"]));
      const codes = running.map(end);
      await Promise.all(running.map((session) => Promise.race([once(session.stdout ?? session, "data"), once(session, "exit")])));
      await end(start(side, [...options, "-O", "exit", server.host]));
      for (const session of running) session.stdin?.end();
      cut += (await Promise.all(codes)).filter((code) => code !== 0).length;
    }
  } finally {
    endSide(side);
  }
  return { side: name, times, sessions: times * sessions, cut, wall: performance.now() - began };
}

function start(side: Side, words: string[]): ChildProcess {
  const child = spawn(side.program, words, { env: side.environment, stdio: ["pipe", "pipe", "ignore"] });
  child.stdin?.on("error", () => {}); // its session was cut
  return child;
}

async function end(child: ChildProcess): Promise<number | null> {
  const [code] = (await once(child, "exit")) as [number | null];
  return code;
}
