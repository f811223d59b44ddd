/** Blob storage through its SDK, which sends over our exchange. */
import { Readable } from "node:stream";
import {
  AnonymousCredential,
  BlobServiceClient,
  type ContainerClient,
  type ContainerListBlobsOptions,
  type StoragePipelineOptions,
} from "@azure/storage-blob";
import { type AllowList, notAllowed } from "./allow.ts";
import { readListing } from "./blob-listing.ts";
import { type Endpoint, pathBelow } from "./endpoints.ts";
import type { Send } from "./exchange.ts";

type HttpClient = NonNullable<StoragePipelineOptions["httpClient"]>;
type WebResource = Parameters<HttpClient["sendRequest"]>[0];

/**
 * Longest range that one read of a blob's bytes may ask for. It is held in memory until it is whole, so that
 * a body cut short is asked for again by the one owner of retries.
 */
export const LONGEST_RANGE = 16 * 1024 * 1024;

/** Client of one account. Bytes of blobs are read by ranges only, never whole. */
export function blobClient(send: Send, endpoint: Endpoint, url: string, allow: AllowList): BlobServiceClient {
  const httpClient: HttpClient = {
    async sendRequest(request) {
      const address = new URL(request.url);
      const range = isContent(request, address, endpoint) ? rangeLength(request) : undefined;
      const exchange = await send({
        service: "blob",
        method: request.method,
        url: address,
        endpoint,
        headers: request.headers.toJson(),
        allow,
        ...(range === undefined ? {} : { maxBytes: range }),
        ...(request.abortSignal === undefined ? {} : { signal: signalOf(request.abortSignal) }),
        ...(request.body === undefined || request.body === null ? {} : { body: "" }),
      });
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      for (const [name, value] of Object.entries(exchange.headers)) headers.set(name, value);
      const streamed = request.streamResponseStatusCodes?.has(exchange.status) === true;
      return {
        request,
        status: exchange.status,
        headers,
        ...(streamed
          ? { readableStreamBody: Readable.from([exchange.bytes], { objectMode: false }) }
          : bodyOf(address, exchange.bytes.toString("utf8"))),
      };
    },
  };
  // Anonymous: the exchange adds the token, so that there is one cache and no second way out.
  return new Blobs(url, new AnonymousCredential(), { httpClient, retryOptions: { maxTries: 1 } });
}

/** Bodies in the form of the SDK's model: it has nothing left to do with them. */
const READ = new WeakSet<object>();

/** A flat listing of plain form is read here, whatever else there is by the SDK. */
function bodyOf(url: URL, text: string): { bodyAsText: string } | { parsedBody: object } {
  const { searchParams } = url;
  const flat =
    searchParams.get("comp") === "list" &&
    searchParams.get("restype") === "container" &&
    !searchParams.has("delimiter");
  const listing = flat ? readListing(text) : undefined;
  if (listing === undefined) return { bodyAsText: text };
  READ.add(listing);
  return { parsedBody: listing };
}

/** Tells the SDK not to read what has been read. It passes these options on, but has them in no type of its own. */
const AS_READ = {
  requestOptions: {
    shouldDeserialize: ({ parsedBody }: { parsedBody?: unknown }): boolean =>
      typeof parsedBody !== "object" || parsedBody === null || !READ.has(parsedBody),
  },
};

class Blobs extends BlobServiceClient {
  override getContainerClient(name: string): ContainerClient {
    const container = super.getContainerClient(name);
    const list = container.listBlobsFlat.bind(container);
    container.listBlobsFlat = (options?: ContainerListBlobsOptions) => list({ ...options, ...AS_READ });
    return container;
  }
}

/** A read of a blob's bytes: a path below a container, and no operation named in the query. */
function isContent(request: WebResource, url: URL, endpoint: Endpoint): boolean {
  const below = pathBelow(url, endpoint.base)?.split("?")[0] ?? "";
  const blob = below.split("/").filter((segment) => segment !== "").length > 1;
  return (
    request.method === "GET" && blob && !url.searchParams.has("comp") && !url.searchParams.has("restype")
  );
}

/** Bytes asked for. @throws ForereachError `not-allowed` without an end, or with one too far away. */
function rangeLength(request: WebResource): number {
  const range = request.headers.get("x-ms-range") ?? request.headers.get("range");
  const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
  const length = first === undefined || last === undefined ? undefined : Number(last) - Number(first) + 1;
  if (length === undefined || length < 1 || length > LONGEST_RANGE)
    throw notAllowed(`a read of blob bytes without a range of at most ${LONGEST_RANGE} bytes`);
  return length;
}

/** The SDK's signals may be its own kind. */
function signalOf(like: NonNullable<WebResource["abortSignal"]>): AbortSignal {
  if (like instanceof AbortSignal) return like;
  const controller = new AbortController();
  if (like.aborted) controller.abort();
  else like.addEventListener("abort", () => controller.abort());
  return controller.signal;
}
