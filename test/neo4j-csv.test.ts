/** The same snapshot gives the same bytes, whether its graph is asked on Neo4j or in the file beside the inventory. */
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { type Ended, newFolder, run, serve, smallTenant } from "./e2e/cli.ts";
import { PEOPLE } from "./e2e/people-records.ts";
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

interface Both {
  neo4j: string;
  embedded: string;
}
/** Asks both stores, or the one on the server as a person would. */
interface Stores {
  tenant: string;
  both(question: readonly string[]): Promise<Both>;
  neo4j(question: readonly string[]): Promise<Ended>;
}

/** Scans once, and imports more. The store that publishes derives beside the inventory, so that both are there. */
async function scanned(source: readonly string[], more: readonly unknown[] = []): Promise<Stores> {
  const [data, copy, place] = [newFolder(), newFolder(), newFolder()];
  const { uri, user } = serverOptions();
  const config = join(place, "forereach.yaml");
  // The tenant of a configuration is not the one that a simulator or a recording is of; its store is.
  const tenantsOf = [{ id: "11111111-2222-3333-4444-555555555555", connectors: {} }];
  writeFileSync(config, JSON.stringify({ store: { kind: "neo4j", uri, user }, tenants: tenantsOf }));
  const asPerson = (args: readonly string[], folder: string) =>
    run([...args, "--config", config], { folder });
  const ended = async (args: readonly string[], folder: string): Promise<string> => {
    const { code, stdout, stderr } = await asPerson(args, folder);
    // A recording lacks parts: 3 says so.
    expect([0, 3], stderr).toContain(code);
    return stdout;
  };
  await ended(["scan", ...source], data);
  if (more.length > 0) {
    const file = join(place, "more.jsonl");
    writeFileSync(file, more.map((line) => JSON.stringify(line)).join("\n"));
    await ended(["import", file], data);
  }
  const file = join(data, "graph.json");
  const { store, ...meta } = JSON.parse(readFileSync(file, "utf8")) as { store?: unknown; tenant: string };
  expect(store).toMatchObject({ kind: "neo4j" });
  tenants.add(meta.tenant);
  cpSync(data, copy, { recursive: true });
  writeFileSync(join(copy, "graph.json"), JSON.stringify(meta));
  return {
    tenant: meta.tenant,
    both: async (question) => ({ neo4j: await ended(question, data), embedded: await ended(question, copy) }),
    neo4j: (question) => asPerson(question, data),
  };
}

const ALL = ["reach", "--all", "--expand", "--format", "csv"];
const rowsIn = (csv: string): number => csv.split("\r\n").length - 2;

test("a simulated tenant, and who of an agent's people gains, is the same from Neo4j and from the embedded store", async () => {
  const simulator = await serve({ tenant: smallTenant() });
  const { both, neo4j, tenant } = await scanned(["--simulator", simulator.url], PEOPLE);
  const all = await both(ALL);
  expect(rowsIn(all.neo4j)).toBeGreaterThan(20);
  expect(all.neo4j).toBe(all.embedded);
  const said = await both(["reach", "Help desk", "--people"]);
  expect(said.neo4j).toBe(said.embedded);
  expect(said.neo4j).toMatch(/maker: 2 people may use it; 1 person gains/);
  expect(said.neo4j).toMatch(/on-behalf-of: 2 people may use it; most: Clerk Amber 17/);

  // What the server does not know it matches with nothing; that no tenant can have it is no answer but an error.
  for (const [asked, message] of [
    ["MATCH (n:Agnet) RETURN n", /no kind "Agnet" \(line 1, column 10\); did you mean Agent\?/],
    ["MATCH (p:Publication) RETURN p", /no kind "Publication"/],
    ["MATCH (a:Agent) WHERE a.statuz = 'x' RETURN a.id", /no property "statuz"; did you mean status\?/],
  ] as const) {
    const refused = await neo4j(["query", asked]);
    expect(refused.stderr).toMatch(message);
    expect(refused.code).toBe(2);
  }
  const none = await neo4j(["query", "MATCH (b:Blueprint)<-[:GATES]-(p:Policy) RETURN p.residual"]);
  expect(none.stderr).not.toMatch(/query-unknown-name|no kind|no property/);

  // While somebody publishes, answers are not whole, and coverage says that they may mix two states.
  await ask(driver, "MATCH (p:Publication {tenant: $tenant}) SET p.state = 'publishing'", { tenant });
  const query = await neo4j(["query", "MATCH (a:Agent) RETURN a.id LIMIT 1"]);
  expect(query.code).toBe(3);
  expect(query.stderr).toMatch(/^Incomplete: /);
  expect((await neo4j(["coverage"])).stdout).toMatch(/neo4j\.publication.*being published/);
});

test.skipIf(!existsSync(RECORDING))(
  "a recorded tenant is the same from Neo4j and from the embedded store",
  async () => {
    const { both } = await scanned(["--replay", RECORDING, "--agents", "service-principals"]);
    const all = await both(ALL);
    expect(rowsIn(all.neo4j)).toBeGreaterThan(20);
    expect(all.neo4j).toBe(all.embedded);
  },
);
