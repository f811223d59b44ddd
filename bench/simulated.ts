/** A simulated tenant in this process: no sockets, and a clock that jumps. */

import { createSimulatorHandler, type Simulator } from "../simulator/handler.ts";
import type { Tenant } from "../simulator/tenant.ts";
import {
  BrokenExchange,
  type Clock,
  simulatedClock,
  ThrottleRegistry,
  type Wire,
} from "../src/collect/http.ts";

export interface SimulatedService {
  simulator: Simulator;
  clock: Clock;
  /** What a transport needs to read from here. */
  transport: { wire: Wire; clock: Clock; throttles: ThrottleRegistry };
  endpoints: { graph: string; arm: string; blob: string };
}

const HOST = "https://simulator.example";

/** Its throttle is on; its answers take no time of their own, so that the request budget alone sets the pace. */
export function serveInProcess(tenant: Tenant): SimulatedService {
  const clock = simulatedClock(Date.parse("2026-01-01T00:00:00Z"));
  const unhurried = new AbortController().signal;
  const simulator = createSimulatorHandler({
    tenant,
    throttle: { size: "L" },
    clock: { now: clock.now, sleep: (ms) => clock.sleep(ms, unhurried) },
  });
  const wire: Wire = async ({ method, url, headers, body }) => {
    const answer = await simulator.handle(method, url.href, headers, body);
    if (answer.broken !== undefined) throw new BrokenExchange("network", answer.broken);
    return { status: answer.status, headers: answer.headers, bytes: Buffer.from(answer.body) };
  };
  return {
    simulator,
    clock,
    transport: { wire, clock, throttles: new ThrottleRegistry() },
    endpoints: { graph: HOST, arm: HOST, blob: `${HOST}/blob` },
  };
}
