/** The directories: may sockets be bound and linked there, are names short enough, may others write, is the journal kept. */
import { limits } from "../../../protocol/contract.ts";
import { poolDirectory } from "../../../protocol/paths.ts";
import {
  access,
  changeMode,
  close,
  dirname,
  errorCode,
  freeBytes,
  join,
  link,
  listFolder,
  lookAt,
  lookThrough,
  makeFolder,
  makeTemporaryFolder,
  openToAppend,
  openToRead,
  removeTree,
  W_OK,
  whyNot,
  X_OK,
} from "../../../sys/files.ts";
import { bindSocket } from "../../../sys/sockets.ts";
import { byteLength } from "../../../sys/text.ts";
import { textOption } from "../../command.ts";
import { journalOf } from "../../history/sessions.ts";
import type { Finding } from "../../interface.ts";
import { inspectRun } from "../../place.ts";
import { type DoctorContext, fixed, good, note, problem } from "./finding.ts";

export async function checkPlaces(doctor: DoctorContext): Promise<Finding[]> {
  const findings = await checkRun(doctor);
  // In a directory that is not used nothing is looked at.
  if (inspectRun(doctor.run, doctor.context.uid) === undefined) findings.push(...(await checkJournal(doctor)));
  const folder = textOption(doctor.context, "control-path");
  if (folder !== undefined) findings.push(...(await checkControlPath(folder)));
  return findings;
}

async function checkRun({ run, context, fix }: DoctorContext): Promise<Finding[]> {
  const unsafe = inspectRun(run, context.uid);
  if (unsafe !== undefined) {
    if (fix && repairMode(run, context.uid))
      return [fixed("run", `${run} is ours alone now (mode 700)`), ...(await checkRun({ run, context, fix: false } as DoctorContext))];
    return [
      problem(
        "run",
        `the runtime directory ${run} is not used: ${unsafe}`,
        "every call is passed through",
        "remove it, or set SSHIM_DIR to a directory of your own (mode 700)",
      ),
    ];
  }
  try {
    makeFolder(run, 0o700);
  } catch (error) {
    const code = errorCode(error);
    if (code !== "EEXIST")
      return [
        problem(
          "run",
          `the runtime directory ${run} cannot be made: ${code}`,
          "every call is passed through",
          "set SSHIM_DIR to a directory of your own",
        ),
      ];
  }
  const length = byteLength(`${poolDirectory(run, "0".repeat(32))}/0`);
  if (length > limits.socketBytes) {
    return [
      problem(
        "run",
        `${run} is too long a name: sockets in it would have ${length} bytes, ${limits.socketBytes} can be used`,
        "nothing is shared",
        "set SSHIM_DIR to a shorter path",
      ),
    ];
  }
  const wrong = await tryDirectory(run);
  if (wrong.length > 0)
    return wrong.map((why) =>
      problem(
        "run",
        `in ${run} ${why}`,
        "no master can listen there",
        "set SSHIM_DIR to a local directory, such as one below /run or /dev/shm",
      ),
    );
  return [good("run", `the runtime directory ${run} is ours alone; sockets can be bound and linked there`), ...checkRoom(run)];
}

function checkRoom(run: string): Finding[] {
  const free = freeBytes(run) / 2 ** 20;
  return free < 16
    ? [
        problem(
          "room",
          `${run} has ${free.toFixed(1)} MB left`,
          "tickets and records cannot be written: calls are passed through",
          "make room, or set SSHIM_DIR",
        ),
      ]
    : [];
}

/** Only a directory of ours is put right, never a link. */
function repairMode(run: string, uid: number): boolean {
  const found = lookAt(run);
  if (found?.kind !== "directory" || found.uid !== uid) return false;
  changeMode(run, 0o700);
  return true;
}

