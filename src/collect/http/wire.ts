/** One try of one exchange on the network: no patience, no policy. */
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { type Dispatcher, request as send } from "undici";
import { ProviderError } from "../../model.ts";
import type { Headers } from "./retry.ts";

export type WireService = "graph" | "arm" | "blob";

export interface WireRequest {
  service: WireService;
  /** POST is a `$batch` of reads. */
  method: "GET" | "HEAD" | "POST";
  url: URL;
  headers: Headers;
  body?: string;
  /** More bytes than this in a good answer are refused, and not read. */
  maxBytes: number;
  signal: AbortSignal;
}

export interface WireResponse {
  status: number;
  /** Names in lower case. */
  headers: Headers;
  bytes: Buffer;
  /** Set by replay: the api-version at which this answer was recorded. */
  recordedApiVersion?: string;
}

/** The network, a recording, or either of them with somebody listening. */
export type Wire = (request: WireRequest) => Promise<WireResponse>;

/** The connection failed, or the body ended early: another try may mend it. */
export class BrokenExchange extends Error {
  readonly code: "network" | "cut-body";
  constructor(code: "network" | "cut-body", message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "BrokenExchange";
    this.code = code;
  }
}

/** Whether the service itself answers, with a list, rather than with the bytes of a file. */
export function isListing({ method, url }: { method: string; url: URL }): boolean {
  return method === "GET" && (url.searchParams.has("comp") || url.searchParams.has("restype"));
}

const HEADERS_TIMEOUT_MS = 60_000;
const BODY_TIMEOUT_MS = 60_000;
const unzip = promisify(gunzip);

/** Certificates do not get better by trying again; a person must act. */
const CERTIFICATE_ERROR = /CERT|UNABLE_TO_(VERIFY|GET_ISSUER)|SELF_SIGNED|ERR_TLS/;

/** Sends over undici, which follows no redirects: a token never travels to a host that nobody named. */
export function networkWire(dispatcher: Dispatcher | undefined): Wire {
  return async (request) => {
    let response: Dispatcher.ResponseData;
    try {
      response = await send(request.url, {
        method: request.method,
        headers: request.headers,
        body: request.body ?? null,
        signal: request.signal,
        headersTimeout: HEADERS_TIMEOUT_MS,
        bodyTimeout: BODY_TIMEOUT_MS,
        ...(dispatcher === undefined ? {} : { dispatcher }),
      });
    } catch (error) {
      throw brokenBy(error, request);
    }
    const headers = flatten(response.headers);
    const limit = response.statusCode < 300 ? request.maxBytes : Math.max(request.maxBytes, 65_536);
    const bytes = await readBody(response.body, headers, limit, request);
    return { status: response.statusCode, headers, bytes };
  };
}

async function readBody(
  body: Dispatcher.ResponseData["body"],
  headers: Headers,
  limit: number,
  request: WireRequest,
): Promise<Buffer> {
  const announced = headers["content-length"] === undefined ? undefined : Number(headers["content-length"]);
  if (request.method === "HEAD") {
    await body.dump();
    return Buffer.alloc(0);
  }
  if (announced !== undefined && announced > limit) {
    body.on("error", () => {}).destroy();
    throw tooLarge(request, limit);
  }
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of body) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      if (size > limit) throw tooLarge(request, limit);
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ProviderError) throw error;
    if (request.signal.aborted) throw error;
    throw new BrokenExchange("cut-body", "the answer ended early", { cause: error });
  }
  if (announced !== undefined && size !== announced)
    throw new BrokenExchange("cut-body", `the answer ended after ${size} of ${announced} bytes`);
  const bytes = Buffer.concat(chunks, size);
  if (headers["content-encoding"]?.toLowerCase() !== "gzip") return bytes;
  try {
    return await unzip(bytes, { maxOutputLength: limit });
  } catch (error) {
    throw new BrokenExchange("cut-body", "the compressed answer is damaged", { cause: error });
  }
}

function tooLarge(request: WireRequest, limit: number): ProviderError {
  return new ProviderError(
    "too-large",
    `${request.method} ${request.url.host}${request.url.pathname}: the answer is larger than the ${limit} bytes asked for`,
  );
}

function brokenBy(error: unknown, request: WireRequest): unknown {
  if (request.signal.aborted || !(error instanceof Error)) return error;
  const code = "code" in error && typeof error.code === "string" ? error.code : error.name;
  if (CERTIFICATE_ERROR.test(code))
    return new ProviderError(
      "certificate",
      `${request.url.host}: its certificate is not trusted (${code})`,
      "If a proxy or a private authority stands in between, name its certificate in the configuration (`ca`).",
      { cause: error },
    );
  return new BrokenExchange("network", `no connection (${code})`, { cause: error });
}

function flatten(headers: Dispatcher.ResponseData["headers"]): Headers {
  const flat: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined) flat[name.toLowerCase()] = Array.isArray(value) ? value.join(", ") : value;
  return flat;
}
