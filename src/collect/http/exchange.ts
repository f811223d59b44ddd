/**
 * The one way out: allow-list, throttle, token, one try on the wire, and what follows from the answer.
 * Graph and storage SDKs, paging and batches all sit on this function, so there is one owner of retries.
 */
import { randomUUID } from "node:crypto";
import { ProviderError } from "../../model.ts";
import { type AllowList, checkHeaders, notAllowed } from "./allow.ts";
import { innerReads, isBatch } from "./batch-body.ts";
import { type Charge, chargeFor, costKey, graphUnits } from "./budget.ts";
import type { Clock } from "./clock.ts";
import { type Endpoint, pathBelow, serviceTitle } from "./endpoints.ts";
import { interrupted, refusalError } from "./errors.ts";
import { shownUrl } from "./redact.ts";
import * as retry from "./retry.ts";
import type { Throttle } from "./throttle.ts";
import {
  BrokenExchange,
  isListing,
  type Wire,
  type WireRequest,
  type WireResponse,
  type WireService,
} from "./wire.ts";

/** Largest answer that is read into memory, in bytes. */
const LARGEST_ANSWER = 64 * 1024 * 1024;

export interface Call {
  service: WireService;
  method: string;
  url: URL;
  endpoint: Endpoint;
  headers: retry.Headers;
  body?: string;
  units?: number | undefined;
  maxBytes?: number;
  allow: AllowList;
  signal?: AbortSignal;
}

export interface Exchange extends WireResponse {
  /** Parsed body of a Graph or ARM answer. */
  json?: unknown;
}

/** What a caller may watch: one per try. `status` is 0 if the connection failed. */
export interface RequestNote {
  service: WireService;
  method: string;
  path: string;
  status: number;
  units: number;
  attempt: number;
}

export interface TransportStats {
  /** Tries on the wire, and how many of them were repetitions. */
  requests: number;
  retries: number;
  /** Answers that told us to wait. */
  throttled: number;
  /** Graph resource units, as the tenant counted them where it said so. */
  units: number;
  bytes: number;
}

export interface ExchangeOptions {
  wire: Wire;
  /** False for a recording: its answers cost nothing and will not change, so no pace, token or retry. */
  live: boolean;
  clock: Clock;
  random: () => number;
  signal: AbortSignal;
  throttle: (endpoint: Endpoint) => Throttle;
  token: (service: WireService, scope: string) => Promise<string>;
  onRequest?: ((note: RequestNote) => void) | undefined;
}

export type Send = (call: Call) => Promise<Exchange>;

/** What a try came to: an answer, or a failure that another try may mend. */
type Outcome = { exchange: Exchange } | { broken: BrokenExchange };

