/**
 * `npm run faults`: what takes longer than a test may, with the bounds of the README and no setting changed. A network that dies under a session is
 * noticed within 20 seconds; masters that a crowd needed leave by themselves when nobody needs them. Ends with 1 when one of them does not hold.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { countOpenedIn, mastersAt } from "../support/runtime-directory.ts";
import { startProxy, through } from "../support/tcp-proxy.ts";
import { freshOptions, isAlive, linesOf, poll, runShim, start, startSshd, tearDown } from "../support/tools.ts";

const report = (what: string, holds: boolean) => {
  console.log(`${holds ? "holds" : "FAILS"}: ${what}`);
  if (!holds) process.exitCode = 1;
};

try {
  await Promise.all([cutNetwork(), leaveAfterCrowd()]);
} finally {
  await tearDown();
}

async function cutNetwork(): Promise<void> {
  const sshd = await startSshd();
  const proxy = await startProxy(sshd.port);
  const options = freshOptions(sshd);
  const ledger = join(options.run, "ledger");
  const args = through(sshd, proxy.port);
  const during = start("shim", [...args, `echo during >> ${ledger}; sleep 100`], options);
  await poll(() => existsSync(ledger) && countOpenedIn(options.run) === 1, "the session");
  proxy.cut();
  const began = performance.now();
  const between = await runShim([...args, `echo between >> ${ledger}`], options);
  const codes = [between.exitCode, (await during).exitCode];
  const seconds = (performance.now() - began) / 1000;
  report(
    `a dead network, during a session and between two: 255 after ${seconds.toFixed(1)} s (bound 20)`,
    seconds < 20.5 && codes.every((code) => code === 255),
  );
  proxy.heal();
  const next = await runShim([...args, `echo next >> ${ledger}`], options);
  report("the next call works, and nothing was started twice", next.exitCode === 0 && linesOf(ledger).sort().join() === "during,next");
  await proxy.close();
}

async function leaveAfterCrowd(): Promise<void> {
  const sshd = await startSshd({ maxSessions: 2 });
  const options = { ...freshOptions(sshd), env: { SSHIM_PERSIST: "2s" } };
  const crowd = await Promise.all(Array.from({ length: 8 }, () => runShim([...sshd.options, sshd.host, "sleep 1"], options)));
  const masters = mastersAt(options.run).map(({ record }) => record.pid);
  report(`eight sessions on ${masters.length} masters`, crowd.every(({ exitCode }) => exitCode === 0) && masters.length >= 4);
  // Two seconds, and the minute that OpenSSH's own expiry is set later than ours.
  const gone = await poll(() => !masters.some(isAlive), "the end of the masters", 75_000).catch(() => false);
  report("all of them have left by themselves 75 s later", gone === true);
}
