/**
 * The edit of docker-compose.custom.yml that install/coolify.sh asks for: what the file said is
 * still there and means the same, and it comes back.
 */
import { appendFileSync, chmodSync, existsSync, lstatSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { carryOut, planEdit } from "../../src/cli/commands/install/compose.ts";
import { repository } from "../support/index.ts";
import { files, refused, service } from "./compose-files.ts";
import { scratch } from "./package.ts";

const folder = "/data/coolify/sshim";
const own = [
  ...["ssh", "scp", "sftp", "sshim"].map((name) => `${folder}/bin/ssh:/usr/local/bin/${name}:ro`),
  `${folder}/bin/sshim-control:/usr/local/bin/sshim-control:ro`,
  `${folder}/lib/sshim:/usr/local/lib/sshim:ro`,
  `${folder}/etc:/etc/sshim:ro`,
];

const edit = (action: "add" | "remove", file: string, place = folder) => carryOut(planEdit(action, file, place));

function write(content: string | Uint8Array): string {
  const file = join(scratch("compose-"), "custom.yml");
  writeFileSync(file, content);
  return file;
}

const read = (file: string) => readFileSync(file, "utf8");

/** The comments of a file whose strings hold no "#". */
const commentsOf = (text: string) =>
  (text.match(/#.*/g) ?? []).map((comment) => comment.trimEnd()).filter((comment) => comment !== "# added by sshim");

/** What is in a file, read as docker compose does: YAML 1.1 with merge keys. */
function servicesOf(file: string): Record<string, { volumes?: unknown[] } | null> {
  return (parse(read(file), { version: "1.1", merge: true, logLevel: "silent", maxAliasCount: -1 })?.services ?? {}) as never;
}

describe("the edit of a compose file", () => {
  for (const [name, text] of Object.entries({ ...files, "the recorded file": read(join(repository, "test/install/coolify/custom.yml")) })) {
    it(`adds the mounts, changes no meaning, and gives the bytes back: ${name}`, () => {
      const file = write(text);
      const before = servicesOf(file);
      edit("add", file);
      const added = read(file);
      const after = servicesOf(file);
      for (const service of ["coolify", "soketi"]) {
        const volumes = after[service]?.volumes ?? [];
        expect(own.filter((mount) => !volumes.includes(mount))).toEqual([]);
        expect(volumes.filter((mount) => !own.includes(mount as string))).toEqual(before[service]?.volumes ?? []);
      }
      for (const [other, content] of Object.entries(before)) if (!/^(coolify|soketi)$/.test(other)) expect(after[other]).toEqual(content);
      expect(commentsOf(added)).toEqual(commentsOf(text));
      expect(text.includes("\r") && /[^\r]\n/.test(added)).toBe(false);
      edit("add", file);
      expect(read(file)).toBe(added);
      edit("remove", file);
      expect(read(file)).toBe(text);
      expect(readdirSync(dirname(file))).toEqual(["custom.yml"]);
    });

    it(`takes the mounts out of a file that somebody edited since: ${name}`, () => {
      const file = write(text);
      const before = servicesOf(file);
      edit("add", file);
      appendFileSync(file, `${/^\{|\.\.\.$/m.test(text) ? "" : "x-later: { a: 0440 }"} # by hand\n`);
      edit("remove", file);
      const after = servicesOf(file);
      for (const [service, content] of Object.entries(before)) expect(after[service] ?? null).toEqual(content);
      expect(read(file)).not.toContain("sshim/");
      expect(commentsOf(read(file)).sort()).toEqual([...commentsOf(text), "# by hand"].sort());
      expect(readdirSync(dirname(file))).toEqual(["custom.yml"]);
    });
  }

  for (const [name, [text, why]] of Object.entries(refused))
    it(`refuses in one line, and changes nothing: ${name}`, () => {
      const file = write(text);
      let message = "";
      try {
        edit("add", file);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).toMatch(/^cannot [^\n]+$/);
      expect(message).toContain(why);
      expect(message).toContain(file);
      expect(read(file)).toBe(text);
      expect(readdirSync(dirname(file))).toEqual(["custom.yml"]);
    });

  it("keeps the file as it was beside it, with its mode, and plans an edit without carrying it out", () => {
    const file = write(service);
    chmodSync(file, 0o640);
    const { before, after } = planEdit("add", file, folder);
    expect([before, read(file), readdirSync(dirname(file))]).toEqual([{ file: service, backup: undefined }, service, ["custom.yml"]]);
    edit("add", file);
    expect(read(file)).toBe(after.file);
    expect([read(`${file}.before-sshim`), statSync(`${file}.before-sshim`).mode & 0o777]).toEqual([service, 0o640]);
  });

  it("takes a new backup when the mounts went another way", () => {
    const file = write(service);
    edit("add", file);
    const later = `${service}# later\n`;
    writeFileSync(file, later);
    edit("add", file);
    edit("remove", file);
    expect(read(file)).toBe(later);
  });

  it("refuses bytes that are not UTF-8, and keeps them", () => {
    const bytes = Buffer.from("# caf\xe9\nservices:\n", "latin1");
    const file = write(bytes);
    expect(() => edit("add", file)).toThrow(`cannot read ${file}: it is not UTF-8`);
    expect(readFileSync(file).equals(bytes)).toBe(true);
  });

  it("removes a file that it made, also one that it made before it marked its lines", () => {
    const file = join(scratch("compose-"), "custom.yml");
    edit("add", file);
    edit("remove", file);
    expect(existsSync(file)).toBe(false);
    const list = own.map((mount) => `      - ${mount}\n`).join("");
    writeFileSync(file, `services:\n  coolify:\n    volumes:\n${list}  soketi:\n    volumes:\n${list}`);
    edit("remove", file);
    expect(existsSync(file)).toBe(false);
  });

  it("adds what an older version, which made no marks, did not mount yet, and takes all of it out", () => {
    const theirs = "services:\n  coolify:\n    volumes:\n      - /a:/b\n";
    const file = write(`${theirs}      - ${own[0]}\n      - ${own[1]}\n`);
    edit("add", file);
    expect(servicesOf(file).coolify?.volumes?.toSorted()).toEqual([...own, "/a:/b"].toSorted());
    edit("remove", file);
    expect(read(file)).toBe(theirs);
    writeFileSync(file, `services:\n  coolify:\n    volumes:\n      - ${own[0]}\n`);
    edit("add", file);
    edit("remove", file);
    expect(existsSync(file)).toBe(false);
  });

  it("keeps what somebody else put under its keys, and into a file that it made", () => {
    const file = join(scratch("compose-"), "custom.yml");
    edit("add", file);
    writeFileSync(file, read(file).replace(/ volumes:.*\n/, "$&      - /a:/b\n"));
    edit("remove", file);
    expect(read(file)).toBe("services:\n  coolify:\n    volumes:\n      - /a:/b\n");
  });

  it("takes its mounts out in whatever form somebody else brought them, or says that it cannot", () => {
    const others = "services:\n  coolify:\n    volumes:\n      - /a:/b\n";
    const file = write(`${others}      - type: bind\n        source: ${folder}/etc\n        target: /etc/sshim\n`);
    edit("remove", file);
    expect(read(file)).toBe(others);
    const flow = write(`services: {coolify: {volumes: ["${own[0]}", "/a:/b"]}}\n`);
    edit("remove", flow);
    expect(servicesOf(flow)).toEqual({ coolify: { volumes: ["/a:/b"] } });
    const text = `x: &v\n  - ${own[0]}\nservices:\n  coolify:\n    volumes: *v\n`;
    const stuck = write(text);
    expect(() => edit("remove", stuck)).toThrow(`cannot take the mounts of ${folder} out`);
    expect(read(stuck)).toBe(text);
  });

  it("writes to the file that a link leads to, with the mode that it has", () => {
    const file = write(service);
    const link = join(scratch("compose-"), "custom.yml");
    symlinkSync(file, link);
    const mode = statSync(file).mode;
    edit("add", link);
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(read(file)).toContain(own[0] as string);
    expect(statSync(file).mode).toBe(mode);
    edit("remove", link);
    expect(read(file)).toBe(service);
    const dangling = join(scratch("compose-"), "custom.yml");
    symlinkSync("nowhere", dangling);
    expect(() => edit("add", dangling)).toThrow(`cannot edit ${dangling}: it is a link that leads to no file`);
    expect(lstatSync(dangling).isSymbolicLink()).toBe(true);
  });

  it("writes a folder with a space so that YAML reads it, and refuses one that docker compose would not", () => {
    const file = write(service);
    edit("add", file, "/my data/sshim");
    expect(servicesOf(file).soketi?.volumes?.[0]).toBe("/my data/sshim/bin/ssh:/usr/local/bin/ssh:ro");
    edit("remove", file, "/my data/sshim");
    expect(read(file)).toBe(service);
    expect(() => edit("add", file, "/data/$a/sshim")).toThrow("cannot add mounts: docker compose would not read");
    expect(read(file)).toBe(service);
  });
});
