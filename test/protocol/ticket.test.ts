/** Tickets as text: what is written is read back, the examples of test/golden are taken and refused, and a change makes one stale. */
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ticketOf } from "../../src/plan/to-ticket.ts";
import { ticketPath } from "../../src/protocol/paths.ts";
import type { Ticket } from "../../src/protocol/ticket.ts";
import { findStale, parseTicket, readTicket } from "../../src/protocol/ticket-read.ts";
import { formatTicket, isStorable, storeTicket } from "../../src/protocol/ticket-write.ts";
import { makeKey, type PlanOptions, planOf, writeOld } from "../plan/support.ts";
import { homeDirectory, runDirectory, systemPath, temporary } from "../support/index.ts";

const callId = "1 command=1 -- h";
const golden = join(import.meta.dirname, "../golden/tickets");
const read = (text: string) => parseTicket(new TextEncoder().encode(text));
const environment = (env: Record<string, string> = {}) => ({ PATH: systemPath, HOME: homeDirectory(), ...env });

/** The ticket of a call as the front would find it. */
async function ticketFor(words: string[], judging: PlanOptions = {}): Promise<Ticket> {
  const ticket = read(formatTicket(ticketOf(await planOf(words, judging), callId)));
  if (ticket === undefined) throw new Error("the ticket cannot be read back");
  return ticket;
}

