/** The directories: can sockets be bound and linked, are names short; the journal. */
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
import { type Advice, type DoctorContext, fixed, good, note, problem } from "./finding.ts";

export async function* checkPlaces(doctor: DoctorContext): AsyncGenerator<Finding> {
  yield* checkRun(doctor);
  // In a directory that is not used nothing is looked at.
  if (inspectRun(doctor.run, doctor.context.uid) === undefined) yield await checkJournal(doctor);
  const folder = textOption(doctor.context, "control-path");
  if (folder !== undefined) yield* checkControlPath(folder);
}

const advice = {
  unused: ["every call is passed through", "remove it, or set SSHIM_DIR to a directory of your own (mode 700)"],
  unmade: ["every call is passed through", "set SSHIM_DIR to a directory of your own"],
  long: ["nothing is shared", "set SSHIM_DIR to a shorter path"],
  unbound: ["no master can listen there", "set SSHIM_DIR to a local directory, such as one below /run or /dev/shm"],
  full: ["tickets and records cannot be written: calls are passed through", "make room, or set SSHIM_DIR"],
  off: ["sshim log, why, stats and report know nothing", 'set journal in the configuration, or take "off" out'],
  lost: [
    "what happens is not written down: log, why, stats and report know nothing of it",
    "make it a file of your own in a directory that is there, or set journal in the configuration",
  ],
  noFolder: ["callers that name a ControlPath there fail", "make it"],
  unlinkable: [
    "no master can listen there: OpenSSH's own would not either, and calls are passed through",
    "use a directory on a file system of this machine, not a bind mount from another",
  ],
  longer: ["sshim serves such callers at a path of its own; plain ssh fails there", "nothing, as long as sshim is in use"],
} satisfies Record<string, Advice>;

async function* checkRun({ run, context, fix }: DoctorContext): AsyncGenerator<Finding> {
  if (fix && inspectRun(run, context.uid) !== undefined && repairMode(run, context.uid))
    yield fixed("run", `${run} is ours alone now (mode 700)`);
  const unsafe = inspectRun(run, context.uid);
  if (unsafe !== undefined) return yield problem("run", `the runtime directory ${run} is not used: ${unsafe}`, advice.unused);
  try {
    makeFolder(run, 0o700);
  } catch (error) {
    const code = errorCode(error);
    if (code !== "EEXIST") return yield problem("run", `the runtime directory ${run} cannot be made: ${code}`, advice.unmade);
  }
  const length = byteLength(`${poolDirectory(run, "0".repeat(32))}/0`);
  const most = limits.socketBytes;
  if (length > most)
    return yield problem("run", `${run} is too long a name: sockets in it would have ${length} bytes, ${most} can be used`, advice.long);
  const wrong = await tryDirectory(run);
  if (wrong !== undefined) return yield problem("run", `in ${run} ${wrong}`, advice.unbound);
  yield good("run", `the runtime directory ${run} is ours alone; sockets can be bound and linked there`);
  const free = freeBytes(run) / 2 ** 20;
  if (free < 16) yield problem("room", `${run} has ${free.toFixed(1)} MB left`, advice.full);
}

/** Only a directory of ours is put right, never a link. */
function repairMode(run: string, uid: number): boolean {
  const found = lookAt(run);
  if (found?.kind !== "directory" || found.uid !== uid) return false;
  changeMode(run, 0o700);
  return true;
}

async function checkJournal({ context }: DoctorContext): Promise<Finding> {
  const path = await journalOf(context);
  if (path === undefined) return note("journal", "the journal is switched off", advice.off);
  const there = lookThrough(path);
  const lost = tryJournal(path, there !== undefined);
  if (lost !== undefined) return problem("journal", `the journal ${path} ${lost}`, advice.lost);
  if (!there) return good("journal", `no journal yet: ${path}`);
  if (there.kind !== "file" || (there.mode & 0o077) === 0)
    return good("journal", `the journal is ${path}, ${(Number(there.size) / 2 ** 20).toFixed(1)} MB`);
  const what = `${path} can be read by others (mode ${(there.mode & 0o777).toString(8)})`;
  return note("journal", what, ["they see who connects where, though no command", `chmod 600 ${path}`]);
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

async function* checkControlPath(folder: string): AsyncGenerator<Finding> {
  const found = lookThrough(folder);
  if (found?.kind !== "directory") return yield problem("control-path", `${folder} is not a directory`, advice.noFolder);
  const wrong = await tryDirectory(folder);
  if (wrong !== undefined) yield problem("control-path", `in ${folder} ${wrong}`, advice.unlinkable);
  const longest = Math.max(0, ...listFolder(folder).map((name) => byteLength(join(folder, name))));
  const long = longest > limits.socketBytes;
  if (long)
    yield note("control-path-length", `a path in ${folder} has ${longest} bytes; OpenSSH can use ${limits.socketBytes}`, advice.longer);
  const open = (found.mode & 0o002) !== 0 && (found.mode & 0o1000) === 0;
  const mend: Advice = ["anybody may put a socket of his own there", `chmod o-w ${folder}`];
  if (open) yield problem("control-path-mode", `${folder} can be written by everybody`, mend);
  if (wrong === undefined && !long && !open) yield good("control-path", `sockets can be bound and linked in ${folder}`);
}

/** Binds a socket and links it, as OpenSSH does (mux.c, muxserver_listen). Returns what fails. */
async function tryDirectory(folder: string): Promise<string | undefined> {
  let place: string;
  try {
    place = makeTemporaryFolder(join(folder, ".sshim-"));
  } catch (error) {
    return `nothing can be written (${errorCode(error)})`;
  }
  const socket = join(place, "s");
  let unlinked: string | undefined;
  const unbound = await bindSocket(socket, () => {
    try {
      link(socket, join(place, "l"));
    } catch (error) {
      unlinked = `no hard link can be made (${errorCode(error)})`;
    }
  });
  removeTree(place);
  return unbound === undefined ? unlinked : `no socket can be bound (${unbound})`;
}
