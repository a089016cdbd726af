/** Where things are, as the front finds them: itself, the real ssh, a safe runtime directory. */
import { UserError } from "../fault.ts";
import { type Environment, programPath } from "../sys/environment.ts";
import { access, close, dirname, join, lookAt, lookThrough, O_RDONLY, open, read, realPath, tryRead, X_OK } from "../sys/files.ts";
import { decodeLatin1 } from "../sys/text.ts";

/** The front, which lies beside the control plane by the name ssh. Throws where there is none. */
export function findFront(): string {
  const beside = [dirname(realPath(programPath())), join(import.meta.dirname ?? "/", "../../bin")];
  const found = beside.map((folder) => join(folder, "ssh")).find((path) => isCopy(path));
  if (!found) throw new UserError("cannot", `cannot find the front: there is no ssh of ours in ${beside[0]} (set by the installation)`);
  return found;
}

export interface RealSshFound {
  path: string | undefined;
  origin: "SSHIM_REAL_SSH" | "PATH";
  /** Every ssh on the way, in the order of PATH, and what it is. */
  candidates: Candidate[];
}

export interface Candidate {
  path: string;
  kind: "front" | "script" | "program";
}

/** The ssh that the front becomes (realssh.c, find_real): the first on PATH but for the front. */
export function findReal(env: Environment): RealSshFound {
  const candidates = listCandidates(env.PATH);
  if (env.SSHIM_REAL_SSH) {
    const named = inspectCandidate(env.SSHIM_REAL_SSH);
    return { path: named && named.kind !== "front" ? named.path : undefined, origin: "SSHIM_REAL_SSH", candidates };
  }
  // Where PATH has none but us, there is still the place where every system has it.
  const found = [...candidates, ...listCandidates("/usr/bin")].find(({ kind }) => kind !== "front");
  return { path: found?.path, origin: "PATH", candidates };
}

/** Every ssh (or other name) on a PATH; an empty one is /usr/bin. */
export function listCandidates(path: string | undefined, name = "ssh"): Candidate[] {
  return (path || "/usr/bin").split(":").flatMap((folder) => inspectCandidate(folder === "" ? name : `${folder}/${name}`) ?? []);
}

/** Why the front would not use this runtime directory (rundir.c, open_rundir), if so. */
export function inspectRun(run: string, uid: number): string | undefined {
  const found = lookAt(run);
  if (!found) return undefined;
  if (found.kind === "link") return "it is a symbolic link";
  if (found.kind !== "directory") return "it is not a directory";
  if (found.uid !== uid) return `it belongs to uid ${found.uid}`;
  if ((found.mode & 0o077) !== 0) return `others may enter it (mode ${(found.mode & 0o777).toString(8)})`;
  return undefined;
}

function inspectCandidate(path: string): Candidate | undefined {
  try {
    if (lookThrough(path)?.kind !== "file") return undefined;
    access(path, X_OK);
  } catch {
    return undefined;
  }
  if (startOf(path) === "#!") return { path, kind: "script" };
  return { path, kind: isCopy(path) ? "front" : "program" };
}

/** The bytes by which the front knows itself, whatever its name. */
const MAGIC = "sshim\tfront\tmagic\t1";
const LARGEST_FRONT = 64 * 1024 * 1024;

function isCopy(path: string): boolean {
  const found = lookThrough(path);
  const bytes = found !== undefined && found.size < LARGEST_FRONT ? tryRead(path) : undefined;
  return bytes !== undefined && decodeLatin1(bytes).includes(MAGIC);
}

function startOf(path: string): string {
  let fd: number | undefined;
  try {
    fd = open(path, O_RDONLY);
    const bytes = new Uint8Array(2);
    return decodeLatin1(bytes.subarray(0, read(fd, bytes)));
  } catch {
    return "";
  } finally {
    if (fd !== undefined) close(fd);
  }
}
