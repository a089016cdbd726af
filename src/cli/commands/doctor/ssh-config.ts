/** What the real ssh makes of a host (`ssh -G`), for the doctor. It connects to nothing. */
import { askResolved, parseResolved } from "../../../openssh/ssh-g.ts";
import type { DoctorContext } from "./finding.ts";

/** The first value of each keyword. */
export function findIn({ context, front, real }: DoctorContext, host: string, keywords: readonly string[]): Map<string, string> {
  const found = new Map<string, string>();
  if (real.path === undefined) return found;
  const resolved = parseResolved(
    askResolved({ clientPath: front, argv0: "ssh", real: real.path }, [...context.ssh, "--", host], context.env).text,
  );
  for (const keyword of keywords) {
    const value = resolved.get(keyword)?.[0];
    if (value !== undefined) found.set(keyword, value);
  }
  return found;
}
