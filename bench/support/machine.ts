// What a figure was measured on. Names nothing that identifies the machine.
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { availableParallelism, release } from "node:os";
import { promisify } from "node:util";

/** For instance "2 cores of Intel Xeon, Debian GNU/Linux 12, kernel 6.1, OpenSSH_9.2p1, Node 20.20.2". */
export async function describeMachine(): Promise<string> {
  const { stderr } = await promisify(execFile)("ssh", ["-V"]);
  const model = /^model name\s*:\s*(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1] ?? process.arch;
  const system = /^PRETTY_NAME="?([^"\n]*)/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1] ?? "Linux";
  const kernel = release().split(".").slice(0, 2).join(".");
  return `${availableParallelism()} cores (${model}), ${system}, kernel ${kernel}, ${stderr.split(/[ ,]/)[0]}, Node ${process.versions.node}`;
}
