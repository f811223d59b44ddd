/** The rules of queries/derive on Neo4j itself give the rows that they give on the embedded engine. */
import { expect, test } from "vitest";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { openNeo4jScratch } from "../src/graph/store-neo4j-scratch.ts";
import { LIBRARY } from "./library.ts";
import { ask, fill, newTenant, plainDriver, reachOf, Stage, serverOptions } from "./neo4j.ts";
import { storeContract } from "./store.contract.ts";

const TENANT = newTenant();

storeContract(async (stage) => {
  const store = openNeo4jScratch({ server: serverOptions(), tenant: TENANT });
  stage.onEnd(() => store.close());
  return store;
});

test("nothing of it is met by its readers' names, and nothing stays", async () => {
  const stage = new Stage();
  const driver = plainDriver();
  try {
    // The tenant of the tests above, which are over: its statements are planned.
    const store = openNeo4jScratch({ server: serverOptions(), tenant: TENANT });
    const base = `Scratch_${tenantLabel(TENANT)}`;
    const count = "MATCH (n) WHERE any(l IN labels(n) WHERE l STARTS WITH $base) RETURN count(n) AS n";
    const met =
      "MATCH (n:Agent|Scope|Principal) WHERE any(l IN labels(n) WHERE l STARTS WITH $base) RETURN count(n) AS n";
    await fill(store, LIBRARY, stage);
    expect((await reachOf(store)).length).toBeGreaterThan(5);
    expect(await ask(driver, met, { base })).toEqual([{ n: 0 }]);
    await store.close();
    expect(await ask(driver, count, { base })).toEqual([{ n: 0 }]);
    expect(
      await ask(driver, "SHOW INDEXES YIELD name WHERE name STARTS WITH $base RETURN count(*) AS n", {
        base,
      }),
    ).toEqual([{ n: 0 }]);
  } finally {
    await stage.end();
    await driver.close();
  }
});
