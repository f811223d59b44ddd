/**
 * A transport for tests of blob steps: the blob SDK over undici, with refusals thrown as the product's own
 * transport throws them, and what came over the wire counted.
 */
import { Readable } from "node:stream";
import { AnonymousCredential, BlobServiceClient, type StoragePipelineOptions } from "@azure/storage-blob";
import { type Dispatcher, request as send } from "undici";
import type { Transport } from "../src/collect/http.ts";
import { PermissionError, ProviderError } from "../src/model.ts";

type HttpClient = NonNullable<StoragePipelineOptions["httpClient"]>;

export interface Sent {
  method: string;
  path: string;
  range: string | undefined;
  bytes: number;
}

export interface BlobTransport extends Transport {
  /** Every request so far. */
  readonly sent: Sent[];
}

export function blobTransport(options: { dispatcher?: Dispatcher; token?: string } = {}): BlobTransport {
  const sent: Sent[] = [];
  const httpClient: HttpClient = {
    async sendRequest(request) {
      const { dispatcher, token } = options;
      const answer = await send(request.url, {
        method: request.method,
        headers: { ...request.headers.toJson(), ...(token ? { authorization: `Bearer ${token}` } : {}) },
        body: request.body ?? null,
        ...(dispatcher ? { dispatcher } : {}),
      });
      const bytes = Buffer.from(await answer.body.arrayBuffer());
      const url = new URL(request.url);
      const range = request.headers.get("x-ms-range") ?? request.headers.get("range");
      sent.push({ method: request.method, path: url.pathname + url.search, range, bytes: bytes.length });
      const status = answer.statusCode;
      const what = `${request.method} ${url.pathname} was answered with ${status}`;
      if (status === 401 || status === 403) throw new PermissionError("forbidden", what);
      if (status === 404) throw new ProviderError("not-found", what);
      if (status >= 300) throw new ProviderError(`http-${status}`, `${what} ${bytes.toString()}`);
      const headers = request.headers.clone();
      for (const name of headers.headerNames()) headers.remove(name);
      for (const [name, value] of Object.entries(answer.headers)) if (value) headers.set(name, String(value));
      const streamed = request.streamResponseStatusCodes?.has(status) === true;
      return {
        request,
        status,
        headers,
        ...(streamed
          ? { readableStreamBody: Readable.from([bytes], { objectMode: false }) }
          : { bodyAsText: bytes.toString("utf8") }),
      };
    },
  };
  const unused = (): never => {
    throw new Error("this test's transport speaks to blobs only");
  };
  return {
    sent,
    get: unused,
    pages: unused,
    batch: unused,
    blobs: (url) =>
      new BlobServiceClient(url, new AnonymousCredential(), { httpClient, retryOptions: { maxTries: 1 } }),
  };
}