async function checkJournal({ context }: DoctorContext): Promise<Finding[]> {
  const path = await journalOf(context);
  if (path === undefined)
    return [
      note(
        "journal",
        "the journal is switched off",
        "sshim log, why, stats and report know nothing",
        'set journal in the configuration, or take "off" out',
      ),
    ];
  const there = lookThrough(path);
  const lost = tryJournal(path, there !== undefined);
  if (lost !== undefined)
    return [
      problem(
        "journal",
        `the journal ${path} ${lost}`,
        "what happens is not written down: log, why, stats and report know nothing of it",
        "make it a file of your own in a directory that is there, or set journal in the configuration",
      ),
    ];
  if (!there) return [good("journal", `no journal yet: ${path}`)];
  if (there.kind === "file" && (there.mode & 0o077) !== 0)
    return [
      note(
        "journal",
        `${path} can be read by others (mode ${(there.mode & 0o777).toString(8)})`,
        "they see who connects where, though no command",
        `chmod 600 ${path}`,
      ),
    ];
  return [good("journal", `the journal is ${path}, ${(Number(there.size) / 2 ** 20).toFixed(1)} MB`)];
}

/** Opens it as a call does, and as `sshim log` does; makes none. Gives what is wrong with it. */
function tryJournal(path: string, there: boolean): string | undefined {
  try {
    if (there) close(openToAppend(path));
    else access(dirname(path), W_OK | X_OK);
  } catch (error) {
    return `cannot be written: ${whyNot(error)}`;
  }
  try {
    const fd = there ? openToRead(path) : undefined;
    if (fd !== undefined) close(fd);
  } catch (error) {
    return `cannot be read: ${whyNot(error)}`;
  }
  return undefined;
}

async function checkControlPath(folder: string): Promise<Finding[]> {
  const found = lookThrough(folder);
  if (found?.kind !== "directory")
    return [problem("control-path", `${folder} is not a directory`, "callers that name a ControlPath there fail", "make it")];
  const findings: Finding[] = [];
  const wrong = await tryDirectory(folder);
  for (const why of wrong)
    findings.push(
      problem(
        "control-path",
        `in ${folder} ${why}`,
        "no master can listen there: OpenSSH's own would not either, and calls are passed through",
        "use a directory on a file system of this machine, not a bind mount from another",
      ),
    );
  const longest = Math.max(0, ...listFolder(folder).map((name) => byteLength(join(folder, name))));
  if (longest > limits.socketBytes)
    findings.push(
      note(
        "control-path-length",
        `a path in ${folder} has ${longest} bytes; OpenSSH can use ${limits.socketBytes}`,
        "sshim serves such callers at a path of its own; plain ssh fails there",
        "nothing, as long as sshim is in use",
      ),
    );
  if ((found.mode & 0o002) !== 0 && (found.mode & 0o1000) === 0)
    findings.push(
      problem(
        "control-path-mode",
        `${folder} can be written by everybody`,
        "anybody may put a socket of his own there",
        `chmod o-w ${folder}`,
      ),
    );
  return findings.length > 0 ? findings : [good("control-path", `sockets can be bound and linked in ${folder}`)];
}

/** What OpenSSH does there: bind a socket under a temporary name and link it into place (mux.c, muxserver_listen). */
async function tryDirectory(folder: string): Promise<string[]> {
  let place: string;
  try {
    place = makeTemporaryFolder(join(folder, ".sshim-"));
  } catch (error) {
    return [`nothing can be written (${errorCode(error)})`];
  }
  try {
    const socket = join(place, "s");
    const bound = await bindOnce(socket, () => link(socket, join(place, "l")));
    return bound === undefined ? [] : [bound];
  } finally {
    removeTree(place);
  }
}

async function bindOnce(path: string, whileBound: () => void): Promise<string | undefined> {
  let why: string | undefined;
  const unbound = await bindSocket(path, () => {
    try {
      whileBound();
    } catch (error) {
      why = `no hard link can be made (${errorCode(error)})`;
    }
  });
  return unbound === undefined ? why : `no socket can be bound (${unbound})`;
}
