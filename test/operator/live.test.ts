/** The commands on real masters: a real sshd, the real ssh, the compiled front and control plane. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { poll, runShim, runSshim, type Sshd, start, startSshd } from "../support/index.ts";
import { conform } from "./support/schema.ts";

let sshd: Sshd;
const json = (bytes: Buffer) => JSON.parse(bytes.toString());
const ssh = (...words: string[]) => [...sshd.options, ...words];

async function status(): Promise<Array<Record<string, unknown>>> {
  const result = await runSshim(["status", "--json"]);
  const value = json(result.stdout);
  conform("status", value);
  return value.masters;
}

beforeAll(async () => {
  sshd = await startSshd();
}, 60_000);

afterAll(async () => {
  await runSshim(["drain", "--all", "--now"]);
  await sshd.stop();
});

describe("sshim on real masters", () => {
  it("shows no master before the first call, and one with its destination after it", async () => {
    expect(await status()).toEqual([]);
    const first = await runShim(ssh(sshd.host, "echo hello"));
    expect(first.stdout.toString()).toBe("hello\n");
    const [master, ...others] = await status();
    expect(others).toEqual([]);
    expect(master).toMatchObject({
      destination: `${sshd.user}@127.0.0.1:${sshd.port}`,
      shard: 0,
      state: "live",
      sessions: 0,
      owner: "ours",
    });
    const text = await runSshim(["status"]);
    expect(text.stdout.toString()).toMatch(/^DESTINATION +KEY/);
    expect(text.stdout.toString()).toContain("live");
    expect(text.stdout.toString()).not.toContain("\u001b");
  });

  it("counts the sessions that run now, and shows a drained master that waits for one, and by which process", async () => {
    const session = start("shim", ssh(sshd.host, "sleep 600"));
    await poll(async () => (await status())[0]?.sessions === 1);
    const drained = await runSshim(["drain", "127.0.0.1", "--json"]);
    expect(drained.exitCode).toBe(0);
    conform("drain", json(drained.stdout));
    expect(json(drained.stdout).drained).toMatchObject([{ result: "retired", sessions: 1 }]);
    const draining = (await status()).find((master) => master.state === "draining");
    expect(draining).toMatchObject({ sessions: 1, reason: "drain", waits_for: [{ pid: session.pid }] });
    const next = await runShim(ssh(sshd.host, "echo next"));
    expect(next.stdout.toString()).toBe("next\n");
    expect((await status()).map(({ state }) => state).sort()).toEqual(["draining", "live"]);
    const busy = await runSshim(["drain", "--all", "--wait", "0.1"]);
    expect(busy.exitCode).toBe(75);
    session.kill("SIGTERM");
    await session;
    const waited = await runSshim(["drain", "--all", "--wait", "20s"]);
    expect(waited.exitCode).toBe(0);
    expect(await status()).toEqual([]);
  });
});
