/** Tells which programs this machine has, so that the tests of a missing one are skipped by name. It installs nothing: the test run did. */
import { accessSync, constants } from "node:fs";
import { join } from "node:path";

const folders = [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin", "/sbin"].filter((folder) =>
  folder.startsWith("/"),
);

/** The path of a program on PATH or in the sbin folders, or undefined. */
export function findProgram(name: string): string | undefined {
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
