/**
 * The account that ssh takes us for: name and home of the passwd entry, which OpenSSH uses instead
 * of $HOME (ssh.c main(), getpwuid).
 */
import type { Environment } from "../sys/environment.ts";
import { readText } from "../sys/files.ts";
import { run } from "../sys/processes.ts";
import { decodeUtf8 } from "../sys/text.ts";

export interface Account {
  readonly uid: number;
  readonly name: string;
  readonly home: string;
}

/** From /etc/passwd, or the name service, or at last the environment. */
export function readAccount(uid: number, env: Environment): Account {
  return findEntry(readText("/etc/passwd"), uid) ?? askNameService(uid) ?? guess(uid, env);
}

/** The home of `~name/…`, from /etc/passwd alone. */
export function homeOf(name: string): string | undefined {
  for (const line of readText("/etc/passwd").split("\n")) {
    const fields = line.split(":");
    if (fields[0] === name && fields[5] !== undefined) {
      return fields[5];
    }
  }
  return undefined;
}

function findEntry(text: string, uid: number): Account | undefined {
  for (const line of text.split("\n")) {
    const [name, , id, , , home] = line.split(":");
    if (id === String(uid) && name !== undefined && home !== undefined) {
      return { uid, name, home };
    }
  }
  return undefined;
}

function askNameService(uid: number): Account | undefined {
  const { code, stdout } = run({ path: "getent", words: ["passwd", String(uid)], stdout: "catch" }, 3000);
  return code === 0 ? findEntry(decodeUtf8(stdout), uid) : undefined;
}

function guess(uid: number, env: Environment): Account {
  return { uid, name: env.LOGNAME ?? env.USER ?? String(uid), home: env.HOME ?? "/" };
}
