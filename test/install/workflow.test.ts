/** The project's own workflow, as far as it can be judged without GitHub: what it may, where it runs, and that it takes nobody's moving tag. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { repository } from "../support/index.ts";

interface Job {
  "runs-on": string;
  container?: string;
  "timeout-minutes"?: number;
  permissions?: unknown;
  strategy?: { matrix: { include: Array<Record<string, string>> } };
  steps: Array<{ run?: string; uses?: string; with?: Record<string, unknown> }>;
}

const text = readFileSync(join(repository, ".github/workflows/ci.yml"), "utf8");
const workflow = parse(text) as { on: Record<string, unknown>; permissions: unknown; jobs: Record<string, Job> };
const jobs = Object.values(workflow.jobs);

describe("the workflow", () => {
  it("runs .ci/run on Debian 12, Ubuntu 24.04, Alpine and arm64, for a limited time", () => {
    for (const job of jobs) {
      expect(job.steps.at(-1)?.run).toBe(".ci/run");
      expect(job["timeout-minutes"]).toBeLessThanOrEqual(60);
    }
    const places = jobs.flatMap((job) => [
      job.container ?? "",
      ...(job.strategy?.matrix.include.map(({ image }) => image) ?? [job["runs-on"]]),
    ]);
    expect(places).toEqual(expect.arrayContaining(["node:20-bookworm", "node:22-alpine", "ubuntu-24.04", "ubuntu-24.04-arm"]));
  });

  it("may read the repository and nothing else, and no secret is at hand to a stranger's change", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    expect(jobs.filter(({ permissions }) => permissions !== undefined)).toEqual([]);
    expect(Object.keys(workflow.on).sort()).toEqual(["pull_request", "push"]);
    expect(text).not.toMatch(/secrets\.|\$\{\{ *github\.(event|head_ref)/);
  });

  it("names actions by their commit, keeps no credentials and no `latest`", () => {
    const actions = jobs.flatMap(({ steps }) => steps.filter(({ uses }) => uses));
    expect(actions.length).toBe(jobs.length);
    for (const { uses, with: given } of actions) {
      expect(uses).toMatch(/^actions\/checkout@[0-9a-f]{40}$/);
      expect(given).toEqual({ "persist-credentials": false });
    }
    expect(text).not.toMatch(/latest/);
  });
});