describe("the text", () => {
  for (const quality of ["good", "bad"]) {
    for (const name of readdirSync(join(golden, quality))) {
      it(`${quality}/${name} is ${quality} to the control plane too`, () => {
        expect(parseTicket(readFileSync(join(golden, quality, name))) === undefined).toBe(quality === "bad");
      });
    }
  }

  it("is the same again when a good one is read and written", () => {
    for (const name of readdirSync(join(golden, "good"))) {
      const ticket = parseTicket(readFileSync(join(golden, "good", name))) as Ticket;
      // For one call there is nothing to become stale.
      expect(read(formatTicket(ticket)), name).toEqual(ticket.forThisCallOnly ? { ...ticket, dependencies: [] } : ticket);
    }
  });

  it("says all that was judged, whatever bytes are in it", async () => {
    const words = [
      "-o",
      'SetEnv="A=b c" Ü=ö',
      "-o",
      "SendEnv=LC_* X",
      "-o",
      "RemoteCommand=echo 'a b' %% ü",
      "-e",
      "none",
      "-A",
      "h.example",
    ];
    const plan = await planOf(words, { command: false });
    const ticket = ticketOf(plan, callId);
    expect(read(formatTicket(ticket))).toEqual({
      ...ticket,
      dependencies: ticket.dependencies.map((each) =>
        each.kind === "file" ? { ...each, identity: { ...each.identity, type: "other" } } : each,
      ),
    });
    expect(ticket.target?.session).toMatchObject({ command: "echo 'a b' % ü", setEnv: ["A=b c", "Ü=ö"], sendEnv: ["LC_*", "X"] });
  });

  it("of a hundred variables and more is one that the front takes, and of too many a pass", async () => {
    const many = (count: number) => ["-o", `SendEnv=${Array.from({ length: count }, (_, index) => `V${index}`).join(" ")}`, "h"];
    expect((await ticketFor(many(200))).target?.session.sendEnv).toHaveLength(200);
    expect(await ticketFor(many(257))).toMatchObject({ action: "pass", reason: "too-many-variables" });
  });

  it("closes a session in the words of the connection that it is", async () => {
    expect((await ticketFor(["H.example"])).target?.closing).toBe("Connection to h.example closed.");
    expect((await ticketFor(["-o", "ControlMaster=auto", "-S", "/tmp/c", "H.example"])).target?.closing).toBe(
      "Shared connection to h.example closed.",
    );
  });

  it("says in the journal where it leads and why, never the command", async () => {
    const { journal } = await ticketFor(["-p", "2222", "u@h"]);
    expect(journal?.path).toBe(join(runDirectory(), "journal.jsonl"));
    expect(JSON.parse(`{${journal?.fragment}}`)).toEqual({
      lane: "attach",
      reason: "shared",
      destination: "u@h:2222",
      key: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
    expect((await ticketFor(["h"], { env: { SSHIM_JOURNAL: "off" } })).journal).toBeUndefined();
  });
});

describe("the file", () => {
  it("is there as a whole, ours alone, and made with its folder", async () => {
    const run = temporary();
    const text = formatTicket(await ticketFor(["h"]));
    expect(storeTicket(run, "0123456789abcdef", text)).toBe(true);
    expect(statSync(ticketPath(run, "0123456789abcdef")).mode & 0o777).toBe(0o600);
    expect(formatTicket(readTicket(run, "0123456789abcdef") as Ticket)).toBe(text);
    expect(readdirSync(join(run, "t"))).toEqual(["0123456789abcdef"]);
  });

  it("may fail to be: the call goes on, and nothing is left", () => {
    const run = temporary();
    writeFileSync(join(run, "t"), "in the way");
    expect(storeTicket(run, "0123456789abcdef", "text")).toBe(false);
    expect(storeTicket(join(run, "missing"), "0123456789abcdef", "text")).toBe(false);
    expect(readdirSync(run)).toEqual(["t"]);
  });

  it("is no ticket when others could write it, or when it is a link or a folder", async () => {
    const run = temporary();
    const text = formatTicket(await ticketFor(["h"]));
    storeTicket(run, "aa", text);
    chmodSync(ticketPath(run, "aa"), 0o620);
    expect(readTicket(run, "aa")).toBeUndefined();
    mkdirSync(ticketPath(run, "bb"));
    expect([readTicket(run, "bb"), readTicket(run, "cc")]).toEqual([undefined, undefined]);
  });

  it("is not kept when it is good for one call, or longer than the front takes", async () => {
    const ticket = await ticketFor(["h"]);
    expect(isStorable(ticket, formatTicket(ticket))).toBe(true);
    expect(isStorable({ ...ticket, forThisCallOnly: true }, "")).toBe(false);
    expect(isStorable(ticket, "x".repeat(65_537))).toBe(false);
  });
});

describe("staleness", () => {
  const host = "h.example";
  const stale = (ticket: Ticket, env = environment()) => findStale(ticket, env);

  it("is none as long as nothing changes", async () => {
    const config = writeOld(join(temporary(), "config"), "Host *\n");
    expect(stale(await ticketFor(["-F", config, "-i", makeKey(), host]))).toBeUndefined();
  });

  it("comes with an edit of the file, of an included one, or a new one that a glob matches", async () => {
    const root = temporary();
    mkdirSync(join(root, "d"));
    const config = writeOld(join(root, "config"), `Include ${root}/inner\nInclude ${root}/d/*.conf\nInclude ${root}/later\n`);
    writeOld(join(root, "inner"), "Port 1\n");
    const changes: Array<[string, () => void]> = [
      [config, () => writeOld(config, readFileSync(config, "utf8"))],
      [join(root, "inner"), () => writeOld(join(root, "inner"), "Port 2\n")],
      [join(root, "inner"), () => renameSync(writeOld(join(root, "new"), "Port 2\n"), join(root, "inner"))],
      [join(root, "d"), () => writeFileSync(join(root, "d/new.conf"), "")],
      [join(root, "d"), () => rmSync(join(root, "d/new.conf"))],
      [join(root, "later"), () => writeFileSync(join(root, "later"), "")],
    ];
    for (const [path, change] of changes) {
      const ticket = await ticketFor(["-F", config, host]);
      expect(stale(ticket)).toBeUndefined();
      change();
      expect(stale(ticket)).toMatchObject({ path });
    }
  });

  it("comes with a key that is rotated in place, replaced, removed, or that appears", async () => {
    const key = makeKey();
    const words = ["-o", `IdentityFile=${key}`, host];
    const changes = [
      () => writeOld(key, "other\n"),
      () => renameSync(makeKey(), key),
      () => rmSync(key),
      () => writeOld(key, "there again\n"),
    ];
    for (const change of changes) {
      const ticket = await ticketFor(words);
      expect(stale(ticket)).toBeUndefined();
      change();
      expect(stale(ticket)).toMatchObject({ path: key });
    }
    const ticket = await ticketFor(words);
    writeOld(`${key}-cert.pub`, "certificate\n");
    expect(stale(ticket)).toMatchObject({ path: `${key}-cert.pub` });
  });

  it("comes with our own configuration, a search path, and each variable that a configuration names", async () => {
    const home = temporary();
    const ticket = await ticketFor([host], { env: { HOME: home } });
    expect(stale(ticket, environment({ HOME: home }))).toBeUndefined();
    expect(stale(ticket, environment({ HOME: home, PATH: "/elsewhere" }))).toMatchObject({ name: "PATH" });
    mkdirSync(join(home, ".config/sshim"), { recursive: true });
    writeOld(join(home, ".config/sshim/config.toml"), "persist = 5\n");
    expect(stale(ticket, environment({ HOME: home }))).toMatchObject({ kind: "nofile", path: join(home, ".config/sshim/config.toml") });

    const config = writeOld(join(temporary(), "config"), "IdentityFile ${KEYS}/id\n");
    const named = await ticketFor(["-F", config, host], { env: { KEYS: "/tmp" } });
    expect(stale(named, environment({ KEYS: "/tmp" }))).toBeUndefined();
    expect(stale(named, environment({ KEYS: "/var" }))).toMatchObject({ name: "KEYS" });
    expect(stale(named)).toMatchObject({ name: "KEYS" });
  });

  it("comes with the directory, where a relative path is involved, and else not", async () => {
    const here = process.cwd();
    const root = temporary();
    try {
      process.chdir(root);
      writeOld("config", "Host *\n");
      const relative = await ticketFor(["-F", "config", host]);
      const absolute = await ticketFor(["-F", join(root, "config"), host]);
      expect([stale(relative), stale(absolute)]).toEqual([undefined, undefined]);
      process.chdir("/");
      expect([stale(relative)?.kind, stale(absolute)]).toEqual(["cwd", undefined]);
    } finally {
      process.chdir(here);
    }
  });

  it("does not wait for a change where the answer may differ at every call", async () => {
    for (const words of [
      ["-F", writeOld(join(temporary(), "config"), "Match exec true\n Port 1\n"), host],
      ["-o", "CanonicalizeHostname=yes", "-o", "ProxyCommand=x", "127.0.0.1"],
    ]) {
      const ticket = await ticketFor(words);
      expect(ticket).toMatchObject({ forThisCallOnly: true, action: "attach", dependencies: [] });
    }
  });
});
