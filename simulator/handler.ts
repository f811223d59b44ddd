/** The simulator as a function: request in, answer out, no sockets. The server and benches call it. */
import { blobError } from "./blob.ts";
import { gone } from "./delta.ts";
import { type FaultKind, type FaultOptions, Faults, faultAnswer, type Refusal, refusalOf } from "./faults.ts";
import { type Service, serviceOf, type Target, targetOf } from "./routes.ts";
import { createCounts, type SimulatorStats } from "./stats.ts";
import type { Tenant } from "./tenant.ts";
import { type Clock, Throttle, type ThrottleOptions, unitsOf, type Verdict, wallClock } from "./throttle.ts";
import { BadRequest, failure, json, type Reply, type SimulatedRequest } from "./wire.ts";
import type { Json } from "./world.ts";

export interface HandlerOptions {
  tenant: Tenant;
  throttle?: ThrottleOptions;
  faults?: FaultOptions;
  /** Parts that stay refused, whoever asks and however often. */
  refuse?: readonly Refusal[];
  clock?: Clock;
}

/**
 * One answer. `broken` says that the connection does not survive it: `reset` before a byte of answer, `cut`
 * within the body, whose content-length is then larger than what is here.
 */
export interface SimulatedAnswer extends Reply {
  readonly broken?: "reset" | "cut";
}
export interface Simulator {
  handle(
    method: string,
    url: string,
    headers?: Readonly<Record<string, string>>,
    body?: string,
  ): Promise<SimulatedAnswer>;
  stats(): SimulatorStats;
}

/** https://learn.microsoft.com/graph/json-batching: at most 20 requests in a batch. */
const BATCH_LIMIT = 20;

export function createSimulatorHandler(options: HandlerOptions): Simulator {
  const { tenant, refuse = [], clock = wallClock } = options;
  const throttle = new Throttle(options.throttle ?? {}, tenant.size.users, clock);
  const faults = options.faults ? new Faults(options.faults) : undefined;
  const counts = createCounts();
  let ordinal = 0;

  /** One read, alone or as part of a batch: refusals first, then limits, then faults. */
  function read(
    service: Service,
    request: SimulatedRequest,
    inBatch: boolean,
  ): Reply & { fault?: FaultKind } {
    const pathAndQuery = `${service === "blob" ? "/blob" : ""}${request.path}?${decodeURIComponent(request.query.toString())}`;
    const target = targetOf(service, request, tenant);
    if ("status" in target) {
      counts.answered(service, "(unknown)", 0);
      return target;
    }
    const units = service === "graph" ? unitsOf(target.units, request.query) : 0;
    counts.answered(service, target.route, units);
    const verdict = verdictOf(throttle, target, units);
    if (verdict.refusedForMs > 0) {
      counts.throttled();
      return throttled(service, verdict);
    }
    const refusal = refusalOf(refuse, pathAndQuery);
    if (refusal) {
      counts.refused();
      return refused(service, refusal);
    }
    const occasion = inBatch ? "part" : target.isDelta && isContinued(request) ? "continued-delta" : "call";
    const fault = faults?.next(`${request.method} ${service} ${pathAndQuery}`, occasion);
    if (fault) counts.injected(fault);
    const reply = fault ? faulty(service, fault, request, clock) : undefined;
    if (reply) return reply;
    const answer = answerOf(target);
    const headers = { ...answer.headers, ...verdict.headers };
    return fault ? { ...answer, headers, fault } : { ...answer, headers };
  }

  function batch(request: SimulatedRequest): Reply & { fault?: FaultKind } {
    const asked = batchRequests(request.body);
    if (asked.length > BATCH_LIMIT)
      return failure(
        400,
        "BadRequest",
        `The batch has ${asked.length} requests; at most ${BATCH_LIMIT} are allowed.`,
      );
    counts.batched();
    const responses = asked.map(({ id, method, url, headers }): Json => {
      if (method !== "GET") {
        counts.write();
        return {
          id,
          status: 405,
          headers: {},
          body: { error: { code: "MethodNotAllowed", message: "This tenant is only read." } },
        };
      }
      const inner = new URL(`${request.base}${url.startsWith("/") ? url : `/${url}`}`);
      const path = decodeURIComponent(inner.pathname).slice(new URL(request.base).pathname.length);
      const reply = read(
        "graph",
        { ...request, method, path, query: inner.searchParams, headers, body: "" },
        true,
      );
      const parsed: unknown = JSON.parse(String(reply.body));
      return { id, status: reply.status, headers: { ...reply.headers }, body: isJson(parsed) ? parsed : {} };
    });
    const fault = faults?.next(`batch ${asked.map(({ url }) => url).join(" ")}`, "batch");
    if (fault) counts.injected(fault);
    return fault ? { ...json({ responses }), fault } : json({ responses });
  }

  function route(request: SimulatedRequest, service: Service): Reply & { fault?: FaultKind } {
    if (!/^bearer \S/i.test(request.headers.authorization ?? "")) {
      counts.unauthorized();
      return unauthorized(service);
    }
    if (service === "graph" && request.method === "POST" && request.path.toLowerCase() === "/$batch")
      return batch(request);
    if (request.method !== "GET" && !(request.method === "HEAD" && service === "blob")) {
      counts.write();
      return failure(405, "MethodNotAllowed", "This tenant is only read.", { allow: "GET" });
    }
    return read(service, request, false);
  }

  return {
    async handle(method, url, headers = {}, body = "") {
      const parsed = new URL(url);
      const { service, base, path } = serviceOf(parsed);
      const request: SimulatedRequest = {
        method: method.toUpperCase(),
        path,
        query: parsed.searchParams,
        headers: lowerCased(headers),
        body,
        base,
      };
      const id = String(++ordinal);
      let reply: Reply & { fault?: FaultKind };
      try {
        reply = route(request, service);
      } catch (error) {
        if (!(error instanceof BadRequest)) throw error;
        reply = failure(400, "BadRequest", error.message);
      }
      if (reply.fault === "slow") await clock.sleep(faults?.slowMs ?? 0);
      return finish(reply, service, request, id, clock);
    },
    stats: () => counts.stats(),
  };
}

