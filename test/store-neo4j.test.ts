import { expect, test } from "vitest";
import { publishedPairs, reachByLevels } from "../bench/neo4j-tasks.ts";
import { tenantLabel } from "../src/graph/generate-neo4j.ts";
import { connectNeo4j } from "../src/graph/store-neo4j-server.ts";
import type { Row } from "../src/model.ts";
import { emptyTenant, fill, plainDriver, Stage, serverOptions } from "./neo4j.ts";
import { storeContract } from "./store.contract.ts";

// What it publishes is what the reference derived: deriving it twice would show nothing more.
storeContract(
  (stage, reference) => {
    const driver = plainDriver();
    stage.onEnd(() => driver.close());
    const { tenant, end } = emptyTenant(driver);
    stage.onEnd(end);
    return stage.neo4j(tenant, reference);
  },
  { own: false },
);

test("every agent's reach by levels, as the bench asks for it, has the pairs of CAN_REACH", async ({
  skip,
}) => {
  const stage = new Stage();
  const driver = plainDriver();
  stage.onEnd(() => driver.close());
  const { agent = "" } = await driver.getServerInfo();
  if (/5\.(1\d|2[0-2])\./.test(agent)) skip("servers before 5.23 have no CALL (x) { }");
  const { tenant, end } = emptyTenant(driver);
  stage.onEnd(end);
  try {
    const store = await stage.neo4j(tenant, await stage.embedded());
    await fill(store, [...estate()], stage);
    const connection = await connectNeo4j(serverOptions());
    stage.onEnd(() => connection.close());
    const label = tenantLabel(tenant);
    // The group's place, the list and the one below it, the resource group and both accounts of which keys may be listed,
    // and the managed account, which has a second row for what managing could add.
    expect(await publishedPairs(connection, label)).toEqual({ rows: 7, note: "pairs, in 8 rows" });
    expect(await reachByLevels(connection, label)).toEqual({ rows: 7, note: "5 of them with all below" });
  } finally {
    await stage.end();
  }
});

/** Each way of the bench's estate to a place, once. */
function* estate(): Generator<string> {
  const node = (kind: string, id: string, props: Row) => JSON.stringify({ put: { kind, id, props } });
  const rel = (kind: string, from: [string, string], to: [string, string], props: Row = {}) =>
    JSON.stringify({
      put: { kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props },
    });
  const grant = (from: string, to: string, flow: string, rights: Row) =>
    rel("GRANTED", ["Principal", from], ["Scope", to], {
      ...{ key: `${from} ${to}`, flow, source: "role", see: true, tier: "now", certainty: "exact" },
      ...rights,
    });
  yield node("Agent", "agent", { kind: "AgentIdentity", name: "Agent" });
  yield node("Principal", "agent", { kind: "AgentIdentity", enabled: true });
  yield node("Principal", "group", { kind: "Group" });
  yield rel("ACTS_AS", ["Agent", "agent"], ["Principal", "agent"], { key: "app", mode: "app" });
  yield rel("MEMBER_OF", ["Principal", "agent"], ["Principal", "group"]);
  for (const [id, kind, plane, above] of [
    ["/s", "Subscription", "azure", undefined],
    ["/s/r", "ResourceGroup", "azure", "/s"],
    ["/s/r/a1", "StorageAccount", "azure", "/s/r"],
    ["/s/r/a2", "StorageAccount", "azure", "/s/r"],
    ["/s/q", "ResourceGroup", "azure", "/s"],
    ["/s/q/a3", "StorageAccount", "azure", "/s/q"],
    ["/s/q/a3/c", "Container", "azure", "/s/q/a3"],
    ["/s/q/a4", "StorageAccount", "azure", "/s/q"],
    ["site", "Site", "sharepoint", undefined],
    ["list", "List", "sharepoint", "site"],
  ] as const) {
    yield node("Scope", id, { kind, plane, name: id });
    if (above !== undefined) yield rel("WITHIN", ["Scope", id], ["Scope", above]);
  }
  yield rel("INHERITS", ["Scope", "list"], ["Scope", "site"]);
  yield grant("group", "/s/q/a3/c", "containment", { read: true });
  yield grant("agent", "/s/r", "containment", { listKeys: true });
  yield grant("agent", "/s/q/a4", "containment", { assign: true });
  yield grant("group", "site", "acl", { read: true });
}
