/**
 * Wildcards of Azure action strings: `*` stands for any run of characters, `/` included, anywhere in the
 * string; letters compare without case. No regular expressions: these run in time proportional to the
 * product of the lengths, whatever the pattern.
 * https://learn.microsoft.com/azure/role-based-access-control/role-definitions#actions-format
 */

/** True if `text` is one of the strings that `pattern` stands for. */
export function globMatches(pattern: string, text: string): boolean {
  const p = pattern.toLowerCase();
  const t = text.toLowerCase();
  let at = 0;
  let star = -1;
  let resume = 0;
  let i = 0;
  while (i < t.length) {
    if (p[at] === "*") {
      star = at++;
      resume = i;
    } else if (p[at] === t[i]) {
      at++;
      i++;
    } else if (star >= 0) {
      at = star + 1;
      i = ++resume;
    } else return false;
  }
  while (p[at] === "*") at++;
  return at === p.length;
}

/** True if `pattern` stands for at least one string that begins with `prefix`: from its first star on, for any rest. */
export function globReaches(pattern: string, prefix: string): boolean {
  const p = pattern.toLowerCase();
  const text = prefix.toLowerCase();
  const star = p.indexOf("*");
  return p.startsWith(text) || (star >= 0 && text.startsWith(p.slice(0, star)));
}

/**
 * True if everything that `inner` stands for, `outer` stands for too. A star of `inner` is read as a
 * character that only a star of `outer` takes, so a yes is certain and a no may be too cautious.
 */
export const globCovers = (outer: string, inner: string): boolean => globMatches(outer, inner);