export function createExchange(options: ExchangeOptions): { send: Send; stats: () => TransportStats } {
  const { clock, random } = options;
  const stats: TransportStats = { requests: 0, retries: 0, throttled: 0, units: 0, bytes: 0 };
  // What the tenant charged for requests of one kind, which overrules the published table.
  const learned = new Map<string, number>();

  async function send(call: Call): Promise<Exchange> {
    const signal =
      call.signal === undefined ? options.signal : AbortSignal.any([options.signal, call.signal]);
    const reads = checkedReads(call);
    const throttle = options.throttle(call.endpoint);
    let failed = 0;
    let throttled = 0;
    try {
      signal.throwIfAborted();
      for (let attempt = 1; ; attempt++) {
        const charges = mergeCharges(reads.map((read) => charge(call, read)));
        const release = options.live ? await throttle.acquire(charges, signal) : () => {};
        const resume = clock.hold?.();
        let outcome: Outcome;
        try {
          outcome = await tryOnce(call, signal);
        } finally {
          resume?.();
          release();
        }
        note(call, charges, outcome, attempt);
        if ("broken" in outcome) {
          if (++failed >= retry.MAX_FAILED_TRIES || !options.live) throw brokenError(call, outcome.broken);
          await clock.sleep(retry.backoffMs(failed, random), signal);
          continue;
        }
        const { exchange } = outcome;
        if (options.live) heedHeaders(call, reads, charges, exchange, throttle);
        if (exchange.status < 300 || exchange.status === 304) return exchange;
        const error = refusalError({
          method: call.method,
          url: call.url,
          status: exchange.status,
          json: exchange.json,
          errorCode: exchange.headers["x-ms-error-code"],
        });
        if (!options.live) throw error;
        if (retry.isThrottled(exchange.status)) {
          throttled++;
          const asked = retry.retryAfterMs(exchange.headers, clock.now());
          const wait = asked ?? retry.backoffMs(throttled, random);
          // A 503 that names no pause may as well be an outage, which deserves less patience.
          const outage = exchange.status === 503 && asked === undefined;
          const tries = outage ? retry.MAX_FAILED_TRIES : retry.MAX_THROTTLED_TRIES;
          if (wait > retry.LONGEST_PAUSE_MS || throttled >= tries) throw error;
          for (const { bucket } of charges) throttle.pause(bucket, wait);
        } else if (retry.isTransient(exchange.status)) {
          if (++failed >= retry.MAX_FAILED_TRIES) throw error;
          const asked = retry.retryAfterMs(exchange.headers, clock.now()) ?? 0;
          if (asked > retry.LONGEST_PAUSE_MS) throw error;
          await clock.sleep(Math.max(asked, retry.backoffMs(failed, random)), signal);
        } else throw error;
      }
    } catch (error) {
      // Whatever an aborted sleep, socket or SDK throws, it means the same.
      throw signal.aborted ? interrupted() : error;
    }
  }

  async function tryOnce(call: Call, signal: AbortSignal): Promise<Outcome> {
    try {
      const request: WireRequest = {
        service: call.service,
        method: wireMethod(call),
        url: call.url,
        headers: await headersOf(call),
        maxBytes: call.maxBytes ?? LARGEST_ANSWER,
        signal,
        ...(call.body === undefined ? {} : { body: call.body }),
      };
      return { exchange: decode(call, await options.wire(request)) };
    } catch (error) {
      if (error instanceof BrokenExchange && !signal.aborted) return { broken: error };
      throw error;
    }
  }

  async function headersOf(call: Call): Promise<retry.Headers> {
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(call.headers)) headers[name.toLowerCase()] = value;
    if (call.service !== "blob") {
      headers.accept ??= "application/json";
      headers["accept-encoding"] = "gzip";
      headers[call.service === "arm" ? "x-ms-client-request-id" : "client-request-id"] ??= randomUUID();
    }
    if (call.service === "graph") {
      // People's own work goes first: https://learn.microsoft.com/graph/throttling-limits
      headers["x-ms-throttle-priority"] = "low";
      // Without it, newer members of an enum come back as unknownFutureValue:
      // https://learn.microsoft.com/graph/best-practices-concept#handling-future-members-in-evolvable-enumerations
      headers.prefer = [headers.prefer, "include-unknown-enum-members"].filter(Boolean).join(", ");
    }
    if (call.body !== undefined) headers["content-type"] = "application/json";
    if (options.live)
      headers.authorization = `Bearer ${await options.token(call.service, call.endpoint.scope)}`;
    return headers;
  }

  function charge(call: Call, read: URL): Charge {
    const path = pathBelow(read, call.endpoint.base) ?? read.pathname;
    if (call.service !== "graph") return chargeFor(call.service, path, 1);
    const [resource = ""] = path.split("?");
    const units =
      call.units ??
      learned.get(costKey(resource, read.searchParams)) ??
      graphUnits(resource, read.searchParams);
    return chargeFor(call.service, resource, units);
  }

  function heedHeaders(
    call: Call,
    reads: readonly URL[],
    charges: readonly Charge[],
    exchange: Exchange,
    throttle: Throttle,
  ) {
    const [only] = charges;
    if (call.service !== "graph" || only === undefined || isBatch(call)) return;
    const charged = Number(exchange.headers["x-ms-resource-unit"]);
    if (charged > 0 && exchange.status < 300) {
      throttle.correct(only.bucket, only.units - charged);
      stats.units += charged - only.units;
      const [read] = reads;
      const path = read === undefined ? undefined : pathBelow(read, call.endpoint.base)?.split("?")[0];
      if (read !== undefined && path !== undefined && learned.size < 1_000)
        learned.set(costKey(path, read.searchParams), charged);
    }
    const used = Number(exchange.headers["x-ms-throttle-limit-percentage"]);
    if (used > 0) throttle.heed(only.bucket, used);
  }

  function note(call: Call, charges: readonly Charge[], outcome: Outcome, attempt: number): void {
    const units = charges.reduce((sum, one) => sum + one.units, 0);
    const status = "broken" in outcome ? 0 : outcome.exchange.status;
    stats.requests++;
    if (attempt > 1) stats.retries++;
    if (retry.isThrottled(status)) stats.throttled++;
    if (call.service === "graph") stats.units += units;
    if ("exchange" in outcome) stats.bytes += outcome.exchange.bytes.length;
    options.onRequest?.({
      service: call.service,
      method: call.method,
      path: call.url.pathname,
      status,
      units,
      attempt,
    });
  }

  return { send, stats: () => ({ ...stats }) };
}

