/** Names what a caller's connections must not outlive: the CI job, or the systemd unit. */
import type { Environment } from "../sys/environment.ts";

const GITHUB = ["GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_NAME"] as const;
const JOBS = [
  "CI_JOB_ID",
  "BUILD_TAG",
  "BUILDKITE_JOB_ID",
  "CIRCLE_WORKFLOW_JOB_ID",
  "TRAVIS_JOB_ID",
  "DRONE_BUILD_NUMBER",
  "CI_PIPELINE_NUMBER",
  "SYSTEM_JOBID",
  "TEAMCITY_BUILD_ID",
] as const;
/** Set by systemd for every process of a unit, anew at each start (systemd.exec(5)). */
const UNIT = "INVOCATION_ID";

/** Every variable that `defaultScope` looks at: a ticket made with it depends on all of them. */
export const scopeVariables: readonly string[] = ["CI", ...GITHUB, ...JOBS, UNIT];

/**
 * A word for the CI job or the unit of this environment; undefined outside both. A GitHub job id is
 * the same in every leg of a matrix, so the runner's name is a part of it: the legs run on
 * different runners.
 */
export function defaultScope(env: Environment): { scope: string; origin: string } | undefined {
  // When a unit stops, systemd kills what is left of it (KillMode=control-group): a master too,
  // with the sessions of other units.
  return jobOf(env) ?? named(env, UNIT);
}

function jobOf(env: Environment): { scope: string; origin: string } | undefined {
  if (!env.CI && !env.BUILD_TAG && !env.SYSTEM_JOBID) return undefined;
  if (env.GITHUB_RUN_ID) {
    const words = GITHUB.map((name) => env[name]).filter((word) => word);
    return { scope: `github:${words.join(":")}`, origin: "environment GITHUB_RUN_ID" };
  }
  const name = JOBS.find((job) => env[job]);
  return name && named(env, name);
}

function named(env: Environment, name: string): { scope: string; origin: string } | undefined {
  const value = env[name];
  return value ? { scope: `${name.toLowerCase()}:${value}`, origin: `environment ${name}` } : undefined;
}
