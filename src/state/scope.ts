/** Names the CI job that a caller belongs to, from the job's own variables. Outside CI there is no scope. */

/** Every variable that `defaultScope` looks at: a ticket made with it depends on all of them. */
export const scopeVariables: readonly string[] = [
  "CI",
  "GITHUB_RUN_ID",
  "GITHUB_RUN_ATTEMPT",
  "GITHUB_JOB",
  "RUNNER_NAME",
  "CI_JOB_ID",
  "BUILD_TAG",
  "BUILDKITE_JOB_ID",
  "CIRCLE_WORKFLOW_JOB_ID",
  "TRAVIS_JOB_ID",
  "DRONE_BUILD_NUMBER",
  "CI_PIPELINE_NUMBER",
  "SYSTEM_JOBID",
  "TEAMCITY_BUILD_ID",
];

/**
 * A word for the CI job of this environment, or undefined outside CI. A GitHub job id is the same in every leg of a matrix, so
 * the runner's name is a part of it: the legs run on different runners.
 */
export function defaultScope(env: NodeJS.ProcessEnv): { scope: string; origin: string } | undefined {
  if (!env.CI && !env.BUILD_TAG && !env.SYSTEM_JOBID) return undefined;
  if (env.GITHUB_RUN_ID) {
    const names = ["GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", "GITHUB_JOB", "RUNNER_NAME"];
    const words = names.map((name) => env[name]).filter((word) => word);
    return { scope: `github:${words.join(":")}`, origin: "environment GITHUB_RUN_ID" };
  }
  for (const name of scopeVariables.slice(5)) {
    const value = env[name];
    if (value) return { scope: `${name.toLowerCase()}:${value}`, origin: `environment ${name}` };
  }
  return undefined;
}
