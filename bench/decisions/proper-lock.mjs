// kernel-lock.c's counterpart on proper-lockfile, which is installed beside it at run time. proper-lock.mjs hold|wait|cost FILE N STALE_MS
import { writeSync } from "node:fs";
import lockfile from "proper-lockfile";

const [mode, file, count, stale] = process.argv.slice(2);
const options = { stale: Number(stale), realpath: false, retries: { retries: 100_000, factor: 1, minTimeout: 10, maxTimeout: 10 } };
if (mode === "cost") {
  const start = process.hrtime.bigint();
  for (let i = 0; i < Number(count); i++) await (await lockfile.lock(file, options))();
  writeSync(1, `${(process.hrtime.bigint() - start) / BigInt(count)}\n`);
} else {
  if (mode === "wait") writeSync(1, "waiting\n");
  await lockfile.lock(file, options);
  writeSync(1, `${process.hrtime.bigint()}\n`);
  if (mode === "wait") process.exit(0);
  setInterval(() => {}, 1_000_000); // its own timer keeps no process alive
}
