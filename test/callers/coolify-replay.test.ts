/**
 * One deployment of Coolify, compressed in time: sixty commands one after the other, a health check and a refresh beside them all the while, in the
 * old form and in the new one. Every command has an id that the server writes down: none fails, none is lost, none runs twice.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { wholeSize } from "../support/both-sides.ts";
import { fixture } from "../support/index.ts";
import { type Coolify, makeCoolify } from "./coolify.ts";

const { sshd } = await fixture();

/** Milliseconds between health checks and between refreshes: a second and two, or compressed. */
const pace = wholeSize ? { health: 1000, refresh: 2000, longest: 20 } : { health: 150, refresh: 400, longest: 1.5 };
const commandCount = 60;

interface Outcome {
  /** `N: exit code stdout stderr` of what did not end as it should */
  wrong: string[];
  healthChecks: number;
  refreshes: number;
}

/** What Coolify does before a command: check, and establish where that fails. */
async function ensure({ commands, run }: Coolify): Promise<void> {
  if ((await run(commands.check)).exitCode !== 0) await run(commands.establish);
}

async function deploy(coolify: Coolify, ledger: string, refresh: (coolify: Coolify) => Promise<void>): Promise<Outcome> {
  const outcome: Outcome = { wrong: [], healthChecks: 0, refreshes: 0 };
  let finished = false;
  const beside = async (pause: number, work: () => Promise<void>) => {
    while (!finished) {
      await work();
      await new Promise((resume) => setTimeout(resume, pause));
    }
  };
  const health = beside(pace.health, async () => {
    const { exitCode, stdout, stderr } = await coolify.run(coolify.commands.health);
    outcome.healthChecks++;
    // Health checks name no port: where no master is there at that moment they go to port 22, where nobody is. Coolify counts that as unhealthy.
    if (exitCode !== 0 && !/port 22: Connection refused/.test(String(stderr)))
      outcome.wrong.push(`health: ${exitCode} ${stdout} ${stderr}`);
  });
  const refreshes = beside(pace.refresh, async () => {
    await refresh(coolify);
    outcome.refreshes++;
  });
  for (let id = 0; id < commandCount; id++) {
    await ensure(coolify);
    const seconds = id % 20 === 7 ? pace.longest : 0;
    const text = `echo ${id} >>${ledger}\nsleep ${seconds}\necho done ${id}\nexit ${id % 3}`;
    const { exitCode, stdout, stderr } = await coolify.run(coolify.commands.script(text));
    if (exitCode !== id % 3 || stdout.toString() !== `done ${id}\n` || stderr.length > 0)
      outcome.wrong.push(`${id}: ${exitCode} ${stdout} ${stderr}`);
  }
  finished = true;
  await Promise.all([health, refreshes]);
  return outcome;
}

describe("health checks on a path without a master", () => {
  it("go to port 22 as ever, and their failure is no other command's", async () => {
    const coolify = makeCoolify("shim", sshd);
    const health = Array.from({ length: 6 }, () => coolify.run(coolify.commands.health));
    const scripts = Array.from({ length: 6 }, (_, id) => coolify.run(coolify.commands.script(`echo ${id}`)));
    await Promise.all(health);
    expect((await Promise.all(scripts)).map(({ stdout, stderr }) => `${stdout}${stderr}`)).toEqual(
      [0, 1, 2, 3, 4, 5].map((id) => `${id}\n`),
    );
  });
});

describe("a deployment of sixty commands", () => {
  it.each([
    [
      "the old form: -O exit, the socket removed, -fNM",
      async ({ commands, run, path }: Coolify) => {
        await run(commands.exit);
        await run(`rm -f ${path}`);
        await run(commands.establishOld);
      },
    ],
    [
      "the new form: -O check, -O stop, -fN",
      async ({ commands, run }: Coolify) => {
        await run(commands.check);
        await run(commands.stop);
        await run(commands.establish);
      },
    ],
  ])("with refreshes in %s", async (_, refresh) => {
    const coolify = makeCoolify("shim", sshd);
    const ledger = join(coolify.mux, "../ledger");
    const { wrong, healthChecks, refreshes } = await deploy(coolify, ledger, refresh);
    expect(wrong).toEqual([]);
    expect(healthChecks).toBeGreaterThan(5);
    expect(refreshes).toBeGreaterThan(5);
    expect(existsSync(ledger)).toBe(true);
    expect(readFileSync(ledger, "utf8")).toBe(Array.from({ length: commandCount }, (_, id) => `${id}\n`).join(""));
    expect(readdirSync(coolify.mux).filter((name) => name !== "mux_wgkk4cs8ok8o0")).toEqual([]);
  });
});
