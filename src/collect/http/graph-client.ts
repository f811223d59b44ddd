/** Microsoft Graph through its SDK, whose chain of middleware ends in our exchange. */
import {
  Client,
  type Context,
  type GraphRequest,
  type Middleware,
  type MiddlewareOptions,
  ResponseType,
} from "@microsoft/microsoft-graph-client";
import type { AllowList } from "./allow.ts";
import { notAllowed } from "./allow.ts";
import { addressOf, type Endpoint } from "./endpoints.ts";
import type { Call, Exchange, Send } from "./exchange.ts";

export interface GraphCall {
  /** `/v1.0/users?$top=999`, or a link from an answer, which is sent as it is. */
  path: string;
  headers?: Readonly<Record<string, string>> | undefined;
  units?: number | undefined;
  /** JSON of a `$batch`. */
  body?: string;
  allow: AllowList;
}

export type GraphSend = (call: GraphCall) => Promise<Exchange>;

/**
 * What the SDK carries through its chain unseen. It rebuilds addresses (reordering parameters, while a page
 * link must be followed verbatim) and wraps errors (losing ours), so both travel here.
 */
class Passenger implements MiddlewareOptions {
  readonly call: Omit<Call, "service" | "method" | "headers">;
  outcome: { exchange: Exchange } | { error: unknown } | undefined;
  constructor(call: Omit<Call, "service" | "method" | "headers">) {
    this.call = call;
  }
}

/** Graph calls at one endpoint. Retries are the exchange's: the SDK's own handlers are not in the chain. */
export function graphSender(send: Send, endpoint: Endpoint): GraphSend {
  const middleware: Middleware = {
    async execute(context: Context) {
      const passenger = context.middlewareControl?.getMiddlewareOptions(Passenger);
      if (!(passenger instanceof Passenger)) throw notAllowed("a Graph request of unknown origin");
      try {
        const exchange = await send({
          ...passenger.call,
          service: "graph",
          method: context.options?.method ?? "GET",
          headers: plainHeaders(context.options?.headers),
        });
        passenger.outcome = { exchange };
        // Our callers read the parsed body from the exchange: parsing it twice would double the work.
        context.response = new Response(null, { status: exchange.status, headers: { ...exchange.headers } });
      } catch (error) {
        passenger.outcome = { error };
        throw error;
      }
    },
  };
  const client = Client.initWithMiddleware({
    middleware,
    baseUrl: endpoint.base.href,
    defaultVersion: "v1.0",
  });

  return async (call) => {
    const url = addressOf(call.path, endpoint.base);
    if (url === undefined) throw notAllowed(`GET graph ${call.path.split("?")[0]}`);
    const passenger = new Passenger({
      url,
      endpoint,
      allow: call.allow,
      units: call.units,
      ...(call.body === undefined ? {} : { body: call.body }),
    });
    const request: GraphRequest = client
      .api(call.path)
      .headers({ ...call.headers })
      .responseType(ResponseType.RAW)
      .middlewareOptions([passenger]);
    try {
      await (call.body === undefined ? request.get() : request.post(call.body));
    } catch (error) {
      throw passenger.outcome !== undefined && "error" in passenger.outcome ? passenger.outcome.error : error;
    }
    if (passenger.outcome === undefined || "error" in passenger.outcome)
      throw notAllowed("a Graph request without an answer");
    return passenger.outcome.exchange;
  };
}

function plainHeaders(headers: RequestInit["headers"]): Record<string, string> {
  return Object.fromEntries(new Headers(headers));
}
