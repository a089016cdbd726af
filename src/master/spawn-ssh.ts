/**
 * Starts the real ssh through the front's launcher (docs/protocol.md, "The front by other names"), the one place that does.
 * It hands on no descriptor of the caller but the stderr it is told to, and knows nothing of what ssh is started for.
 */
import { spawn } from "node:child_process";

/** How to start it. */
export interface SshSpawn {
  readonly front: string;
  readonly argv0: string;
  readonly real: string;
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
export function spawnSsh(ssh: SshSpawn): Promise<SshExit> {
  return new Promise((resolve) => {
    try {
      const child = spawn(ssh.front, [ssh.argv0, ssh.real, ...ssh.arguments], {
        argv0: "ssh",
        stdio: ["ignore", "ignore", ssh.stderr],
        cwd: ssh.directory,
        env: { ...process.env, SSHIM_AS: "launch", SSHIM_PARENT: `${process.pid}`, ...ssh.environment },
      });
      let stuck = false;
      const end = () => {
        stuck = true;
        child.kill("SIGTERM");
      };
      const timer = ssh.limit === undefined ? undefined : setTimeout(end, ssh.limit * 1000);
      child.on("error", () => resolve({ pid: 0, exitCode: undefined, stuck: false }));
      child.on("exit", (code) => {
        clearTimeout(timer);
        // Ended a moment before we ended it: then that counts.
        const late = stuck && code === null;
        resolve({ pid: child.pid ?? 0, exitCode: late ? undefined : (code ?? 255), stuck: late });
      });
    } catch {
      resolve({ pid: 0, exitCode: undefined, stuck: false });
    }
  });
}
