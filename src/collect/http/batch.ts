/** Up to 20 Graph reads in one request: https://learn.microsoft.com/graph/json-batching */
import { z } from "zod";
import { ConfigError, ProviderError } from "../../model.ts";
import type { AnswerPage, BatchAnswer } from "../http.ts";
import type { AllowList } from "./allow.ts";
import { MOST_IN_BATCH } from "./batch-body.ts";
import type { Clock } from "./clock.ts";
import { checkLink, pageOf } from "./collection.ts";
import type { Endpoint } from "./endpoints.ts";
import { interrupted, refusalError } from "./errors.ts";
import type { GraphSend } from "./graph-client.ts";
import * as retry from "./retry.ts";

const Answers = z.object({
  responses: z.array(
    z.object({
      id: z.coerce.string(),
      status: z.number().int(),
      headers: z.record(z.string(), z.coerce.string()).optional(),
      body: z.unknown().optional(),
    }),
  ),
});
type Part = z.infer<typeof Answers>["responses"][number];

export interface BatchContext {
  send: GraphSend;
  endpoint: Endpoint;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  /** Makes everybody who reads the same things wait. */
  pause: (url: URL, ms: number) => void;
}

/** One read of a batch that has no final answer yet. */
interface Open {
  index: number;
  url: URL;
  /** Below the version, as `$batch` wants it. */
  relative: string;
  tries: number;
}

/**
 * Answers in the order of `paths`. A part that must wait is sent again, alone with its like, after its
 * Retry-After. Throws if the batch as a whole was refused.
 */
export async function readBatch<T>(
  paths: readonly string[],
  headers: Readonly<Record<string, string>> | undefined,
  units: number | undefined,
  allow: AllowList,
  context: BatchContext,
): Promise<BatchAnswer<T>[]> {
  if (paths.length === 0) return [];
  const version = /^\/(v1\.0|beta)(?=\/)/.exec(paths[0] ?? "")?.[0];
  if (
    version === undefined ||
    paths.length > MOST_IN_BATCH ||
    !paths.every((path) => path.startsWith(`${version}/`))
  )
    throw new ConfigError(
      "bad-batch",
      `A batch holds 1 to ${MOST_IN_BATCH} relative paths of one version of Graph`,
    );

  const results = new Map<number, BatchAnswer<T>>();
  let open: Open[] = paths.map((path, index) => ({
    index,
    url: new URL(`${context.endpoint.base.href}${path.slice(1)}`),
    relative: path.slice(version.length),
    tries: 0,
  }));
  while (open.length > 0) {
    const parts = await exchangeBatch(open, version, headers, units, allow, context);
    const again: Open[] = [];
    let backoff = 0;
    for (const read of open) {
      read.tries++;
      const part = parts.get(String(read.index));
      const wait = waitFor(read, part, context);
      if (wait === undefined) results.set(read.index, answerOf(read, part, context.endpoint));
      else {
        again.push(read);
        if (part !== undefined && retry.isThrottled(part.status)) context.pause(read.url, wait);
        else backoff = Math.max(backoff, wait);
      }
    }
    if (backoff > 0)
      await context.clock.sleep(backoff, context.signal).catch(() => {
        throw interrupted();
      });
    open = again;
  }
  return paths.map((_, index) => results.get(index) ?? { ok: false, error: missing(paths[index] ?? "") });
}

async function exchangeBatch(
  open: readonly Open[],
  version: string,
  headers: Readonly<Record<string, string>> | undefined,
  units: number | undefined,
  allow: AllowList,
  context: BatchContext,
): Promise<Map<string, Part>> {
  const own = lowerCase(headers);
  const prefer = [own.prefer, "include-unknown-enum-members"].filter(Boolean).join(", ");
  const requests = open.map((read) => ({
    id: String(read.index),
    method: "GET",
    url: read.relative,
    headers: { ...own, prefer },
  }));
  const exchange = await context.send({
    path: `${version}/$batch`,
    body: JSON.stringify({ requests }),
    units,
    allow,
  });
  const parsed = Answers.safeParse(exchange.json);
  if (!parsed.success)
    throw new ProviderError("bad-batch-answer", `POST ${version}/$batch was answered in an unknown form`);
  return new Map(parsed.data.responses.map((part) => [part.id, part]));
}

/** Milliseconds until this part is worth another try; undefined if its answer is final. */
function waitFor(read: Open, part: Part | undefined, context: BatchContext): number | undefined {
  const status = part?.status ?? 0;
  const patient = part !== undefined && retry.isThrottled(status);
  if (!patient && part !== undefined && !retry.isTransient(status)) return undefined;
  if (read.tries >= (patient ? retry.MAX_THROTTLED_TRIES : retry.MAX_FAILED_TRIES)) return undefined;
  const asked =
    part === undefined ? undefined : retry.retryAfterMs(lowerCase(part.headers), context.clock.now());
  const wait = asked ?? retry.backoffMs(read.tries, context.random);
  return wait > retry.LONGEST_PAUSE_MS ? undefined : wait;
}

function answerOf<T>(read: Open, part: Part | undefined, endpoint: Endpoint): BatchAnswer<T> {
  if (part === undefined) return { ok: false, error: missing(read.relative) };
  if (part.status >= 300)
    return {
      ok: false,
      error: refusalError({ method: "GET", url: read.url, status: part.status, json: part.body }),
    };
  try {
    return { ok: true, page: partPage(part.body, `${read.url.host}${read.url.pathname}`, endpoint) };
  } catch (error) {
    if (error instanceof ProviderError) return { ok: false, error };
    throw error;
  }
}

/** The first page of a collection that a part asked for. */
export function partPage<T>(
  body: unknown,
  where: string,
  endpoint: Endpoint,
  recordedApiVersion?: string,
): AnswerPage<T> {
  const page = pageOf<T>(body, where, recordedApiVersion);
  if (page.next !== undefined) checkLink(page.next, endpoint);
  return page;
}

function missing(path: string): ProviderError {
  return new ProviderError(
    "cut-body",
    `GET ${path.split("?")[0]} got no answer in its batch`,
    "Run it again.",
  );
}

function lowerCase(headers: Readonly<Record<string, string>> | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
}
