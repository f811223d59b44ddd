/** A server on loopback that answers as a test says: the fake at the network's edge. */
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import {
  createTransport,
  simulatedClock,
  ThrottleRegistry,
  type TransportOptions,
} from "../src/collect/http.ts";

export interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface Loopback {
  /** `http://127.0.0.1:port` */
  url: string;
  /** Requests in the order of arrival. */
  seen: Seen[];
  close(): Promise<void>;
}

export type Answerer = (request: Seen, response: ServerResponse, index: number) => void;

export async function startLoopback(answer: Answerer): Promise<Loopback> {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const one: Seen = {
        method: request.method ?? "",
        url: request.url ?? "",
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      seen.push(one);
      answer(one, response, seen.length - 1);
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `http://127.0.0.1:${address.port}`,
    seen,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

export function json(
  response: ServerResponse,
  body: unknown,
  status = 200,
  headers: Record<string, string> = {},
): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    ...headers,
  });
  response.end(text);
}

/** A transport to a loopback server, with simulated time and throttles of its own. */
export function loopbackTransport(url: string, options: Partial<TransportOptions> = {}) {
  return createTransport({
    tenantId: "tenant",
    cloud: "public",
    credential: () => ({
      getToken: async () => ({ token: "secret-token", expiresOnTimestamp: Number.MAX_SAFE_INTEGER }),
    }),
    allow: [
      "GET graph /v1.0/users",
      "GET graph /v1.0/users/delta",
      "GET graph /v1.0/users/{id}",
      "GET graph /v1.0/groups/{id}/members",
      "GET arm /subscriptions",
      "GET arm /{scope*}/providers/Microsoft.Authorization/roleAssignments",
      "GET blob /{container}",
      "GET blob /{container}/{path*}",
    ],
    share: 0.5,
    signal: new AbortController().signal,
    endpoints: { graph: url, arm: url, blob: url },
    throttles: new ThrottleRegistry(),
    clock: simulatedClock(Date.parse("2026-01-01T00:00:00Z")),
    random: () => 0.5,
    ...options,
  });
}
