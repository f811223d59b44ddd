/** The rules of queries/derive on Neo4j itself give the rows that they give on the embedded engine. */
import { expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { openNeo4jScratch } from "../src/graph/store-neo4j-scratch.ts";
import { ask, newTenant, plainDriver, reachOf, serverOptions } from "./neo4j.ts";
import { storeContract } from "./store.contract.ts";

const TENANT = newTenant();

const contractStore = storeContract(async (stage) => {
  const store = openNeo4jScratch({ server: serverOptions(), tenant: TENANT });
  stage.onEnd(() => store.close());
  return store;
});

// Last, and in the store of the contract: for another one the server would plan every rule anew.
test("nothing of it is met by its readers' names, and nothing stays", async () => {
  const driver = plainDriver();
  try {
    const store = contractStore();
    const base = `Scratch_${tenantLabel(TENANT)}`;
    const ofIt = "any(l IN labels(n) WHERE l STARTS WITH $base)";
    const count = `MATCH (n) WHERE ${ofIt} RETURN count(n) AS n`;
    const met = `MATCH (n:Agent|Scope|Principal) WHERE ${ofIt} RETURN count(n) AS n`;
    const indexes = "SHOW INDEXES YIELD name WHERE name STARTS WITH $base RETURN count(*) AS n";
    expect((await reachOf(store)).length).toBeGreaterThan(0);
    for (const cypher of [count, indexes])
      expect(Number((await ask(driver, cypher, { base }))[0]?.n)).toBeGreaterThan(0);
    expect(await ask(driver, met, { base })).toEqual([{ n: 0 }]);
    await store.close();
    for (const cypher of [count, indexes]) expect(await ask(driver, cypher, { base })).toEqual([{ n: 0 }]);
  } finally {
    await driver.close();
  }
});
