// The servers of one run: several sshd, a network in front of each that can be cut, and a ledger on each that the remote commands write themselves.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type Sshd, startSshd } from "../../test/support/tools.ts";
import { type Network, startProxy } from "../support/proxy.ts";

export interface Host {
  name: string;
  server: Sshd;
  network: Network;
  /** the login part of every command line: where, as whom, with which key */
  login: string[];
  ledger: string;
}

export async function setStage(count: number): Promise<Host[]> {
  const hosts: Host[] = [];
  for (let index = 0; index < count; index++) {
    const name = `host${index}`;
    const server = await startSshd({ host: name });
    const network = await startProxy(server.port);
    const login = ["-F", server.configFile, "-o", `HostKeyAlias=[127.0.0.1]:${server.port}`, "-p", String(network.port)];
    hosts.push({ name, server, network, login, ledger: join(server.directory, "ledger") });
  }
  return hosts;
}

export async function strikeStage(hosts: Host[]): Promise<void> {
  for (const { server, network } of hosts) {
    await server.stop();
    await network.close();
  }
}

/** How often each id was started, and how often it came to its end, as the servers saw it. */
export function readLedgers(hosts: Host[]): { started: Map<string, number>; finished: Map<string, number> } {
  const [started, finished] = [new Map<string, number>(), new Map<string, number>()];
  for (const { ledger } of hosts) {
    if (!existsSync(ledger)) continue;
    for (const line of readFileSync(ledger, "utf8").trim().split("\n")) {
      const [word, id = ""] = line.split(" ");
      const map = word === "start" ? started : finished;
      map.set(id, (map.get(id) ?? 0) + 1);
    }
  }
  return { started, finished };
}
