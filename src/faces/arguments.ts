/** What stands behind a flag, as text and as a value. Each throws what the command line prints as a usage error. */
import { InvalidArgumentError } from "commander";
import { COLLECTED_LEVELS, type CollectedLevel, LEVELS } from "../model.ts";

export function whole(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("Not a whole number.");
  return Number(text);
}
export function levelOf(text: string): CollectedLevel {
  const found = COLLECTED_LEVELS.find((level) => level === text);
  if (found !== undefined) return found;
  const known = LEVELS.some((level) => level === text);
  throw new InvalidArgumentError(
    `${known ? "Nothing is collected at this level yet" : "No such level"}: ${COLLECTED_LEVELS.join(" or ")}.`,
  );
}
export function loopback(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== "http:" || !/^(localhost|127\.0\.0\.1|\[::1\])$/.test(url.hostname))
    throw new InvalidArgumentError("Not the address of a simulator, such as http://127.0.0.1:8080.");
  return url.origin;
}
/** One server speaks for all services. */
export const endpointsAt = (url: string) => ({ graph: url, arm: url, blob: `${url}/blob` });
/** The last day, in UTC, on which something is to hold: today or later. */
export function dateAhead(text: string): string {
  // Date.parse takes the 31st of any month; written back it is another day.
  const parsed = new Date(`${text}T00:00:00Z`);
  if (Number.isNaN(parsed.getTime()) || parsed.toISOString().slice(0, 10) !== text)
    throw new InvalidArgumentError("Not a date like 2027-03-31.");
  if (text < new Date().toISOString().slice(0, 10))
    throw new InvalidArgumentError("That day is over: nothing would be accepted.");
  return text;
}
/** What is accepted stands in every report with its reason: an empty one would tell an auditor nothing. */
export function reasonOf(text: string): string {
  if (text.trim() === "") throw new InvalidArgumentError("Say why the gap is accepted.");
  return text;
}
export const listOf =
  (known: readonly string[]) =>
  (text: string): string[] => {
    const values = text.split(",").map((value) => value.trim());
    const wrong = values.find((value) => !known.includes(value));
    if (wrong !== undefined) throw new InvalidArgumentError(`"${wrong}" is none of ${known.join(", ")}.`);
    return values;
  };
export function collect(
  text: string,
  before: Record<string, string | number | boolean>,
): Record<string, string | number | boolean> {
  const [, name, value] = /^(\w+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) throw new InvalidArgumentError("Write NAME=VALUE.");
  const parsed =
    value === "true"
      ? true
      : value === "false"
        ? false
        : /^-?\d+(\.\d+)?$/.test(value)
          ? Number(value)
          : value;
  return { ...before, [name]: parsed };
}
