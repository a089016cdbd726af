/** The operator's side: finds the command, reads its arguments, runs it; a failure is one line. */
import { exitCodeOf, UserError } from "../fault.ts";
import { environment, uid } from "../sys/environment.ts";
import { readArguments } from "./arguments.ts";
import type { Context } from "./command.ts";
import { findCommand } from "./commands.ts";
import { openOutput, writeAll } from "./output.ts";

/** Runs `sshim <argv…>` and gives its exit code. Never throws. */
export async function runOperator(argv: readonly string[]): Promise<number> {
  try {
    return await runCommand(argv);
  } catch (error) {
    const failure = error instanceof UserError ? error : new UserError("internal", `cannot ${argv[0] ?? "go on"}: ${String(error)}`);
    writeAll(2, `sshim: ${failure.message.split("\n")[0]}\n`);
    return exitCodeOf(failure.kind);
  }
}

async function runCommand(argv: readonly string[]): Promise<number> {
  const name = argv[0] ?? "--help";
  if (["--version", "-V", "version"].includes(name)) {
    const { showVersion } = await import("./help/version.ts");
    return showVersion(argv.includes("--json"));
  }
  if (["--help", "-h", "help"].includes(name)) {
    const { showHelp } = await import("./help/help.ts");
    return showHelp(argv[1]);
  }
  const command = findCommand(name);
  const read = await readArguments(command, argv.slice(1));
  if (read.options.help === true) {
    const { showHelp } = await import("./help/help.ts");
    return showHelp(command.name);
  }
  const { runDirectory } = await import("../protocol/paths.ts");
  const env = environment();
  const out = openOutput(env, read.options.json === true);
  const context: Context = { env, uid: uid(), run: runDirectory(env, uid()), out, ...read };
  const { run } = await command.load();
  return run(context);
}
