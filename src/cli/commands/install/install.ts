/** Runs the installing script that lies beside this program, or edits a compose file for it. */
import { UserError } from "../../../fault.ts";
import { programPath } from "../../../sys/environment.ts";
import { access, dirname, join, R_OK } from "../../../sys/files.ts";
import { run as runProgram } from "../../../sys/processes.ts";
import { type Context, flagOption } from "../../command.ts";

const flags = ["system", "check", "uninstall", "dry-run"] as const;

/** `install [user|coolify] …`; `install compose add|remove FILE FOLDER [BASE]` for coolify.sh. */
export async function run(context: Context): Promise<number> {
  const [what = "user", ...words] = context.operands;
  if (what === "compose") {
    const { carryOut, planEdit } = await import("./compose.ts");
    const [action, file, folder, base] = words;
    if ((action !== "add" && action !== "remove") || !file || !folder)
      throw new UserError("usage", "cannot edit a compose file: say add or remove, the file and the folder");
    const edit = planEdit(action, file, folder, base);
    // The caller shows the difference: the text as it would be.
    if (flagOption(context, "dry-run")) context.out.write(edit.after.file ?? "");
    else carryOut(edit);
    return 0;
  }
  if ((what !== "user" && what !== "coolify") || words.length > 0)
    throw new UserError("usage", `cannot install ${JSON.stringify(context.operands.join(" "))}: say user or coolify`);
  return runScript(`${what}.sh`, context);
}

/** The script is in ../install of bin: in a checkout, in the archive, and where user.sh put it. */
function runScript(name: string, context: Context): number {
  const script = join(dirname(programPath()), "../install", name);
  try {
    access(script, R_OK);
  } catch {
    throw new UserError("cannot", `cannot install: ${script} is not there (set by the place of this program)`);
  }
  const words = flags.filter((flag) => flagOption(context, flag)).map((flag) => `--${flag}`);
  const done = runProgram({ path: "/bin/sh", words: [script, ...words], environment: context.env, stdin: 0, stdout: 1, stderr: 2 });
  if (done.error !== undefined) throw new UserError("cannot", `cannot install: /bin/sh: ${done.error}`);
  return done.code ?? 1;
}
