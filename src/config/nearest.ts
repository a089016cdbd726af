/** Finds the name that somebody probably meant, to be proposed and never acted upon. */
/** The known name that is nearest to `word`; undefined when none is near enough. */
export function nearestName(word: string, known: readonly string[]): string | undefined {
  const plain = normalise(word);
  let best: string | undefined;
  let least = Math.max(2, Math.floor(plain.length / 3)) + 1;
  for (const name of known) {
    const distance = editDistance(plain, normalise(name));
    if (distance < least) {
      least = distance;
      best = name;
    }
  }
  return best;
}

/** `ControlPersist`, `control-persist` and `control_persist` are the same word to who types. */
function normalise(word: string): string {
  return word.toLowerCase().replace(/[-_\s]/g, "");
}

/** Changes, insertions, losses and swapped neighbours (optimal string alignment). */
function editDistance(left: string, right: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const same = left[row - 1] === right[column - 1];
      let cost = Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, (previous[column - 1] ?? 0) + (same ? 0 : 1));
      const swapped = row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) cost = Math.min(cost, (before[column - 2] ?? 0) + 1);
      current.push(cost);
    }
    before = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}
