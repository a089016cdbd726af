/** `npm run model`: explores the wide scenarios, and says for each how many states it has and whether every invariant holds. Ends with 1 when one does not. */
import { explore } from "./explore.ts";
import { wide } from "./scenarios.ts";

for (const [name, scenario] of Object.entries(wide)) {
  const began = performance.now();
  const { states, broken } = explore(scenario, "none", 8_000_000);
  console.log(
    `${name}: ${states} states, ${Math.round((performance.now() - began) / 1000)} s, ${broken?.invariant ?? "every invariant holds"}`,
  );
  for (const line of broken?.way ?? []) console.log(`  ${line}`);
  if (broken !== undefined) process.exitCode = 1;
}
