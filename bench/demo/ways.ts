/**
 * The three ways to run a command that the demo compares: ssh without sharing, OpenSSH's own sharing, and sshim. Each knows how to run
 * one command, how to ask for an exit, and how to become cold again; it measures nothing.
 */
import { join } from "node:path";
import { endProcesses, processesOf, type Result, run, type Sshd, start, temporary } from "../../test/support/tools.ts";

export interface Way {
  name: string;
  /** runs one command to its end */
  command(text: string): Promise<Result>;
  /** starts one and gives the process */
  begin(text: string): ReturnType<typeof start>;
  /** what an operator or a tool does to close the shared connection */
  exit(): Promise<Result>;
  /** ends the shared connection and forgets everything learned, so that the next command finds a cold host */
  cool(): Promise<void>;
}

/** The ways, in the order of the table's columns. */
export function makeWays(sshd: Sshd): Way[] {
  const own = (place: string) => ["-oControlMaster=auto", "-oControlPersist=60", `-oControlPath=${place}.sock`];
  return [
    makeWay("plain ssh", "real", sshd, () => ["-S", "none"]),
    makeWay("OpenSSH sharing", "real", sshd, own),
    makeWay("sshim", "shim", sshd, () => []),
  ];
}

function makeWay(name: string, side: "real" | "shim", sshd: Sshd, sharing: (place: string) => string[]): Way {
  const base = temporary();
  let generation = 0;
  const place = () => join(base, String(generation));
  const words = (...rest: string[]) => [...sshd.options, ...sharing(place()), ...rest];
  const options = () => ({ home: sshd.home, run: place() });
  return {
    name,
    command: (text) => run(side, words(sshd.host, text), options()),
    begin: (text) => start(side, words(sshd.host, text), options()),
    exit: () => run(side, words("-O", "exit", sshd.host), options()),
    async cool() {
      await endProcesses(processesOf(base).map(({ pid }) => pid));
      generation++;
    },
  };
}