const lowerCased = (headers: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
const isContinued = ({ query }: SimulatedRequest): boolean =>
  query.has("$skiptoken") || query.has("$deltatoken") || query.has("$deltaToken");
const isJson = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function answerOf(target: Target): Reply {
  try {
    return target.answer();
  } catch (error) {
    if (error instanceof BadRequest) return failure(400, "BadRequest", error.message);
    throw error;
  }
}

function verdictOf(throttle: Throttle, target: Target, units: number): Verdict {
  if (target.service === "graph") return throttle.graph(units);
  return target.service === "arm" ? throttle.arm(target.bucket) : throttle.storage(target.bucket);
}

/** Storage answers 503 where others answer 429. https://learn.microsoft.com/troubleshoot/azure/azure-storage/blobs/alerts/performance/storage-monitoring-diagnosing-troubleshooting */
function throttled(service: Service, { refusedForMs, headers }: Verdict): Reply {
  const wait = { ...headers, "retry-after": String(Math.ceil(refusedForMs / 1000)) };
  return service === "blob"
    ? blobError(503, "ServerBusy", "The server is busy.", wait)
    : failure(429, "TooManyRequests", "Too many requests.", wait);
}

function refused(service: Service, { status }: Refusal): Reply {
  const message = "The caller has no permission for this part.";
  if (service === "blob")
    return blobError(
      status,
      status === 401 ? "InvalidAuthenticationInfo" : "AuthorizationPermissionMismatch",
      message,
    );
  return failure(
    status,
    status === 401 ? "InvalidAuthenticationToken" : "Authorization_RequestDenied",
    message,
  );
}

const unauthorized = (service: Service): Reply =>
  service === "blob"
    ? blobError(401, "NoAuthenticationInformation", "Server failed to authenticate the request.", {
        "www-authenticate":
          "Bearer authorization_uri=https://login.microsoftonline.com/common/oauth2/authorize resource_id=https://storage.azure.com",
      })
    : failure(401, "InvalidAuthenticationToken", "Access token is empty.");

/** The answer of a fault, or undefined where the right answer comes, late or broken. */
function faulty(
  service: Service,
  kind: FaultKind,
  request: SimulatedRequest,
  clock: Clock,
): (Reply & { fault: FaultKind }) | undefined {
  if (kind === "cut" || kind === "reset" || kind === "slow") return undefined;
  if (kind === "410") return { ...gone(request), fault: kind };
  const { status, headers } = faultAnswer(kind, new Date(clock.now()));
  const code =
    status === 429 ? "TooManyRequests" : status === 503 ? "ServiceUnavailable" : "InternalServerError";
  const message = "The service had a passing fault.";
  const reply =
    service === "blob" ? blobError(status, code, message, headers) : failure(status, code, message, headers);
  return { ...reply, fault: kind };
}

/** Length, request id and version as each service sends them; breaks what a fault breaks. */
function finish(
  reply: Reply & { fault?: FaultKind },
  service: Service,
  request: SimulatedRequest,
  id: string,
  clock: Clock,
): SimulatedAnswer {
  const { status, fault } = reply;
  const length = Buffer.byteLength(reply.body);
  const headers: Record<string, string> = {
    "content-length": String(length),
    date: new Date(clock.now()).toUTCString(),
    ...reply.headers,
    ...(service === "graph" ? { "request-id": id } : { "x-ms-request-id": id }),
    ...(service === "blob" ? { "x-ms-version": request.headers["x-ms-version"] ?? "2026-04-06" } : {}),
  };
  if (fault === "reset") return { status: 0, headers: {}, body: "", broken: "reset" };
  // A body of one byte has no half: it breaks before it.
  if (fault === "cut")
    return { status, headers, body: Buffer.from(reply.body).subarray(0, length >> 1), broken: "cut" };
  return { status, headers, body: reply.body };
}

interface BatchPart {
  readonly id: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}
function batchRequests(body: string): BatchPart[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    throw new BadRequest("The batch is not JSON.");
  }
  const requests = isJson(parsed) ? parsed.requests : undefined;
  if (!Array.isArray(requests)) throw new BadRequest("The batch has no requests.");
  return requests.map((part: unknown): BatchPart => {
    const { id, method, url, headers } = isJson(part) ? part : {};
    if (typeof id !== "string" || typeof url !== "string")
      throw new BadRequest("A request of the batch has no id or url.");
    const given =
      headers !== undefined && headers !== null && typeof headers === "object" ? Object.entries(headers) : [];
    return {
      id,
      method: String(method ?? "GET").toUpperCase(),
      url,
      headers: Object.fromEntries(given.map(([name, value]) => [name.toLowerCase(), String(value)])),
    };
  });
}
