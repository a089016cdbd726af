/** What a dial keeps of its judgement: the next dial of a fresh ticket asks the real ssh nothing; any change is judged anew. */
import { appendFileSync, chmodSync, copyFileSync, existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { countingSsh } from "../support/counting.ts";
import { backdate, fixture, linesOf, makeGate, poll, runReal, runShim, startSshd, temporary, visible } from "../support/index.ts";
import { recordsOf } from "../support/runtime-directory.ts";

const { sshd } = await fixture();
let run: string;
let ssh: ReturnType<typeof countingSsh>;
beforeEach(() => {
  run = temporary();
  ssh = countingSsh(true);
});

const options = () => ({ home: sshd.home, run, env: ssh.env });
const done = (code: number) => ({ stdout: "x\n", stderr: "", exitCode: code, signal: undefined });
/** Runs a command; gives how often the real ssh was asked what it would do, and how often it was started to connect. */
async function call(args: string[], code: number): Promise<{ asked: number; dialled: string[] }> {
  const before = ssh.starts().length;
  expect(visible(await runShim([...args, `echo x; exit ${code}`], options()))).toEqual(done(code));
  const starts = ssh.starts().slice(before);
  return { asked: starts.filter((line) => / -G /.test(` ${line} `)).length, dialled: starts.filter((line) => / -N -f /.test(line)) };
}
/** The master goes; what was judged stays. */
async function exit(args: string[]): Promise<void> {
  expect((await runShim([...args.slice(0, -1), "-O", "exit", ...args.slice(-1)], options())).exitCode).toBe(0);
}
const kept = () => readdirSync(join(run, "d"));

describe("the second dial of a ticket", () => {
  it("is the first one's to the letter, and asks nothing", async () => {
    const logins = sshd.authentications();
    const args = [...sshd.options, sshd.host];
    const first = await call(args, 3);
    expect(first.asked).toBe(1);
    expect(kept()).toHaveLength(1);
    const [before] = recordsOf(run);
    await exit(args);
    const second = await call(args, 4);
    // The log of a master (-E) has a name of its own.
    const words = ({ dialled }: typeof first) => dialled.map((line) => line.replace(/\.\d+\.log/, ".N.log"));
    expect(second).toEqual({ asked: 0, dialled: second.dialled });
    expect(words(second)).toEqual(words(first));
    expect(sshd.authentications() - logins).toBe(2);
    const [after] = recordsOf(run).filter(({ record }) => record.pid !== before?.record.pid);
    expect({ ...after?.record.attributes, started: "" }).toEqual({ ...before?.record.attributes, started: "" });
    expect(after?.record).toMatchObject({ connectionKey: before?.record.connectionKey, destination: before?.record.destination });
  });

  it("on a caller's own ControlPath too, as long as nobody is there", async () => {
    const path = join(temporary(), "mux");
    const args = [...sshd.options, "-oControlMaster=auto", `-oControlPath=${path}`, "-oControlPersist=60", sshd.host];
    expect((await call(args, 3)).asked).toBe(1);
    await exit(args);
    expect(await call(args, 4)).toMatchObject({ asked: 0, dialled: [expect.any(String)] });
    await exit(args);
    // Another connection's master came meanwhile: this caller gets its own, as if nothing had been kept.
    const other = await startSshd();
    expect((await runReal(["-fNM", "-S", path, "-oControlPersist=60", ...other.options, other.host])).exitCode).toBe(0);
    expect((await call(args, 5)).dialled.join()).not.toContain(other.configFile);
    expect(await runReal(["-O", "check", "-S", path, "x"])).toMatchObject({ exitCode: 0 });
    await other.stop();
  });

  it("is the same for a shard that a crowd needs", async () => {
    const narrow = await startSshd({ maxSessions: 1 });
    const args = [...narrow.options, narrow.host];
    await call(args, 3);
    const gate = makeGate();
    const both = [4, 5].map((code) => runShim([...args, gate.before(`echo x; exit ${code}`)], options()));
    await poll(() => gate.begun() === 2, "two sessions at once");
    gate.open();
    const results = await Promise.all(both);
    expect(results.map(visible)).toEqual([done(4), done(5)]);
    expect(recordsOf(run).length).toBeGreaterThanOrEqual(2);
  });
});

describe("is judged anew", () => {
  /** A second dial after `change`: it has to ask. */
  async function expectAsked(change: (file: string) => void, args = [...sshd.options, sshd.host]): Promise<string[]> {
    await call(args, 3);
    await exit(args);
    change(join(run, "d", kept()[0] as string));
    const { asked, dialled } = await call(args, 4);
    expect(asked).toBeGreaterThan(0);
    expect(dialled).toHaveLength(1);
    return dialled;
  }

  it("when the configuration changed", async () => {
    const config = join(temporary(), "config");
    copyFileSync(sshd.configFile, config);
    backdate(config);
    await expectAsked(() => appendFileSync(config, "Host nobody\n  Port 1\n"), ["-F", config, sshd.host]);
  });

  it("when an identity file was replaced", async () => {
    const key = join(temporary(), "key");
    copyFileSync(sshd.keyFile, key);
    utimesSync(key, 900_000_000, 900_000_000);
    await expectAsked(() => utimesSync(key, 1_000_000_000, 1_000_000_000), ["-i", key, ...sshd.options, sshd.host]);
  });

  for (const [what, spoil] of [
    ["is cut off", (text: string) => text.slice(0, text.length / 2)],
    ["is of another format", (text: string) => text.replace('"format":3', '"format":0')],
    ["belongs to another ticket", (text: string) => text.replace(/"ticket":"[^"]*"/, '"ticket":"0000000000000000"')],
    ["is empty", () => ""],
    ["is something else", () => "null"],
  ] as const)
    it(`when the file ${what}`, async () => {
      await expectAsked((file) => writeFileSync(file, spoil(readFileSync(file, "utf8"))));
    });

  it("when others may write the file", async () => {
    await expectAsked((file) => chmodSync(file, 0o666));
  });
});

it("keeps nothing where the judgement is good for one call only", async () => {
  const mark = join(temporary(), "asked");
  const config = join(temporary(), "config");
  writeFileSync(config, `${readFileSync(sshd.configFile, "utf8")}Match exec "echo x >> ${mark}"\n  Compression no\n`);
  backdate(config);
  const args = ["-F", config, sshd.host];
  await call(args, 3);
  expect(existsSync(join(run, "d"))).toBe(false);
  await exit(args);
  const before = linesOf(mark).length;
  await call(args, 4);
  expect(linesOf(mark).length).toBeGreaterThan(before);
});
