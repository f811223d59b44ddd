/** Words as a shell takes them. */

/** One argument, quoted where it must be; where that is enough by double quotes, which every shell knows. */
export function shellWord(text: string): string {
  if (/^[\w@%+=:,./-]+$/.test(text)) return text;
  return /^[^"$`\\!%\p{Cc}]*$/u.test(text) ? `"${text}"` : `'${text.replaceAll("'", "'\\''")}'`;
}
