/** The same snapshot gives the same bytes, whether its graph is asked on Neo4j or in the file beside the inventory. */
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { newFolder, run, serve, smallTenant } from "./e2e/cli.ts";
import { ask, plainDriver, serverOptions } from "./neo4j.ts";

const RECORDING = join(import.meta.dirname, "../../shared/inputs/tenant-a/exchanges.jsonl");

const driver = plainDriver();
const tenants = new Set<string>();
beforeAll(() => {
  if (!existsSync(RECORDING)) process.stderr.write(`Skipped: there is no ${RECORDING}\n`);
});
afterAll(async () => {
  for (const tenant of tenants) {
    await ask(driver, `MATCH (n:\`${tenantLabel(tenant)}\`) DETACH DELETE n`);
    await ask(driver, "MATCH (p:Publication {tenant: $tenant}) DELETE p", { tenant });
  }
  await driver.close();
});

/** Scans once, and asks both stores. The store that publishes derives beside the inventory, so that both are there. */
async function csvOf(source: readonly string[]): Promise<{ neo4j: string; embedded: string }> {
  const [data, copy] = [newFolder(), newFolder()];
  const { uri, user } = serverOptions();
  const config = join(newFolder(), "forereach.yaml");
  // The tenant of a configuration is not the one that a simulator or a recording is of; its store is.
  const tenantsOf = [{ id: "11111111-2222-3333-4444-555555555555", connectors: {} }];
  writeFileSync(config, JSON.stringify({ store: { kind: "neo4j", uri, user }, tenants: tenantsOf }));
  const reach = async (folder: string): Promise<string> => {
    const { code, stdout, stderr } = await run(
      ["reach", "--all", "--expand", "--format", "csv", "--config", config],
      { folder },
    );
    // A recording lacks parts: 3 says so.
    expect([0, 3], stderr).toContain(code);
    return stdout;
  };
  const scanned = await run(["scan", ...source, "--config", config], { folder: data });
  expect([0, 3], scanned.stderr).toContain(scanned.code);
  const file = join(data, "graph.json");
  const { store, ...meta } = JSON.parse(readFileSync(file, "utf8")) as { store?: unknown; tenant: string };
  expect(store).toMatchObject({ kind: "neo4j" });
  tenants.add(meta.tenant);
  cpSync(data, copy, { recursive: true });
  writeFileSync(join(copy, "graph.json"), JSON.stringify(meta));
  return { neo4j: await reach(data), embedded: await reach(copy) };
}

const rowsIn = (csv: string): number => csv.split("\r\n").length - 2;

describe("reach --all --expand as CSV is the same from Neo4j and from the embedded store", () => {
  test("for a simulated tenant", async () => {
    const simulator = await serve({ tenant: smallTenant() });
    const { neo4j, embedded } = await csvOf(["--simulator", simulator.url]);
    expect(rowsIn(neo4j)).toBeGreaterThan(20);
    expect(neo4j).toBe(embedded);
  });

  test.skipIf(!existsSync(RECORDING))("for a recorded tenant", async () => {
    const { neo4j, embedded } = await csvOf(["--replay", RECORDING, "--agents", "service-principals"]);
    expect(rowsIn(neo4j)).toBeGreaterThan(20);
    expect(neo4j).toBe(embedded);
  });
});
