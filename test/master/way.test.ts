/** Dials that take a special way: through another host, at a terminal, with a banner; and masters that lost their record or their network. */
import { existsSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  poll,
  realProgram,
  run,
  runBoth,
  runShim,
  type Sshd,
  shimProgram,
  signal,
  start,
  startSshd,
  temporary,
  visible,
} from "../support/index.ts";

const fresh = (sshd: Sshd) => ({ home: sshd.home, run: temporary() });
const recordsOf = (directory: string) =>
  readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((name) => /\/\d\.m$/.test(name))
    .map((name) => join(directory, name));

test("ProxyJump: both legs are shared, and the second caller costs no handshake at either", async () => {
  const target = await startSshd();
  const jump = await startSshd({ host: "jump" });
  const config = join(temporary(), "config");
  const host = (name: string, sshd: Sshd, more: string[]) =>
    [`Host ${name}`, "HostName 127.0.0.1", `Port ${sshd.port}`, `User ${sshd.user}`, `IdentityFile ${sshd.keyFile}`, ...more].join("\n ");
  const common = (sshd: Sshd) => [`UserKnownHostsFile ${sshd.knownHosts}`, "IdentitiesOnly yes"];
  writeFileSync(config, `${host("far", target, ["ProxyJump near", ...common(target)])}\n${host("near", jump, common(jump))}\n`);
  const options = fresh(target);
  for (let n = 0; n < 3; n++) {
    expect(visible(await runShim(["-F", config, "far", `echo ${n}`], options))).toEqual({
      stdout: `${n}\n`,
      stderr: "",
      exitCode: 0,
      signal: undefined,
    });
  }
  expect([target.authentications(), jump.authentications()]).toEqual([1, 1]);
  // Another target behind the same jump host.
  const other = await runShim(["-F", config, "-oConnectTimeout=20", "near", "echo near"], options);
  expect(visible(other).stdout).toBe("near\n");
  expect(jump.authentications()).toBe(1);
});

test("a proxy's own words reach the caller's stderr, as without us", async () => {
  const sshd = await startSshd();
  const proxy = `-oProxyCommand=sh -c 'echo through here >&2; exec socat - TCP:127.0.0.1:${sshd.port}'`;
  const { real, shim } = await runBoth([...sshd.options, proxy, sshd.host, "echo x"], fresh(sshd));
  expect(visible(real)).toMatchObject({ stdout: "x\n", stderr: "through here\n" });
  expect(visible(shim)).toEqual(visible(real));
});

test("at a terminal the question about a host key is asked and answered there, as by the real ssh", async () => {
  const sshd = await startSshd();
  const options = fresh(sshd);
  const session = async (program: string) => {
    const known = join(temporary(), "known");
    const script = `set timeout 20
spawn -noecho ${program} ${sshd.options.join(" ")} -oUserKnownHostsFile=${known} -oStrictHostKeyChecking=ask ${sshd.host} {echo he""re; exit 3}
expect "continue connecting" { send "yes\\r" }
expect "here"
expect eof
exit [lindex [wait] 3]`;
    return visible(await run("shim", ["-c", script], { ...options, program: "/usr/bin/expect" }));
  };
  const real = await session(realProgram);
  expect(real.exitCode).toBe(3);
  const shim = await session(shimProgram);
  expect(shim.stdout.replaceAll(shimProgram, "ssh")).toBe(real.stdout.replaceAll(realProgram, "ssh"));
  expect(shim.exitCode).toBe(3);
  expect(visible(await runShim([...sshd.options, sshd.host, "echo warm"], options)).stdout).toBe("warm\n");
});

test("a record that was lost or damaged while its master lives is written anew, without a second handshake", async () => {
  const sshd = await startSshd();
  const options = fresh(sshd);
  const command = () => runShim([...sshd.options, sshd.host, "echo x"], options);
  expect(visible(await command()).stdout).toBe("x\n");
  rmSync(recordsOf(options.run)[0] as string);
  expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  writeFileSync(recordsOf(options.run)[0] as string, "sshim-master 7\nnonsense");
  expect(visible(await command())).toMatchObject({ stdout: "x\n", stderr: "" });
  expect(sshd.authentications()).toBe(1);
});

test("a dead network is noticed, said in the real ssh's words, and the next call has a new master", async () => {
  const sshd = await startSshd();
  const options = { ...fresh(sshd), env: { SSHIM_SERVER_ALIVE: "1s" } };
  const alive = ["-oServerAliveInterval=1", "-oServerAliveCountMax=3"];
  const cut = async (side: "real" | "shim") => {
    const before = new Set(sshd.processes());
    const up = join(options.run, `up-${side}`);
    const session = start(side, [...sshd.options, ...(side === "real" ? alive : []), sshd.host, `echo >${up}; sleep 60`], options);
    const mine = () => sshd.processes().filter((pid) => !before.has(pid));
    await poll(() => existsSync(up), 15_000, "the session");
    const stopped = mine();
    for (const pid of stopped) signal(pid, "SIGSTOP");
    const result = await session;
    for (const pid of stopped) signal(pid, "SIGKILL");
    return { code: result.exitCode, stderr: Buffer.from(result.stderr as unknown as Uint8Array).toString() };
  };
  const real = await cut("real");
  expect(real).toEqual({ code: 255, stderr: expect.stringMatching(/not responding/) });
  expect(await cut("shim")).toEqual(real);
  expect(visible(await runShim([...sshd.options, sshd.host, "echo back"], options))).toMatchObject({ stdout: "back\n", stderr: "" });
});
