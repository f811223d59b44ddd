/** The word that somebody may have meant: for messages about names that are not known. */

/** The known word with the fewest letters to change, if so few that it could be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const [best] = [...new Set(known)]
    .map((candidate) => ({ candidate, distance: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
  return best !== undefined && best.distance <= Math.max(2, Math.floor(word.length / 3))
    ? best.candidate
    : undefined;
}

/** Names that have what somebody wrote in them, in order; if none has, the one that a slip may have been meant for. */
export function fitting(wanted: string, names: readonly string[]): string[] {
  const part = wanted.toLowerCase();
  const found = [...new Set(names)].filter((name) => name.toLowerCase().includes(part)).sort();
  if (found.length > 0) return found;
  const near = nearest(wanted, names);
  return near === undefined ? [] : [near];
}

/** Levenshtein distance, one row at a time. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, row[j]! + 1, next[j - 1]! + 1));
    }
    row = next;
  }
  return row[b.length]!;
}
