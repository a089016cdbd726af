// Deployer's working day: one worker a host, all at once, fifty commands each, its own options, on a network with a round trip of 20 ms.
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Sshd, startSshd } from "../../test/support/tools.ts";
import { type Network, startProxy } from "../support/proxy.ts";
import { endSide, makeSide, type Side } from "../support/sides.ts";
import { sum } from "../support/statistics.ts";
import { timeCrowd } from "../support/timer.ts";
import type { Way } from "./crowd.ts";

export interface Deployment {
  way: Way;
  wall: number;
  failures: number;
  commands: number;
  authentications: number;
}

/** How a command comes: its script through stdin, as Deployer sends it, or all of it as an argument. */
export type Script = "stdin" | "argument";

export async function runDeployments(
  hosts: number,
  commands: number,
  roundTrip: number,
  ways: Way[],
  script: Script = "stdin",
): Promise<Deployment[]> {
  const servers: Sshd[] = [];
  const proxies: Network[] = [];
  const results: Deployment[] = [];
  try {
    for (let i = 0; i < hosts; i++) {
      servers.push(await startSshd());
      proxies.push(await startProxy((servers[i] as Sshd).port, roundTrip / 2));
    }
    for (const way of ways) results.push(await runOne(way, servers, proxies, commands, script));
  } finally {
    for (const server of servers) await server.stop();
    for (const proxy of proxies) await proxy.close();
  }
  return results;
}

async function runOne(way: Way, servers: Sshd[], proxies: Network[], commands: number, script: Script): Promise<Deployment> {
  const side = makeSide(way.startsWith("sshim") ? "sshim" : "raw", servers[0]?.home ?? "");
  const before = sum(servers.map((server) => server.authentications()));
  const workers = servers.map((server, index) => {
    const worker = writeWorker(side, index, way, server, proxies[index]?.port ?? 0, commands, script);
    return { name: "worker", words: [worker], environment: side.environment };
  });
  const timing = await timeCrowd(workers);
  endSide(side, timing.left);
  return {
    way,
    wall: timing.total,
    failures: sum(timing.samples.map(({ code }) => code)),
    commands: commands * servers.length,
    authentications: sum(servers.map((server) => server.authentications())) - before,
  };
}

// The words are Deployer's. The worker's exit code is the number of commands that failed.
function writeWorker(side: Side, index: number, way: Way, server: Sshd, port: number, commands: number, script: Script): string {
  const file = join(side.directory, `worker${index}`);
  const login = ["-F", server.configFile, "-i", server.keyFile, "-o", `HostKeyAlias=[127.0.0.1]:${server.port}`, "-A"];
  const sharing = ["-o", "ControlMaster=auto", "-o", "ControlPersist=60", "-o", `ControlPath=${side.directory}/${index}`];
  const words = [side.program, "-p", String(port), ...login, ...(way === "no sharing" ? [] : sharing), server.host];
  const call = words.map((word) => `'${word}'`).join(" ");
  const lines = [
    "#!/bin/sh",
    "failed=0",
    `for i in $(seq ${commands}); do`,
    `  ${script === "stdin" ? `echo 'echo done' | ${call} ": id$i; bash -ls"` : `${call} ": id$i; bash -lc 'echo done'" </dev/null`} || failed=$((failed + 1))`,
    "done",
    "exit $failed",
  ];
  writeFileSync(file, `${lines.join("\n")}\n`);
  chmodSync(file, 0o755);
  return file;
}
