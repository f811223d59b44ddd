/**
 * How close a crawl comes to what the tenant's limits allow: users, groups and memberships of a simulated
 * tenant, once by listing and once by delta; with `--estate` a whole scan (of `--items` files), and when it first answers.
 * Time is simulated (the throttles alone make it pass), requests are not.
 */
import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createEntra } from "../connectors/entra/index.ts";
import { minimumByDelta, minimumByListing } from "../simulator/stats.ts";
import { createTenant } from "../simulator/tenant.ts";
import { GRAPH_UNITS, GRAPH_WINDOW_MS } from "../simulator/throttle.ts";
import { crawl } from "../src/collect/crawl.ts";
import { createTransport } from "../src/collect/http.ts";
import { openInventory } from "../src/keep/inventory.ts";
import { scanEstate } from "./crawl-estate.ts";
import { line, Meter, megabytes } from "./meter.ts";
import { serveInProcess } from "./simulated.ts";

const USERS = 100_000;
const GROUPS = 20_000;
const MEMBERSHIPS = 500_000;

/** Resource units a second that the tenant allows one application. */
const ALLOWED = GRAPH_UNITS.L / (GRAPH_WINDOW_MS / 1000);

async function crawlIdentities(how: "list" | "delta"): Promise<void> {
  const tenant = createTenant({
    ...{ seed: 7, users: USERS, groups: GROUPS, memberships: MEMBERSHIPS, agents: 0, apps: 0 },
    ...{ subscriptions: 0, accounts: 0, containers: 0, items: 0 },
  });
  const { simulator, clock, transport: simulated, endpoints } = serveInProcess(tenant);
  const { signal } = new AbortController();
  const http = createTransport({
    ...{ tenantId: tenant.world.tenantId, cloud: "public", share: 1, tenantSize: "L", signal },
    ...simulated,
    endpoints,
    allow: ["GET graph /{path*}"],
    credential: () => ({ getToken: async () => ({ token: "simulated", expiresOnTimestamp: Infinity }) }),
  });
  const entra = createEntra({ how });
  const steps = entra.steps.filter(({ id }) => id === "entra.users" || id === "entra.groups");
  const folder = await mkdtemp(join(tmpdir(), "forereach-bench-"));
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  const meter = new Meter(USERS + GROUPS + MEMBERSHIPS);
  const started = clock.now();
  try {
    const { coverage } = await crawl({
      ...{ connectors: [{ ...entra, steps }], inventory, tenantId: tenant.world.tenantId, signal },
      ...{ http: (_connector, step) => http.restrict(step.reads), level: "metadata", mode: "full" },
      onEvent: (event) => event.type === "page" && meter.add(event.records),
    });
    const unread = coverage.filter(({ state }) => state !== "complete");
    if (unread.length > 0) throw new Error(`not everything was read: ${JSON.stringify(unread)}`);
  } finally {
    await inventory.close();
    await rm(folder, { recursive: true, force: true });
  }
  const seconds = (clock.now() - started) / 1000;
  const stats = simulator.stats();
  const least = how === "list" ? minimumByListing(tenant) : minimumByDelta(tenant);
  const allowed = stats.units / ALLOWED;
  process.stdout.write(`\n${how === "list" ? "By listing" : "By delta"}\n`);
  line("records", meter.records);
  line("elapsed, simulated", `${(seconds / 60).toFixed(2)} min`);
  line("resource units", stats.units);
  line("units / allowed rate", `${(allowed / 60).toFixed(2)} min (${ALLOWED} units/s)`);
  line("elapsed / allowed", (seconds / allowed).toFixed(3), "at most 1.1");
  line("requests", `${stats.requests} in ${stats.batches} batches and ${http.stats().requests} exchanges`);
  line("requests / minimum", (stats.requests / least.requests).toFixed(3), "at most 1.05");
  line("answers 429", stats.throttled, "0");
  line("CPU", `${meter.cpuSeconds().toFixed(1)} s (simulator, crawl and inventory)`);
  line("wall", `${meter.wallSeconds().toFixed(1)} s, load ${loadavg()[0]!.toFixed(1)}`);
  line("memory at 25, 50, 75, 100 %", meter.quarters.map(megabytes).join(", "), "flat");
}

const { values } = parseArgs({
  options: {
    how: { type: "string" },
    estate: { type: "boolean", default: false },
    items: { type: "string", default: "1600000" },
  },
});
if (values.estate) await scanEstate(Number(values.items));
else if (values.how === "list" || values.how === "delta") await crawlIdentities(values.how);
else {
  process.stdout.write(
    `Crawl of ${USERS.toLocaleString("en-US")} users, ${GROUPS.toLocaleString("en-US")} groups and ${MEMBERSHIPS.toLocaleString("en-US")} memberships\n`,
  );
  // A process each, so that neither stands on the other's memory.
  for (const how of ["list", "delta"]) {
    const { status } = spawnSync(process.execPath, [fileURLToPath(import.meta.url), "--how", how], {
      stdio: "inherit",
    });
    if (status !== 0) process.exitCode = 1;
  }
}
