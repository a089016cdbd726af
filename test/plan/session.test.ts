/** What a session asks for, as the real `ssh -G` resolves it. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ticketOf } from "../../src/plan/to-ticket.ts";
import { temporary } from "../support/index.ts";
import { sharedPlanOf, writeOld } from "./support.ts";

const host = "h.example";
const NONE = 0xffffffff;

describe("the session", () => {
  const rows: Array<[string[], object]> = [
    [[], { tty: "auto", escape: 126, agent: false, subsystem: false, stdinNull: false, logLevel: 3, command: undefined, stdio: undefined }],
    [["-t"], { tty: "yes" }],
    [["-tt"], { tty: "force" }],
    [["-tT"], { tty: "no" }],
    [["-T"], { tty: "no" }],
    [["-o", "RequestTTY=force"], { tty: "force" }],
    [["-e", "none"], { escape: NONE }],
    [["-e", "^A"], { escape: 1 }],
    [["-e", "^["], { escape: 0x1b }],
    [["-e", "%"], { escape: 37 }],
    [["-e", "\\"], { escape: 92 }],
    [["-e", " "], { escape: 32 }],
    [["-A"], { agent: false }],
    [["-s"], { subsystem: true }],
    [["-n"], { stdinNull: true }],
    [["-q"], { logLevel: 0 }],
    [["-o", "LogLevel=FATAL"], { logLevel: 1 }],
    [["-o", "LogLevel=ERROR"], { logLevel: 2 }],
    [["-o", "SendEnv=LC_* GIT_PROTOCOL"], { sendEnv: ["LC_*", "GIT_PROTOCOL"] }],
    [["-o", "SetEnv=A=b C=d"], { setEnv: ["A=b", "C=d"] }],
    [["-o", 'SetEnv="A=b c"'], { setEnv: ["A=b c"] }],
  ];
  for (const [words, expected] of rows) {
    it(`ssh ${words.join(" ")} ${host}`, async () => {
      expect((await sharedPlanOf([...words, host])).session).toMatchObject(expected);
    });
  }

  it("has the command of the configuration only where the caller gave none", async () => {
    const config = writeOld(join(temporary(), "config"), "Host *\n RemoteCommand uptime %h\n");
    expect((await sharedPlanOf(["-F", config, host], { command: false })).session.command).toBe(`uptime ${host}`);
    // With both, ssh refuses; so does the judgement, and the real ssh says so.
    await expect(sharedPlanOf(["-F", config, host])).rejects.toThrow("refused");
  });

  it("has an agent where one is handed on and is there, and is judged anew when it comes", async () => {
    const socket = writeOld(join(temporary(), "agent"), "stands for a socket");
    const agent = async (words: string[], env: Record<string, string>) => (await sharedPlanOf([...words, host], { env })).session.agent;
    expect(await agent(["-A"], { SSH_AUTH_SOCK: socket })).toBe(true);
    expect(await agent(["-A", "-a"], { SSH_AUTH_SOCK: socket })).toBe(false);
    expect(await agent([], { SSH_AUTH_SOCK: socket })).toBe(false);
    expect(await agent(["-A", "-o", "IdentityAgent=none"], { SSH_AUTH_SOCK: socket })).toBe(false);
    expect(await agent(["-o", `ForwardAgent=${socket}`], {})).toBe(true);
    const gone = await sharedPlanOf(["-A", host], { env: { SSH_AUTH_SOCK: `${socket}.gone` } });
    expect(gone.session.agent).toBe(false);
    expect(gone.inputs.dependencies).toContainEqual({ kind: "nofile", path: `${socket}.gone` });
  });

  it("is a bare stream for -W", async () => {
    const { session } = await sharedPlanOf(["-W", "[::1]:2222", host], { command: false });
    expect(session).toMatchObject({ stdio: { host: "::1", port: 2222 }, tty: "no", command: undefined });
  });
});

describe("the times", () => {
  it("are the caller's own before the configured ones", async () => {
    const times = async (words: string[], env: Record<string, string> = {}) => {
      const { persist, connectTimeout } = ticketOf(await sharedPlanOf([...words, host], { env }), "").target ?? {};
      return [persist, connectTimeout];
    };
    expect(await times([])).toEqual([600, 30]);
    expect(await times([], { SSHIM_PERSIST: "5" })).toEqual([5, 30]);
    expect(await times(["-o", "ControlPersist=60", "-o", "ConnectTimeout=7"], { SSHIM_PERSIST: "5" })).toEqual([60, 7]);
    expect(await times(["-o", "ControlPersist=2m"])).toEqual([120, 30]);
    expect(await times(["-o", "ControlPersist=yes"])).toEqual([0, 30]);
    expect(await times(["-o", "ControlPersist=0"])).toEqual([0, 30]);
    expect(await times(["-o", "ControlPersist=no"])).toEqual([600, 30]);
  });
});