/** The reads that a call stands for: itself, or those in a batch. Throws `not-allowed` unless all may leave. */
function checkedReads(call: Call): readonly URL[] {
  const path = pathBelow(call.url, call.endpoint.base);
  if (path === undefined)
    throw notAllowed(
      `${call.method} ${shownUrl(call.url)} (another host than ${serviceTitle(call.service)})`,
    );
  checkHeaders(call.headers);
  if (!isBatch(call)) {
    if (call.body !== undefined) throw notAllowed(`${call.method} ${shownUrl(call.url)} with a body`);
    call.allow.check(call.service, call.method, path);
    return [call.url];
  }
  const reads = innerReads(call.url, call.body);
  for (const read of reads) {
    const inner = pathBelow(read, call.endpoint.base);
    if (inner === undefined) throw notAllowed(`GET ${shownUrl(read)} in a batch`);
    call.allow.check("graph", "GET", inner);
  }
  return reads;
}

function wireMethod(call: Call): WireRequest["method"] {
  if (call.method === "GET" || call.method === "HEAD") return call.method;
  if (isBatch(call)) return "POST";
  throw notAllowed(`${call.method} ${shownUrl(call.url)}`);
}

function mergeCharges(charges: readonly Charge[]): Charge[] {
  const merged = new Map<string, Charge>();
  for (const charge of charges) {
    const known = merged.get(charge.bucket);
    if (known === undefined) merged.set(charge.bucket, { ...charge });
    else known.units += charge.units;
  }
  return [...merged.values()];
}

/** Parses here, where a body cut short can still be asked for again. */
function decode(call: Call, response: WireResponse): Exchange {
  const type = response.headers["content-type"] ?? "";
  const good = response.status < 300;
  if (call.service === "blob") {
    // The type of a part of a file is the file's own: that of Office files names XML, too.
    if (good && isListing(call) && /xml/i.test(type) && !isWholeXml(response.bytes.toString("utf8")))
      throw new BrokenExchange("cut-body", "the XML ends early");
    return response;
  }
  const text = response.bytes.toString("utf8").replace(/^\uFEFF/, "");
  if (text === "" && (response.status === 204 || !good)) return response;
  if (/json|text\/plain/i.test(type) || (type === "" && /^\s*[[{]/.test(text)))
    try {
      return { ...response, json: JSON.parse(text) as unknown };
    } catch (error) {
      if (good) throw new BrokenExchange("cut-body", "the JSON ends early", { cause: error });
      return response;
    }
  if (!good) return response;
  if (text === "") throw new BrokenExchange("cut-body", "the answer is empty");
  // A sign-in page of a proxy, say: an answer, but not of this service.
  throw new ProviderError(
    "not-json",
    `${call.method} ${shownUrl(call.url)} was answered with ${type || "no type"}, not JSON`,
  );
}

/** Whether the text ends with the end of its root element. */
function isWholeXml(text: string): boolean {
  const root = /<([A-Za-z][\w.-]*)/.exec(text.replace(/<\?[^>]*\?>/, ""))?.[1];
  const end = text.trimEnd();
  return root !== undefined && (end.endsWith(`</${root}>`) || end.endsWith("/>"));
}

function brokenError(call: Call, broken: BrokenExchange): ProviderError {
  return new ProviderError(
    broken.code,
    `${call.method} ${shownUrl(call.url)} failed: ${broken.message}`,
    broken.code === "network"
      ? "Check the connection, and `proxy` in the configuration, then run it again."
      : "Run it again.",
    { cause: broken },
  );
}
