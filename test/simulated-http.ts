/** A transport to a simulated tenant in this process: no sockets, no waiting, and a test may step in between. */
import { createSimulatorHandler } from "../simulator/handler.ts";
import type { Tenant } from "../simulator/tenant.ts";
import {
  createTransport,
  simulatedClock,
  type TenantTransport,
  ThrottleRegistry,
} from "../src/collect/http.ts";

export const HOST = "https://simulator.example";

export interface SimulatedHttp {
  http: TenantTransport;
  /** `METHOD path?query` of every request, decoded. */
  requests: string[];
}

export interface Between {
  /** A status to answer a request with, instead of the simulator. */
  refuse?: (request: string) => number | undefined;
  /** Changes a request before it is answered. */
  ask?: (url: URL) => void;
  /** Changes the text of an answer. */
  edit?: (text: string) => string;
}

/** `reads`: what may leave. */
export function simulatedHttp(
  tenant: Tenant,
  reads: readonly string[],
  { refuse, ask, edit = (text) => text }: Between = {},
): SimulatedHttp {
  const simulator = createSimulatorHandler({ tenant, throttle: { enabled: false } });
  const requests: string[] = [];
  const http = createTransport({
    ...{ tenantId: tenant.world.tenantId, cloud: "public", share: 1, signal: new AbortController().signal },
    ...{ clock: simulatedClock(Date.parse("2026-01-01T00:00:00Z")), throttles: new ThrottleRegistry() },
    allow: reads,
    endpoints: { graph: HOST, arm: HOST, blob: `${HOST}/blob` },
    credential: () => ({
      getToken: async () => ({ token: "simulated", expiresOnTimestamp: Number.POSITIVE_INFINITY }),
    }),
    wire: async ({ method, url, headers, body }) => {
      const request = `${method} ${decodeURIComponent(url.pathname + url.search)}`;
      requests.push(request);
      const refused = refuse?.(request);
      if (refused !== undefined) return { status: refused, headers: {}, bytes: Buffer.alloc(0) };
      const asked = new URL(url);
      ask?.(asked);
      const answer = await simulator.handle(method, asked.href, headers, body);
      return {
        status: answer.status,
        headers: answer.headers,
        bytes: Buffer.from(edit(String(answer.body))),
      };
    },
  });
  return { http, requests };
}
