/**
 * The account that ssh takes us for: name and home of the passwd entry, which OpenSSH uses instead of $HOME (ssh.c main(),
 * getpwuid). It does not follow $HOME but where there is no entry at all.
 */
import { readFileSync } from "node:fs";
import type { Environment } from "../protocol/environment.ts";

export interface Account {
  readonly uid: number;
  readonly name: string;
  readonly home: string;
}

/** The account of a uid. Where /etc/passwd does not know it, the name service is asked, and at last the environment. */
export async function readAccount(uid: number, env: Environment): Promise<Account> {
  return findEntry(readText("/etc/passwd"), uid) ?? (await askNameService(uid)) ?? guess(uid, env);
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

async function askNameService(uid: number): Promise<Account | undefined> {
  const { spawnSync } = await import("node:child_process");
  const result = spawnSync("getent", ["passwd", String(uid)], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"], timeout: 3000 });
  return result.status === 0 ? findEntry(result.stdout, uid) : undefined;
}

function guess(uid: number, env: Environment): Account {
  return { uid, name: env.LOGNAME ?? env.USER ?? String(uid), home: env.HOME ?? "/" };
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
