/** The contents page of the control plane: an answer for the front, or an operator's command. It does nothing itself. */
import { writeDebug } from "./answer/debug.ts";
import { args, exit } from "./sys/environment.ts";

const [word, ...rest] = args();

if (word === "answer") {
  try {
    await answer(rest);
  } catch (error) {
    // No last line: the front becomes the real ssh. A stack trace would be in the caller's output.
    writeDebug(error);
    exit(1);
  }
} else {
  const { runOperator } = await import("./cli/main.ts");
  exit(await runOperator(args()));
}

async function answer(words: readonly string[]): Promise<void> {
  const { openLine, parseAsking } = await import("./answer/channel.ts");
  const asking = parseAsking(words);
  const front = openLine();
  switch (asking.question) {
    case "resolve":
      return (await import("./answer/resolve.ts")).answerResolve(asking, front);
    case "dial":
      return (await import("./answer/dial.ts")).answerDial(asking, front);
    case "heal":
      return (await import("./answer/heal.ts")).answerHeal(asking, front);
    case "control":
      return (await import("./answer/control.ts")).answerControl(asking, front);
    case "letters":
      return (await import("./answer/letters.ts")).answerLetters(asking, front);
  }
}
