/** What a compose file says, with its aliases and merge keys followed, for the proof that an edit changed nothing else. It edits nothing. */
import { UserError } from "../../../fault.ts";
import { readDocument } from "./compose-read.ts";

/** A value as it is written: no number, date or null is made of a scalar. */
export type Tree = string | null | Tree[] | { [key: string]: Tree };

/** The volumes of a service, its own and those that a merge key gives it. */
export function readVolumes(text: string, service: string, name: string): readonly Tree[] {
  const services = mapOf(mapOf(readTree(text, name)).services);
  const volumes = Object.hasOwn(services, service) ? mapOf(services[service]).volumes : undefined;
  return Array.isArray(volumes) ? volumes : [];
}

/** Everything but the mounts from `folder`. A list or a mapping that is empty counts as none: adding makes those that are needed. */
export function withoutMounts(text: string, folder: string, name: string): Tree {
  const { services, ...others } = mapOf(readTree(text, name));
  const kept: [string, Tree][] = [];
  for (const [key, service] of Object.entries(mapOf(services))) {
    const { volumes, ...rest } = mapOf(service);
    const theirs = Array.isArray(volumes) ? volumes.filter((item) => !comesFrom(item, folder)) : volumes;
    const left: Tree = isEmpty(theirs) ? rest : { ...rest, volumes: theirs };
    if (!isEmpty(left)) kept.push([key, left]);
  }
  return kept.length > 0 ? { ...others, services: Object.fromEntries(kept) } : others;
}

/** Whether any service has a mount from `folder`. */
export function holdsMounts(text: string, folder: string, name: string): boolean {
  return Object.values(mapOf(mapOf(readTree(text, name)).services)).some((service) => {
    const { volumes } = mapOf(service);
    return Array.isArray(volumes) && volumes.some((item) => comesFrom(item, folder));
  });
}

/** Whether a mount is one of sshim's: nobody else has files in its folder. */
export function comesFrom(item: unknown, folder: string): boolean {
  return sourceOf(item)?.startsWith(`${folder}/`) ?? false;
}

/** Where a mount comes from, in the short form ("a:b:ro") or the long one ({ source, target }). */
export function sourceOf(item: unknown): string | undefined {
  return partOf(item, 0, "source");
}

export function targetOf(item: unknown): string | undefined {
  return partOf(item, 1, "target");
}

function partOf(item: unknown, position: number, key: string): string | undefined {
  if (typeof item === "string") return item.split(":")[position];
  const part = mapOf(item)[key];
  return typeof part === "string" ? part : undefined;
}

function readTree(text: string, name: string): unknown {
  try {
    return readDocument(text, name).toJS({ maxAliasCount: 10_000 });
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw new UserError("cannot", `cannot read ${name}: ${(error as Error).message}`);
  }
}

function mapOf(value: unknown): { [key: string]: Tree } {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as { [key: string]: Tree }) : {};
}

function isEmpty(value: Tree | undefined): value is undefined | null | "" {
  return value === undefined || value === null || value === "" || Object.keys(value).length === 0;
}
