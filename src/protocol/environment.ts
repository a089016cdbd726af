/**
 * The caller's environment, as far as the control plane can see it: entries that steer its runtime, or are not UTF-8, come as
 * SSHIM_RAW_<n>=<hex> (docs/protocol.md, "Asking"). It reads; ssh gets them back from the front's launcher.
 */
import type { Environment } from "../sys/environment.ts";
import { decodeUtf8, encodeUtf8 } from "../sys/text.ts";
import { RAW_PREFIX } from "./contract.ts";
import { hashBytes, hashName } from "./paths.ts";

export type { Environment } from "../sys/environment.ts";

/** A variable's value as the caller has it; bytes that are not UTF-8 become U+FFFD. */
export function readVariable(env: Environment, name: string): string | undefined {
  if (env[name] !== undefined) {
    return env[name];
  }
  const bytes = readRaw(env, name);
  return bytes === undefined ? undefined : decodeUtf8(bytes);
}

/** The hash of a variable's value, as a ticket's `env` line has it. */
export function hashVariable(env: Environment, name: string): string {
  const value = env[name];
  if (value !== undefined) {
    return hashName(value);
  }
  const bytes = readRaw(env, name);
  return bytes === undefined ? "unset" : hashBytes(bytes);
}

function readRaw(env: Environment, name: string): Uint8Array | undefined {
  const start = hexOf(encodeUtf8(`${name}=`));
  for (const [variable, hex] of Object.entries(env)) {
    if (variable.startsWith(RAW_PREFIX) && hex?.toLowerCase().startsWith(start)) {
      return bytesOf(hex.slice(start.length));
    }
  }
  return undefined;
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from({ length: hex.length >> 1 }, (_, index) => Number.parseInt(hex.slice(2 * index, 2 * index + 2), 16));
}
