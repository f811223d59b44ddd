/** What is in the body of a Graph `$batch`, and whether all of it is reads. */
import { z } from "zod";
import { checkHeaders, notAllowed } from "./allow.ts";

/** https://learn.microsoft.com/graph/json-batching */
export const MOST_IN_BATCH = 20;

const Body = z.strictObject({
  requests: z
    .array(
      z.strictObject({
        id: z.string(),
        method: z.literal("GET"),
        url: z.string().startsWith("/"),
        headers: z.record(z.string(), z.string()).optional(),
      }),
    )
    .min(1)
    .max(MOST_IN_BATCH),
});

export function isBatch(call: { service: string; method: string; url: URL }): boolean {
  return call.service === "graph" && call.method === "POST" && call.url.pathname.endsWith("/$batch");
}

/** Addresses of the reads in a batch. @throws ForereachError `not-allowed` if it holds anything else. */
export function innerReads(batch: URL, body: string | undefined): URL[] {
  const parsed = Body.safeParse(parse(body ?? ""));
  if (!parsed.success)
    throw notAllowed(`a $batch with something else than reads (${parsed.error.issues[0]?.message})`);
  const version = batch.href.slice(0, -"/$batch".length);
  return parsed.data.requests.map((request) => {
    checkHeaders(request.headers ?? {});
    const address = `${version}${request.url}`;
    // What Graph would understand must be what was checked: no dot segments, no second host.
    if (/^\/[/\\]|[/\\]\.{1,2}([/\\?#]|$)/.test(decoded(request.url)) || !URL.canParse(address))
      throw notAllowed(`GET ${request.url.split("?")[0]} in a batch`);
    return new URL(address);
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text.split("?")[0] ?? "");
  } catch {
    return "/..";
  }
}
