/** Collections: what a page of one looks like, and how links are followed. */
import { createHash } from "node:crypto";
import { ProviderError } from "../../model.ts";
import type { AnswerPage } from "../http.ts";
import { addressOf, type Endpoint, pathBelow } from "./endpoints.ts";
import { isObject } from "./errors.ts";
import type { Exchange } from "./exchange.ts";

/** Names under which services give the link to the next page; one overlooked would cut a list short. */
const NEXT_LINKS = ["@odata.nextLink", "nextLink", "@nextLink", "odata.nextLink"];

/** @throws ProviderError `not-a-collection`: a missing list, or one beside an error, is unread, never empty. */
export function pageOf<T>(body: unknown, where: string, recordedApiVersion?: string): AnswerPage<T> {
  if (!isObject(body) || !Array.isArray(body.value) || isObject(body.error))
    throw new ProviderError("not-a-collection", `GET ${where} was answered without a list of values`);
  const next = NEXT_LINKS.map((name) => body[name]).find(isText);
  const delta = body["@odata.deltaLink"];
  const count = countOf(body);
  return {
    items: body.value as T[],
    ...(next === undefined ? {} : { next }),
    ...(isText(delta) ? { delta } : {}),
    ...(count === undefined ? {} : { count }),
    ...(recordedApiVersion === undefined ? {} : { recordedApiVersion }),
  };
}

/** Follows the links from one page to the next, verbatim, at one service only. */
export async function* followPages<T>(
  first: string,
  endpoint: Endpoint,
  read: (link: string) => Promise<Exchange>,
): AsyncGenerator<AnswerPage<T>> {
  const seen = new Set<string>();
  let link: string | undefined = first;
  while (link !== undefined) {
    const shown = shownLink(link, endpoint);
    // A digest each, for a crawl may follow very many long links.
    const mark = createHash("sha256").update(link).digest("base64");
    if (seen.has(mark))
      throw new ProviderError("page-loop", `GET ${shown}: its pages lead back to an earlier page`);
    seen.add(mark);
    const exchange = await read(link);
    const page: AnswerPage<T> = pageOf(exchange.json, shown, exchange.recordedApiVersion);
    // Refused before anybody saves it as a cursor: a link to another host would take the token there.
    if (page.next !== undefined) checkLink(page.next, endpoint);
    if (page.delta !== undefined) checkLink(page.delta, endpoint);
    yield page;
    link = page.next;
  }
}

/** @throws ProviderError `foreign-link` if an answer's link leaves the service. */
export function checkLink(link: string, endpoint: Endpoint): void {
  const url = addressOf(link, endpoint.base);
  if (url === undefined || pathBelow(url, endpoint.base) === undefined)
    throw new ProviderError(
      "foreign-link",
      `${endpoint.base.host} answered with a link to another host (${url?.host ?? "not an address"}); it was not followed`,
    );
}

function shownLink(link: string, endpoint: Endpoint): string {
  const url = addressOf(link, endpoint.base);
  return url === undefined ? endpoint.base.host : `${url.host}${url.pathname}`;
}

function countOf(body: Record<string, unknown>): number | undefined {
  if (typeof body["@odata.count"] === "number") return body["@odata.count"];
  const { count } = body;
  return isObject(count) && count.type === "Total" && typeof count.value === "number"
    ? count.value
    : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
