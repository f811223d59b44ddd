/** The simulated tenant: `forereach demo` scans it, `forereach simulate` serves it. */
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { extname } from "node:path";
import { Worker } from "node:worker_threads";
import { startSimulator } from "../../simulator/server.ts";
import { createTenant } from "../../simulator/tenant.ts";
import type { Serving } from "../../simulator/worker.ts";
import { acceptGap, scan } from "../app.ts";
import type { Screen } from "./screen.ts";

export interface DemoOptions {
  folder: string;
  seed: number;
  signal: AbortSignal;
  screen: Screen;
}

/** Far enough ahead that a demo never ends in a gap that nobody accepts. */
const ACCEPTED_UNTIL = "2099-12-31";

/** Scans a tenant that throttles, breaks off and refuses one part; accepts that one part. */
export async function runDemo({ folder, seed, signal, screen }: DemoOptions): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  const file = new URL(`../../simulator/worker${extname(import.meta.url)}`, import.meta.url);
  const simulator = new Worker(file, { workerData: seed });
  let refusedContainer: string;
  try {
    // Rejects if the thread fails.
    const [serving] = (await once(simulator, "message")) as [Serving];
    ({ refusedContainer } = serving);
    await scan({
      folder,
      signal,
      mode: "full",
      early: false,
      from: { kind: "simulator", endpoints: serving.endpoints, size: "L" },
      ...screen.events,
    });
  } finally {
    await simulator.terminate();
  }
  await acceptGap(
    folder,
    "azure.blobs",
    refusedContainer.toLowerCase(),
    "the demo refuses one container, to show a gap",
    ACCEPTED_UNTIL,
  );
}

export interface SimulateOptions {
  seed: number;
  agents: number;
  users: number;
  groups: number;
  items: number;
  port: number;
}

/** Serves a tenant until `signal` is raised. */
export async function serveSimulator(
  options: SimulateOptions,
  signal: AbortSignal,
  say: (text: string) => void,
): Promise<void> {
  const { seed, agents, users, groups, items, port } = options;
  const tenant = createTenant({
    seed,
    users,
    groups,
    memberships: users * 4,
    agents,
    apps: Math.ceil(agents / 6),
    subscriptions: 6,
    accounts: Math.max(6, Math.ceil(items / 1_000)),
    containers: Math.max(12, Math.ceil(items / 125)),
    items,
    overexposed: true,
  });
  const simulator = await startSimulator({ tenant, port });
  say(
    `Tenant ${tenant.world.tenantId} at ${simulator.url} (Graph and ARM; blobs below ${simulator.url}/blob). Ctrl-C stops it.\nRead it with: forereach scan --simulator ${simulator.url}\n`,
  );
  await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
  await simulator.stop();
}
