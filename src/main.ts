/** The contents page of the control plane: an answer for the front, or an operator's command. It does nothing itself. */
import { writeDebug } from "./answer/debug.ts";
import { args, exit } from "./sys/environment.ts";

const [word, ...rest] = args();

void (word === "answer" ? answer(rest) : command());

async function command(): Promise<never> {
  const { runOperator } = await import("./cli/main.ts");
  return exit(await runOperator(args()));
}

async function answer(words: readonly string[]): Promise<void> {
  try {
    await route(words);
  } catch (error) {
    // No last line: the front becomes the real ssh. A stack trace would be in the caller's output.
    writeDebug(error);
    exit(1);
  }
}

async function route(words: readonly string[]): Promise<void> {
  const { openChannel, parseRequest } = await import("./answer/channel.ts");
  const channel = openChannel();
  const request = parseRequest(words, channel.callId);
  switch (request.kind) {
    case "resolve":
      return (await import("./answer/resolve.ts")).answerResolve(request, channel);
    case "dial":
      return (await import("./answer/dial.ts")).answerDial(request, channel);
    case "heal":
      return (await import("./answer/heal.ts")).answerHeal(request, channel);
    case "control":
      return (await import("./answer/control.ts")).answerControl(request, channel);
  }
}
