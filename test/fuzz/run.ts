/**
 * `npm run fuzz [-- SECONDS]`: libFuzzer (clang) on the front's readers, each for SECONDS (default 60), from the examples of test/golden.
 * It keeps what broke a reader in build/fuzz and ends with 1. It is no part of `npm test`.
 */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { buildReader, exampleFiles, exampleFrames } from "./build.ts";

const seconds = Number(process.argv[2] ?? 60);
if (!Number.isInteger(seconds) || seconds < 1) {
  process.stderr.write(`cannot fuzz for "${process.argv[2]}" seconds: not a number (set by the command line)\n`);
  process.exit(64);
}
if (spawnSync("clang", ["--version"]).status !== 0) {
  process.stderr.write("cannot fuzz: there is no clang (install Debian's package clang)\n");
  process.exit(69);
}

let worst = 0;
for (const reader of ["ticket", "record", "frames"] as const) {
  const folder = resolve(import.meta.dirname, "../../build/fuzz", reader);
  const [corpus, seeds, broken] = ["corpus", "seeds", "broken"].map((name) => join(folder, name)) as [string, string, string];
  for (const path of [corpus, seeds, broken]) mkdirSync(path, { recursive: true });
  if (reader === "frames") for (const [name, hex] of exampleFrames()) writeFileSync(join(seeds, name), Buffer.from(hex, "hex"));
  else for (const file of exampleFiles(reader === "ticket" ? "tickets" : "records")) copyFileSync(file, join(seeds, basename(file)));
  const program = buildReader(
    `fuzz-${reader}`,
    ["fuzz-target.c", "readers.c"],
    ["-fsanitize=fuzzer,address,undefined", `-DREADER=feed_${reader}`],
    "clang",
  );
  const limits = [
    `-max_total_time=${seconds}`,
    "-max_len=66000",
    "-rss_limit_mb=1024",
    "-timeout=5",
    "-print_final_stats=1",
    "-verbosity=0",
  ];
  const { status, stderr } = spawnSync(program, [...limits, `-artifact_prefix=${broken}/`, corpus, seeds], { encoding: "utf8" });
  const executed = /stat::number_of_executed_units:\s*(\d+)/.exec(stderr)?.[1] ?? "?";
  process.stdout.write(`${reader}: ${executed} inputs in ${seconds} s, ${status === 0 ? "nothing broke" : `broken: see ${broken}`}\n`);
  if (status !== 0) process.stdout.write(stderr.slice(-4000));
  worst = Math.max(worst, status ?? 1);
}
process.exitCode = worst === 0 ? 0 : 1;
