/** The only caller of the network: the door to src/collect/http/, which holds its parts. */
import { setMaxListeners } from "node:events";
import type { BlobServiceClient } from "@azure/storage-blob";
import type { Dispatcher } from "undici";
import { ConfigError, PermissionError, ProviderError } from "../model.ts";
import { allowList, notAllowed } from "./http/allow.ts";
import { partPage, readBatch } from "./http/batch.ts";
import { blobClient } from "./http/blob-client.ts";
import { chargeFor, type TenantSize } from "./http/budget.ts";
import { type Clock, systemClock } from "./http/clock.ts";
import { followPages } from "./http/collection.ts";
import {
  addressOf,
  type Cloud,
  type Endpoint,
  type EndpointOverrides,
  endpointsOf,
  pathBelow,
} from "./http/endpoints.ts";
import { createExchange, type Exchange, type RequestNote, type TransportStats } from "./http/exchange.ts";
import { graphSender } from "./http/graph-client.ts";
import type { Recorder } from "./http/recorder.ts";
import type { Recording } from "./http/replay.ts";
import { sharedThrottles, type Throttle, type ThrottleRegistry } from "./http/throttle.ts";
import { type CredentialSource, tokenSource } from "./http/tokens.ts";
import { networkWire, type Wire } from "./http/wire.ts";

export { TENANT_SIZES, type TenantSize } from "./http/budget.ts";
export { type Clock, simulatedClock, systemClock } from "./http/clock.ts";
export { createDispatcher, type DispatcherOptions } from "./http/dispatcher.ts";
export { CLOUDS, type Cloud, type EndpointOverrides } from "./http/endpoints.ts";
export type { RequestNote, TransportStats } from "./http/exchange.ts";
export { createRecorder, type Recorder } from "./http/recorder.ts";
export { openRecording, type Recording } from "./http/replay.ts";
export { ThrottleRegistry } from "./http/throttle.ts";
export type { CredentialSource } from "./http/tokens.ts";
export { BrokenExchange, type Wire } from "./http/wire.ts";

export type Service = "graph" | "arm";

export interface RequestOptions {
  /** Cost in resource units (of each part of a batch) where the service counts them; from the path if absent. */
  units?: number;
  headers?: Readonly<Record<string, string>>;
}

/** One answer. `recordedApiVersion` is set only by replay: the api-version the answer was recorded at. */
export interface Answer<T> {
  status: number;
  headers: Readonly<Record<string, string>>;
  body: T;
  recordedApiVersion?: string;
}

export interface AnswerPage<T> {
  items: T[];
  /** Link to the next page, verbatim; absent on the last. */
  next?: string;
  /** Delta link, on the last page of a delta call. */
  delta?: string;
  /** The tenant's own count, where it gives one. */
  count?: number;
  recordedApiVersion?: string;
}

/** A refused or failed part of a batch: the error that the single call would have thrown. */
export type BatchAnswer<T> = { ok: true; page: AnswerPage<T> } | { ok: false; error: Error };

/**
 * Reads from the tenant. Every call is throttled, retried and cancellable; a call outside the allow-list
 * is refused before it leaves. Throws PermissionError (401, 403), CursorExpired (410), ProviderError
 * (anything else that retries did not mend; an exchange that a recording lacks has code `not-recorded`).
 */
export interface Transport {
  get<T>(service: Service, path: string, options?: RequestOptions): Promise<Answer<T>>;
  /** Pages of a collection. `path` is relative (`/v1.0/users?$top=999`) or a link from an earlier page. */
  pages<T>(service: Service, path: string, options?: RequestOptions): AsyncGenerator<AnswerPage<T>>;
  /** Up to 20 reads of Graph collections in one `$batch`; further pages of each are followed singly by the caller. */
  batch<T>(paths: readonly string[], options?: RequestOptions): Promise<BatchAnswer<T>[]>;
  /** Blob service of one account over this transport. `url` is the account's blob endpoint. */
  blobs(url: string): BlobServiceClient;
}

/** What a program adds to a transport: narrower views of it, and what it has sent. */
export interface TenantTransport extends Transport {
  /** The same transport for one step: it lets only these reads leave. */
  restrict(reads: readonly string[]): Transport;
  stats(): TransportStats;
}

