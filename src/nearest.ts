/** The word that somebody may have meant: for messages about names that are not known. */

/** The known word with the fewest letters to change, if so few that it could be a slip. */
export function nearest(word: string, known: readonly string[]): string | undefined {
  const wanted = word.toLowerCase();
  let best: string | undefined;
  let least = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of new Set(known)) {
    const letters = distance(wanted, candidate.toLowerCase(), least);
    if (letters < least) [best, least] = [candidate, letters];
  }
  return best;
}

/** Names that have what somebody wrote in them, in order; if none has, the one that a slip may have been meant for. */
export function meantBy(wanted: string, names: readonly string[]): string[] {
  const part = wanted.toLowerCase();
  const found = [...new Set(names)].filter((name) => name.toLowerCase().includes(part)).sort();
  if (found.length > 0) return found;
  const near = nearest(wanted, names);
  return near === undefined ? [] : [near];
}

/** Levenshtein distance, one row at a time; where it is `enough` or more, that: most of many names are given up soon. */
function distance(a: string, b: string, enough: number): number {
  if (Math.abs(a.length - b.length) >= enough) return enough;
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    let least = i;
    for (let j = 1; j <= b.length; j += 1) {
      const swap = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const letters = Math.min(swap, row[j]! + 1, next[j - 1]! + 1);
      next.push(letters);
      if (letters < least) least = letters;
    }
    if (least >= enough) return enough;
    row = next;
  }
  return row[b.length]!;
}
