/** What a call costs: no connection that nobody uses, no second one for a call that goes by itself, and no waiting where the answer is no. */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { beforeAll, describe, expect } from "vitest";
import { freePort, poll, repository } from "../support/index.ts";
import { alone, beside, type Field, line, onSide, type Side, startField, textOf, toBox, writeConfig } from "./scene.ts";

let field: Field;
beforeAll(async () => {
  field = await startField();
});

beside(
  "ssh -tt without a terminal of its own costs one handshake for each cold host",
  async (side) => {
    const hosts = ["a", "b", "c"];
    const own = hosts.flatMap((host, index) => [`Host ${host}`, "  HostKeyAlias box", `  ServerAliveCountMax ${index + 5}`]);
    const config = writeConfig(side.path("config"), field, [...own, "Host *", `  Port ${field.one.port}`]);
    const before = field.one.authentications();
    const seen = [];
    for (const host of hosts) seen.push(line(await side.ssh(["-F", config, "-tt", host, "tty >/dev/null && echo in"])));
    return [seen, field.one.authentications() - before];
  },
  [Array(3).fill(expect.stringMatching(/^0: in\s*(! Connection to \S+ closed\.)?$/)), 3],
);

describe("a refusal is an answer", () => {
  const FEW = 5;
  /** The shortest of a few calls with the same words: a busy machine makes some of them longer, and none shorter. */
  const shortest = async (side: Side, words: readonly string[]) => {
    let least = Number.POSITIVE_INFINITY;
    for (let count = 0; count < FEW; count++) {
      const began = performance.now();
      expect(line(await side.ssh(words))).toMatch(/^255: .*Connection refused/);
      least = Math.min(least, performance.now() - began);
    }
    return least;
  };
  const ways = {
    plain: (side: Side, dead: number) => [...toBox(side, field, [`Port ${dead}`]), "true"],
    jump: (side: Side, dead: number) => ["-J", `127.0.0.1:${dead}`, ...toBox(side, field), "true"],
  };
  for (const [name, way] of [
    ["a port that refuses costs at most 100 ms more", "plain"],
    ["a jump host whose port refuses costs at most 100 ms more", "jump"],
  ] as const)
    alone(name, async (side) => {
      const dead = await freePort();
      const real = await onSide("real", (other) => shortest(other, ways[way](other, dead)));
      expect((await shortest(side, ways[way](side, dead))) - real).toBeLessThan(100);
    });
  for (const [name, jump] of [
    ["a server that hangs up at once is tried at most once more", false],
    ["a jump host that hangs up at once is tried at most once more", true],
  ] as const)
    alone(name, async (side) => {
      let came = 0;
      const door = createServer((socket) => {
        came++;
        socket
          .on("error", () => undefined)
          .resume()
          .end();
      });
      await new Promise<void>((resolve) => door.listen(0, "127.0.0.1", resolve));
      const { port } = door.address() as { port: number };
      try {
        const words = jump ? ["-J", `127.0.0.1:${port}`, ...toBox(side, field)] : toBox(side, field, [`Port ${port}`]);
        expect(line(await side.ssh([...words, "true"]))).toMatch(/^255: .*Connection closed/);
        expect(came).toBeLessThanOrEqual(2);
      } finally {
        door.close();
      }
    });
});

describe("a remote job that watches its server's process, as GNU parallel's do", () => {
  beside(
    "it ends with its caller where SSHIM=off",
    async (side) => {
      const up = side.path("up");
      const watch = `echo > ${up}; while [ -d /proc/$PPID ]; do sleep 0.05; done; rm ${up}`;
      const job = side.start([...toBox(side, field), watch], { env: { SSHIM: "off" } });
      await poll(() => textOf(up).includes("\n"), "the job", 10_000);
      job.kill("SIGTERM");
      await job;
      return poll(() => !existsSync(up), "what is looked for", 5000).then(
        () => "ended",
        () => "goes on",
      );
    },
    "ended",
  );
  alone("Limits say that a watching job goes on where connections are shared, and how to have it end", async () => {
    const limits = /^## Limits$[\s\S]*?^## /m.exec(readFileSync(join(repository, "README.md"), "utf8"))?.[0] ?? "";
    expect(limits).toMatch(/parallel[\s\S]*SSHIM=off/);
  });
});