export interface TransportOptions {
  tenantId: string;
  cloud: Cloud;
  /** Credential of a service; asked for when a token is needed. */
  credential: CredentialSource;
  /** Reads that may leave: `GET graph /v1.0/groups/{id}/members`. */
  allow: readonly string[];
  /** Part of the tenant's request budget that we may use, 0 to 1. */
  share: number;
  /** Sets the budget that Graph gives; the smallest if unknown. */
  tenantSize?: TenantSize;
  signal: AbortSignal;
  endpoints?: EndpointOverrides;
  /** Connections: see `createDispatcher`. */
  dispatcher?: Dispatcher;
  /** Answers instead of the network, at the network's price: a service in this process. */
  wire?: Wire;
  /** Answers instead of the network; costs nothing and needs no token. */
  replay?: Recording;
  record?: Recorder;
  onRequest?: (note: RequestNote) => void;
  clock?: Clock;
  /** 0 to 1, for jitter. */
  random?: () => number;
  /** Shared by all transports of the program unless given. */
  throttles?: ThrottleRegistry;
}

/** @throws ConfigError for a share, a read or an endpoint that makes no sense. */
export function createTransport(options: TransportOptions): TenantTransport {
  const { share, signal, replay, record } = options;
  if (!(share > 0 && share <= 1))
    throw new ConfigError(
      "bad-share",
      `share is ${share}`,
      "Write a number above 0 and up to 1, such as 0.5.",
    );
  // Every exchange in progress listens to it; that is no leak.
  setMaxListeners(0, signal);
  const clock = options.clock ?? systemClock;
  const random = options.random ?? Math.random;
  const throttles = options.throttles ?? sharedThrottles;
  const endpoints = endpointsOf(options.cloud, options.endpoints);
  const tokens = tokenSource(options.credential, clock, signal);
  const wire = replay?.wire ?? options.wire ?? networkWire(options.dispatcher);
  const ours = new Map<string, Throttle>();
  const throttleOf = ({ base }: Endpoint): Throttle => {
    let throttle = ours.get(base.host);
    if (throttle === undefined) {
      throttle = throttles.throttle(base.host, options.tenantId, clock, share, options.tenantSize ?? "S");
      ours.set(base.host, throttle);
    }
    return throttle;
  };
  const { send, stats } = createExchange({
    wire: record === undefined ? wire : record.listen(wire),
    live: replay === undefined,
    clock,
    random,
    signal,
    throttle: throttleOf,
    token: (service, scope) => tokens(service === "blob" ? "storage" : service, scope),
    onRequest: options.onRequest,
  });
  const sendGraph = graphSender(send, endpoints.graph);

  function restrict(reads: readonly string[]): Transport {
    const allow = allowList(reads);

    async function read(service: Service, path: string, request: RequestOptions): Promise<Exchange> {
      if (service === "graph")
        return sendGraph({ path, headers: request.headers, units: request.units, allow });
      const endpoint = endpoints.arm;
      const url = addressOf(path, endpoint.base);
      if (url === undefined) throw notAllowed(`GET arm ${path.split("?")[0]}`);
      return send({ service, method: "GET", url, endpoint, headers: request.headers ?? {}, allow });
    }

    return {
      async get<T>(service: Service, path: string, request: RequestOptions = {}): Promise<Answer<T>> {
        const { status, headers, json, recordedApiVersion } = await read(service, path, request);
        const answer: Answer<T> = { status, headers, body: json as T };
        return recordedApiVersion === undefined ? answer : { ...answer, recordedApiVersion };
      },
      pages: <T>(service: Service, path: string, request: RequestOptions = {}) =>
        followPages<T>(path, endpoints[service], (link) => read(service, link, request)),
      async batch<T>(paths: readonly string[], request: RequestOptions = {}): Promise<BatchAnswer<T>[]> {
        // A recording holds single reads.
        if (replay !== undefined)
          return Promise.all(
            paths.map((path) => settle<T>(read("graph", path, request), path, endpoints.graph)),
          );
        return readBatch<T>(paths, request.headers, request.units, allow, {
          send: sendGraph,
          endpoint: endpoints.graph,
          clock,
          random,
          signal,
          pause: (url, ms) => {
            const path = pathBelow(url, endpoints.graph.base) ?? url.pathname;
            throttleOf(endpoints.graph).pause(chargeFor("graph", path, 1).bucket, ms);
          },
        });
      },
      blobs: (url) => blobClient(send, endpoints.blob(url), url, allow),
    };
  }

  return { ...restrict(options.allow), restrict, stats };
}

/** A single read as a part of a batch. An interruption or a forbidden read ends the whole batch. */
async function settle<T>(
  reading: Promise<Exchange>,
  path: string,
  endpoint: Endpoint,
): Promise<BatchAnswer<T>> {
  try {
    const exchange = await reading;
    return {
      ok: true,
      page: partPage<T>(exchange.json, path.split("?")[0] ?? "", endpoint, exchange.recordedApiVersion),
    };
  } catch (error) {
    if (error instanceof PermissionError || error instanceof ProviderError) return { ok: false, error };
    throw error;
  }
}
