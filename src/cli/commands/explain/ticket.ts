/** Looks a ticket up as the front does, and says which of its dependencies no longer hold. */
import type { Call } from "../../../plan/plan.ts";
import { composeQuestion } from "../../../protocol/call-id.ts";
import { formatIdentity, readIdentity } from "../../../protocol/dependencies.ts";
import { hashVariable } from "../../../protocol/environment.ts";
import { decodeWord, hashName, ticketPath } from "../../../protocol/paths.ts";
import type { Environment } from "../../../sys/environment.ts";
import { modifiedAt, tryRead } from "../../../sys/files.ts";
import { decodeUtf8 } from "../../../sys/text.ts";
import type { TicketState } from "../../interface.ts";

export function lookUpTicket(call: Call, env: Environment): TicketState {
  const question = composeQuestion(env, call.command, call.words);
  const path = ticketPath(call.run, hashName(question));
  const none = { path, stale: [], dependencies: 0, written: null };
  const bytes = tryRead(path);
  const changed = modifiedAt(path);
  if (bytes === undefined || changed === undefined) return { ...none, state: "none" };
  const written = new Date(changed).toISOString();
  const lines = decodeUtf8(bytes).split("\n");
  const asked = lines.find((line) => line.startsWith("question "))?.slice(9);
  if (lines[0] !== "sshim-ticket 1" || lines.at(-2) !== "end" || asked !== question) return { ...none, state: "damaged", written };
  const dependencies = lines.filter((line) => /^(file|nofile|env|cwd) /.test(line));
  const stale = dependencies.flatMap((line) => checkLine(line.split(" "), env) ?? []);
  return { path, state: stale.length > 0 ? "stale" : "fresh", stale, dependencies: dependencies.length, written };
}

function checkLine([kind, first = "", ...rest]: string[], env: Environment): string | undefined {
  switch (kind) {
    case "file": {
      const path = decodeWord(first);
      const now = readIdentity(path);
      if (now === undefined || now === "unknown") return `${path} is gone`;
      return formatIdentity(now) === rest.join(" ") ? undefined : `${path} changed`;
    }
    case "nofile": {
      const path = decodeWord(first);
      return readIdentity(path) === undefined ? undefined : `${path} is there now`;
    }
    case "env":
      return hashVariable(env, first) === rest[0] ? undefined : `the variable ${first} changed`;
    default: {
      const here = readIdentity(".");
      const same = here !== undefined && here !== "unknown" && `${here.device} ${here.inode}` === `${first} ${rest[0]}`;
      return same ? undefined : "the working directory is another";
    }
  }
}
