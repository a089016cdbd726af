/** The loop of the engine's program: whoever waits is here, and `system.wait` is called when nothing else is left to do. */
import { system } from "./system.ts";

interface Waiter {
  /** A descriptor to become readable. */
  readonly file?: number;
  /** A child to end. */
  readonly child?: number;
  /** A moment of `elapsed` to come. */
  readonly until?: number;
  /** Called when it happened; a descriptor's or a child's waiter is told at its deadline too. */
  readonly wake: (happened: boolean, status: number) => void;
}

const waiters = new Set<Waiter>();
const signals: (() => void)[] = [];

/** Waits until something happens that somebody waits for. Returns false when there is nothing to wait for. */
system.wait = () => {
  if (waiters.size === 0) return false;
  // A child that ended before anybody waited sends no signal any more.
  if (wakeEnded()) return true;
  const files = [...waiters].filter(({ file }) => file !== undefined);
  const until = Math.min(...[...waiters].map((waiter) => waiter.until ?? Number.POSITIVE_INFINITY));
  const left = until === Number.POSITIVE_INFINITY ? -1 : Math.max(0, until - system.elapsed());
  const ready = system.poll(
    files.map(({ file }) => file as number),
    left,
  );
  for (const [index, waiter] of files.entries()) if (ready[index]) wake(waiter, true);
  wakeEnded();
  const time = system.elapsed();
  for (const waiter of waiters) if (waiter.until !== undefined && waiter.until <= time) wake(waiter, false);
  if (system.wasCaught()) for (const take of signals.splice(0)) take();
  return true;
};

function wakeEnded(): boolean {
  let any = false;
  for (const waiter of waiters) {
    const status = waiter.child === undefined ? undefined : system.ended(waiter.child);
    if (status === undefined) continue;
    wake(waiter, true, status);
    any = true;
  }
  return any;
}

function wake(waiter: Waiter, happened: boolean, status = 0): void {
  if (waiters.delete(waiter)) waiter.wake(happened, status);
}

export function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => waiters.add({ until: system.elapsed() + milliseconds, wake: () => resolve() }));
}

/** True when it can be read or has ended, false at the deadline. */
export function readable(file: number, until?: number): Promise<boolean> {
  return new Promise((resolve) => waiters.add({ file, ...(until === undefined ? {} : { until }), wake: resolve }));
}

export const NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGKILL: 9, SIGTERM: 15 } as const;

export function onSignal(names: readonly ("SIGINT" | "SIGTERM" | "SIGHUP")[], take: () => void): void {
  for (const name of names) system.catchSignal(NUMBERS[name]);
  signals.push(take);
}

/** Tells how a child ended, by its wait status. */
export function whenEnded(child: number): Promise<number> {
  return new Promise((resolve) => waiters.add({ child, wake: (_, status) => resolve(status) }));
}
