/** A whole scan of a large simulated tenant: when it first answers, and when who-may-what is read. */
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { entra } from "../connectors/entra/index.ts";
import { createTenant } from "../simulator/tenant.ts";
import { openAnswers, scan } from "../src/app.ts";
import { line, Meter, megabytes } from "./meter.ts";
import { serveInProcess } from "./simulated.ts";

const SIZE = {
  ...{ users: 60_000, groups: 15_000, memberships: 300_000, agents: 4_000, apps: 3_000 },
  ...{ subscriptions: 20, accounts: 400, containers: 3_000 },
};

/** `items`: how many files there are besides, 1,600,000 for the whole estate. */
export async function scanEstate(items: number): Promise<void> {
  const tenant = createTenant({ seed: 11, ...SIZE, items, overexposed: true });
  const { users, groups, agents, blueprints, agentUsers, apps, managedIdentities } = tenant.size;
  const objects =
    users + groups + agents + blueprints + agentUsers + apps + managedIdentities + SIZE.containers + items;
  process.stdout.write(`Scan of ${objects.toLocaleString("en-US")} objects, ${users} of them users\n`);
  const { simulator, clock, transport, endpoints } = serveInProcess(tenant);
  const folder = await mkdtemp(join(tmpdir(), "forereach-bench-"));
  const meter = new Meter(3 * items);
  const started = clock.now();
  const minutes = () => (clock.now() - started) / 60_000;
  const moment = () =>
    `${minutes().toFixed(2)} min simulated, and at most ${(meter.wallSeconds() / 60).toFixed(2)} min of computing`;
  const identity = new Set(entra.steps.map(({ id }) => id));
  let first = true;
  let failure: unknown;
  const looks: Promise<void>[] = [];
  const look = async (): Promise<void> => {
    const at = moment();
    const answers = await openAnswers(folder);
    try {
      const { ranked } = await answers.ranking({});
      line("first answer", at, "5 min");
      line("first row", `${ranked[0]?.name ?? "none"}, ${answers.gaps.length} parts said to be unread`);
    } finally {
      await answers.close();
    }
  };
  try {
    await scan({
      ...{ folder, mode: "full", signal: new AbortController().signal },
      from: {
        ...{ kind: "simulator", endpoints },
        ...{ size: "L", transport },
      },
      onCrawl(event) {
        if (event.type === "page") meter.add(event.records);
        if (event.type !== "step-ended" || !identity.delete(event.step) || identity.size > 0) return;
        line("identity plane read", moment(), "60 min");
      },
      onEarly(early) {
        if ("error" in early) failure ??= early.error;
        else if (first) {
          first = false;
          looks.push(look());
        }
      },
    });
    await Promise.all(looks);
    if (failure !== undefined) throw failure;
    const { requests, units, throttled } = simulator.stats();
    line("whole scan", moment());
    line("records", meter.records);
    line("requests, units", `${requests.toLocaleString("en-US")}, ${units.toLocaleString("en-US")}`);
    line("answers 429", throttled, "0");
    line("CPU", `${meter.cpuSeconds().toFixed(0)} s (simulator, crawl, inventory and graphs)`);
    line("load", loadavg()[0]!.toFixed(1));
    line("memory at quarters", meter.quarters.map(megabytes).join(", "));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
