/**
 * Starts the real ssh through the front's launcher (docs/protocol.md, "The front by other names"), the one place that does.
 * It hands on no descriptor of the caller but the stderr it is told to, and knows nothing of what ssh is started for.
 */
import type { Launcher } from "../openssh/ssh-g.ts";
import { sleep } from "../sys/clock.ts";
import { environment, pid } from "../sys/environment.ts";
import { start } from "../sys/processes.ts";

/** How to start it. */
export interface SshSpawn {
  readonly launcher: Launcher;
  readonly arguments: readonly string[];
  /** Descriptor that becomes stderr. */
  readonly stderr: number;
  readonly directory: string;
  /** Environment on top of our own; undefined takes a variable away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Seconds after which it is ended; undefined: it may take as long as it likes. */
  readonly limit?: number | undefined;
}

/** How it ended: the pid it had, and its exit code (255 when a signal ended it, undefined when it could not be started or took too long). */
export interface SshExit {
  readonly pid: number;
  readonly exitCode: number | undefined;
  /** It was ended because its time was over. */
  readonly stuck: boolean;
}

/** Runs it and waits until the process that was started ends (a master goes on in a child of its own). Never rejects. */
export async function spawnSsh(ssh: SshSpawn): Promise<SshExit> {
  const child = start({
    path: ssh.launcher.clientPath,
    name: "ssh",
    words: [ssh.launcher.argv0, ssh.launcher.real, ...ssh.arguments],
    environment: { ...environment(), SSHIM_AS: "launch", SSHIM_PARENT: `${pid()}`, ...ssh.environment },
    folder: ssh.directory,
    stderr: ssh.stderr,
  });
  const over = ssh.limit === undefined ? undefined : sleep(ssh.limit * 1000).then(() => "over" as const);
  const first = await Promise.race([child.ended, ...(over === undefined ? [] : [over])]);
  if (first === "over") child.kill("SIGTERM");
  const ended = first === "over" ? await child.ended : first;
  if (ended === undefined) return { pid: 0, exitCode: undefined, stuck: false };
  // Ended a moment before we ended it: then that counts.
  const stuck = first === "over" && ended.code === undefined;
  return { pid: child.pid, exitCode: stuck ? undefined : (ended.code ?? 255), stuck };
}
