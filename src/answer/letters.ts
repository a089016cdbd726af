/** Answers `letters`: which option letters the installed ssh has, written to RUN/letters for the front to read. It judges no call. */
import { readRealSsh } from "../openssh/version.ts";
import { environment } from "../sys/environment.ts";
import type { Asking, Front } from "./channel.ts";

/** Says `again` once the letters are there, `pass` where they cannot be told. */
export async function answerLetters(asking: Asking, front: Front): Promise<void> {
  const ssh = readRealSsh(asking.run, asking, environment());
  front.finish(ssh.version === undefined ? "pass" : "again");
}
