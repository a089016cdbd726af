// Plays a plan on one side, in real time, with Coolify's own command lines, and writes down what each command's caller saw. It judges nothing.
import { type ChildProcess, spawn } from "node:child_process";
import { copyFileSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { endSide, makeSide, type Side, type SideName } from "../support/sides.ts";
import { sum } from "../support/statistics.ts";
import { countReachable, describeProcess, mastersOf } from "./masters.ts";
import type { Event, Plan } from "./plan.ts";
import { type Host, readLedgers, setStage, strikeStage } from "./stage.ts";

export interface Seen {
  id: string;
  kind: "command" | "health";
  host: number;
  /** what the remote command takes by itself, in milliseconds */
  own: number;
  began: number;
  ended: number;
  /** undefined: it had not ended when the patience was over, and was killed */
  code: number | undefined;
  stderr: string;
}

export interface Fault {
  kind: "kill" | "cut" | "refresh";
  host: number;
  at: number;
  /** for a cut, when new connections work again */
  until: number;
}

export interface Played {
  side: SideName;
  seen: Seen[];
  faults: Fault[];
  started: Map<string, number>;
  finished: Map<string, number>;
  authentications: number;
  /** connections that nobody can reach any more and that are still there when all callers have gone and every keep-alive had its time */
  left: number;
  /** authentications so far, every few seconds: [milliseconds, count] */
  course: [number, number][];
}

/** Takes the plan's seconds, and up to `patience` seconds more for what has not ended by then. sshim's own journal is copied to `journal`. */
export async function play(plan: Plan, name: SideName, patience: number, journal?: string): Promise<Played> {
  const hosts = await setStage(plan.hosts);
  const side = makeSide(name, hosts[0]?.server.home ?? "");
  const run = new Run(plan, side, hosts);
  try {
    await run.play(patience * 1000);
    const { started, finished } = readLedgers(hosts);
    const authentications = run.countAuthentications();
    const left = await countLeft(side, plan.serverAlive * 4);
    return { side: name, seen: run.seen, faults: run.faults, started, finished, authentications, left, course: run.course };
  } finally {
    run.stop();
    endSide(side);
    const written = join(side.environment.SSHIM_DIR ?? "", "journal.jsonl");
    if (journal !== undefined && existsSync(written)) copyFileSync(written, journal);
    await strikeStage(hosts);
  }
}

async function countLeft(side: Side, seconds: number): Promise<number> {
  const deadline = performance.now() + seconds * 1000;
  for (;;) {
    const left = mastersOf(side, "").length - (await countReachable(side));
    if (left <= 0 || performance.now() > deadline) return Math.max(0, left);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

class Run {
  readonly seen: Seen[] = [];
  readonly faults: Fault[] = [];
  readonly course: [number, number][] = [];
  private readonly plan: Plan;
  private readonly side: Side;
  private readonly hosts: Host[];
  private readonly live = new Set<ChildProcess>();
  private readonly waiting = new Set<Promise<unknown>>();
  private readonly refreshing = new Set<number>();
  private readonly timers = new Set<NodeJS.Timeout>();
  private readonly hung = new Map<ChildProcess, string>();
  private began = 0;

  constructor(plan: Plan, side: Side, hosts: Host[]) {
    this.plan = plan;
    this.side = side;
    this.hosts = hosts;
  }

  async play(patience: number): Promise<void> {
    this.began = performance.now();
    const sampler = setInterval(() => this.course.push([this.now(), this.countAuthentications()]), 5000);
    this.timers.add(sampler);
    for (const event of this.plan.events) {
      const early = event.at - this.now();
      if (early > 0) await new Promise((resolve) => setTimeout(resolve, early));
      this.act(event);
    }
    const all = Promise.all(this.waiting);
    const given = new Promise((resolve) => this.timers.add(setTimeout(resolve, patience)));
    await Promise.race([all, given]);
    for (const child of this.live) {
      this.hung.set(child, describeProcess(child.pid ?? 0));
      child.kill("SIGKILL");
    }
    await all;
    this.course.push([this.now(), this.countAuthentications()]);
    clearInterval(sampler);
  }

  stop(): void {
    for (const timer of this.timers) clearTimeout(timer);
    for (const child of this.live) child.kill("SIGKILL");
  }

  countAuthentications(): number {
    return sum(this.hosts.map(({ server }) => server.authentications()));
  }

  private now(): number {
    return performance.now() - this.began;
  }

  private act(event: Event): void {
    const host = this.hosts[event.host] as Host;
    if (event.kind === "command") this.keep(this.command(host, event));
    else if (event.kind === "health") this.keep(this.health(host, event));
    else if (event.kind === "refresh") this.keep(this.refresh(host, event.host, event.form));
    else if (event.kind === "kill") this.killMaster(event.host, event.which);
    else this.cutNetwork(host, event.host, event.seconds);
  }

  private keep(work: Promise<unknown>): void {
    const done = work.finally(() => this.waiting.delete(done));
    this.waiting.add(done);
  }

  private path(host: Host): string {
    return join(this.side.directory, `mux_${host.name}`);
  }

  /** Coolify's COMMON, but for the names of files. */
  private common(host: Host): string[] {
    const options = [
      "PasswordAuthentication=no",
      "ConnectTimeout=10",
      `ServerAliveInterval=${this.plan.serverAlive}`,
      "RequestTTY=no",
      "LogLevel=ERROR",
    ];
    return [...options.flatMap((option) => ["-o", option]), ...host.login];
  }

  private async command(host: Host, event: Event & { kind: "command" }): Promise<void> {
    const sharing = ["ControlMaster=auto", `ControlPath=${this.path(host)}`, "ControlPersist=3600"].flatMap((option) => ["-o", option]);
    const script = `echo start ${event.id} >> ${host.ledger}\nsleep ${event.seconds}\necho end ${event.id} >> ${host.ledger}\n`;
    await this.watch([...sharing, ...this.common(host), host.name, "bash -se"], script, { ...event, own: event.seconds * 1000 });
  }

  private async health(host: Host, event: Event & { kind: "health" }): Promise<void> {
    const words = ["-o", "ControlMaster=auto", "-o", `ControlPath=${this.path(host)}`, ...host.login, host.name];
    const check = `echo start ${event.id} >> ${host.ledger}; echo end ${event.id} >> ${host.ledger}; echo health_check_ok`;
    await this.watch([...words, check], "", { ...event, own: 0 });
  }

  private async watch(words: string[], input: string, about: Pick<Seen, "id" | "kind" | "host" | "own">): Promise<void> {
    const { id, kind, host, own } = about;
    const began = this.now();
    const { code, stderr } = await this.run(words, input);
    this.seen.push({ id, kind, host, own, began, ended: this.now(), code, stderr });
  }

  /** A refresh that is still under way is not started twice, as a scheduler would not. */
  private async refresh(host: Host, index: number, form: "old" | "new"): Promise<void> {
    if (this.refreshing.has(index)) return;
    this.refreshing.add(index);
    const path = this.path(host);
    const control = (word: string) => this.run(["-O", word, "-o", `ControlPath=${path}`, ...host.login, host.name]);
    const establish = ["-o", `ControlPath=${path}`, "-o", "ControlPersist=3600", ...this.common(host), host.name];
    const fault: Fault = { kind: "refresh", host: index, at: this.now(), until: 0 };
    this.faults.push(fault);
    if (form === "old") {
      await control("exit");
      rmSync(path, { force: true });
      await this.run(["-fNM", ...establish]);
    } else {
      await control("check");
      await control("stop");
      await this.run(["-fN", "-o", "ControlMaster=auto", ...establish]);
    }
    fault.until = this.now();
    this.refreshing.delete(index);
  }

  private killMaster(host: number, which: number): void {
    const masters = mastersOf(this.side, (this.hosts[host] as Host).name);
    const victim = masters[Math.floor(which * masters.length)];
    if (victim === undefined) return;
    try {
      process.kill(victim, "SIGKILL");
    } catch {
      return; // it went by itself
    }
    this.faults.push({ kind: "kill", host, at: this.now(), until: this.now() });
  }

  private cutNetwork(host: Host, index: number, seconds: number): void {
    host.network.cut();
    this.faults.push({ kind: "cut", host: index, at: this.now(), until: this.now() + seconds * 1000 });
    this.timers.add(setTimeout(() => host.network.mend(), seconds * 1000));
  }

  private run(words: string[], input = ""): Promise<{ code: number | undefined; stderr: string }> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.side.program, words, { env: this.side.environment, cwd: "/", stdio: ["pipe", "ignore", "pipe"] });
      this.live.add(child);
      let stderr = "";
      child.stdin.on("error", () => {}).end(input);
      child.stderr.on("data", (bytes) => {
        if (stderr.length < 2000) stderr += bytes;
      });
      child.once("error", reject);
      child.once("exit", (code) => {
        this.live.delete(child);
        child.stderr.destroy(); // a raw master keeps it
        resolve({ code: code ?? undefined, stderr: `${stderr}${this.hung.get(child) ?? ""}` });
      });
    });
  }
}
