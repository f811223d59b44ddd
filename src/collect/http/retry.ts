/** How long to wait before the next try, and how many tries there are. */

export type Headers = Readonly<Record<string, string>>;

/** Tries of one request that fails by itself (5xx, a broken connection, a body cut short). */
export const MAX_FAILED_TRIES = 6;
/** Tries of one request that is told to wait: a busy tenant is no error, so it has more patience. */
export const MAX_THROTTLED_TRIES = 20;
/** Longest pause that is waited out, in milliseconds; past it the step fails and a rerun continues. */
export const LONGEST_PAUSE_MS = 60 * 60 * 1000;

const BACKOFF_BASE_MS = 1_000;
const BACKOFF_LIMIT_MS = 60_000;

/**
 * The pause that the answer asks for, in milliseconds; undefined if it names none or names nonsense.
 * Graph sends seconds, also fractions (https://learn.microsoft.com/graph/throttling); HTTP allows a date,
 * which is read against the server's own clock where the answer has one.
 */
export function retryAfterMs(headers: Headers, now: number): number | undefined {
  const waits = [
    milliseconds(headers["retry-after-ms"] ?? headers["x-ms-retry-after-ms"]),
    secondsOrDate(headers["retry-after"], headers.date, now),
    secondsOrDate(headers["ratelimit-reset"], headers.date, now),
  ].filter((wait) => wait !== undefined);
  return waits.length === 0 ? undefined : Math.max(...waits);
}

function milliseconds(value: string | undefined): number | undefined {
  return value !== undefined && /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : undefined;
}

function secondsOrDate(
  value: string | undefined,
  serverDate: string | undefined,
  now: number,
): number | undefined {
  if (value === undefined) return undefined;
  const seconds = milliseconds(value);
  if (seconds !== undefined) return seconds * 1000;
  if (!/[a-z]/i.test(value)) return undefined;
  const at = Date.parse(value);
  if (Number.isNaN(at)) return undefined;
  const sent = serverDate === undefined ? Number.NaN : Date.parse(serverDate);
  return Math.max(0, at - (Number.isNaN(sent) ? now : sent));
}

/** Exponential backoff with full jitter, in milliseconds. `attempt` counts from 1. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(BACKOFF_LIMIT_MS, BACKOFF_BASE_MS * 2 ** (attempt - 1));
}

/** Told to wait: everybody on this budget waits. */
export function isThrottled(status: number): boolean {
  return status === 429 || status === 503;
}

/** The server's own trouble: this request alone waits and tries again. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 500 || status === 502 || status === 504;
}
