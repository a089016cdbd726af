/** Records: the golden ones, the way back, and slots counted from a given /proc/locks. */
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  clearRecord,
  countOpened,
  countSessions,
  type MasterRecord,
  readRecord,
  retireRecord,
  writeRecord,
} from "../../src/master/record.ts";
import { temporary } from "../support/index.ts";

const golden = join(import.meta.dirname, "../golden/records");
const record: MasterRecord = {
  connectionKey: "00112233445566778899aabbccddeeff",
  pid: 4242,
  created: 1763776800,
  limit: 10,
  listener: 4241,
  persist: 600,
  socket: "/tmp/a path/with 100% ünïcode",
  destination: "root@1.2.3.4:22",
  log: "/tmp/x.log",
  attributes: { host: "1.2.3.4", why: "" },
};

describe("golden records", () => {
  test.each(readdirSync(join(golden, "good")).filter((name) => name !== "empty.m"))("%s is taken", (name) => {
    expect(readRecord(join(golden, "good", name))).toMatchObject({ connectionKey: "00112233445566778899aabbccddeeff", pid: 4242 });
  });
  test.each([...readdirSync(join(golden, "bad")).map((name) => `bad/${name}`), "good/empty.m", "none.m"])("%s is none", (name) => {
    expect(readRecord(join(golden, name))).toBeUndefined();
  });
});

describe("writing", () => {
  test("keeps the inode, so that slots stay, and mode 0600", () => {
    const path = join(temporary(), "0.m");
    writeRecord(path, { ...record, log: "/tmp/a much longer one than the other.log" });
    const { ino } = statSync(path);
    writeRecord(path, record);
    expect(readRecord(path)).toEqual(record);
    expect(statSync(path).ino).toBe(ino);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    clearRecord(path);
    expect(readRecord(path)).toBeUndefined();
    expect(statSync(path)).toMatchObject({ ino, size: 0 });
  });
  test("follows no symlink and refuses what would reach the slots", () => {
    const path = join(temporary(), "0.m");
    expect(() => writeRecord(path, { ...record, attributes: { lines: "x".repeat(4096) } })).toThrow(/longer than 4096/);
  });
  test("retires by a new name with the same inode", () => {
    const path = join(temporary(), "0.m");
    writeRecord(path, record);
    const { ino } = statSync(path);
    expect(retireRecord(path, 4242)).toBe(`${path}.4242`);
    expect(statSync(`${path}.4242`).ino).toBe(ino);
    expect(retireRecord(path, 4242)).toBeUndefined();
  });
  test("clears nothing that is not there", () => {
    const path = join(temporary(), "0.m");
    clearRecord(path);
    expect(() => readFileSync(path)).toThrow(/ENOENT/);
  });
});

describe("slots in /proc/locks", () => {
  const path = () => {
    const file = join(temporary(), "0.m");
    writeFileSync(file, "");
    return file;
  };
  const place = (file: string) => {
    const { dev, ino } = statSync(file, { bigint: true });
    const hex = (value: bigint) => value.toString(16).padStart(2, "0");
    const major = ((dev >> 8n) & 0xfffn) | ((dev >> 32n) & 0xfffff000n);
    const minor = (dev & 0xffn) | ((dev >> 12n) & 0xffffff00n);
    return `${hex(major)}:${hex(minor)}:${ino}`;
  };

  test("are counted by device and inode; those with an open session apart", () => {
    const file = path();
    const locks = [
      `1: OFDLCK ADVISORY  WRITE -1 ${place(file)} 4096 4096`,
      `2: OFDLCK ADVISORY  READ  -1 ${place(file)} 4098 4098`,
      `3: OFDLCK ADVISORY  READ  -1 ${place(file)} 4100 4101`,
      `3: -> OFDLCK ADVISORY  WRITE -1 ${place(file)} 4098 4098`,
      `4: OFDLCK ADVISORY  WRITE -1 ${place(file)} 17 17`,
      `5: OFDLCK ADVISORY  WRITE -1 00:99:12345 4096 4096`,
      `6: POSIX  ADVISORY  WRITE 77 ${place(file)} 4097 4097`,
      `7: FLOCK  ADVISORY  WRITE 77 ${place(file)} 0 EOF`,
      "",
    ].join("\n");
    expect(countSessions(file, locks)).toBe(4);
    expect(countOpened(file, locks)).toBe(3);
  });
  test("are found by the inode alone where the file system names another device", () => {
    const file = path();
    expect(countSessions(file, `1: OFDLCK ADVISORY  WRITE -1 00:fe:${statSync(file).ino} 4096 4096\n`)).toBe(1);
  });
  test("of a file that is gone are none", () => expect(countSessions("/nonexistent/0.m", "1: OFDLCK")).toBe(0));
});
