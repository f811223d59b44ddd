/** A folder holds what one tenant is known by, whoever brings it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serveInProcess } from "../bench/simulated.ts";
import { createTenant, type Tenant } from "../simulator/tenant.ts";
import { importFile, scan } from "../src/app.ts";
import { openInventory } from "../src/keep/inventory.ts";
import { readMeta } from "../src/keep/meta.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "forereach-tenant-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tenantOf = (seed: number): Tenant =>
  createTenant({
    ...{ seed, users: 4, groups: 2, memberships: 4, agents: 2, apps: 1 },
    ...{ subscriptions: 0, accounts: 0, containers: 0, items: 0 },
  });
const OURS = tenantOf(1);
const OTHER = tenantOf(2);

const read = (tenant: Tenant) => {
  const { transport, endpoints } = serveInProcess(tenant);
  return scan({
    ...{ folder, mode: "delta", early: false, signal: new AbortController().signal },
    from: { kind: "simulator", endpoints, transport },
  });
};
const importPlace = () => {
  const file = join(folder, "places.jsonl");
  writeFileSync(file, '{"put":{"kind":"Scope","id":"s1","props":{"kind":"Site"}}}\n');
  return importFile({ folder, file });
};
const snapshot = async () => {
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  const { id } = await inventory.snapshot();
  await inventory.close();
  return id;
};

test("a scan of another tenant is refused, and changes nothing", async () => {
  const { tenant } = await read(OURS);
  expect(tenant).toBe(OURS.world.tenantId);
  const before = await snapshot();
  await expect(read(OTHER)).rejects.toMatchObject({
    ...{ code: "other-tenant", fix: expect.stringContaining("--data") },
    message: expect.stringContaining(tenant),
  });
  expect(await snapshot()).toBe(before);
}, 300_000);

test("a first scan that was stopped has said whose the folder is", async () => {
  const { transport, endpoints } = serveInProcess(OURS);
  const stopped = new AbortController();
  const from = { kind: "simulator", endpoints, transport } as const;
  const first = scan({
    ...{ folder, mode: "delta", early: false, signal: stopped.signal, from },
    onCrawl: () => stopped.abort(),
  });
  await expect(first).rejects.toMatchObject({ code: "interrupted" });
  await expect(read(OTHER)).rejects.toMatchObject({ code: "other-tenant" });
}, 300_000);

test("an import keeps the tenant of the folder, also without its graph, and a folder of imports is anybody's", async () => {
  expect((await importPlace()).meta.tenant).toBe("import");
  const { tenant, tenantName } = await read(OURS);
  expect(tenant).toBe(OURS.world.tenantId);
  rmSync(join(folder, "graph.json"));
  expect((await importPlace()).meta).toMatchObject({ tenant, tenantName });
}, 300_000);

test("a folder of a version that said its tenant in the graph alone is that tenant's", async () => {
  await read(OURS);
  const inventory = await openInventory(join(folder, "inventory.duckdb"));
  const kept = await inventory.tenant();
  await inventory.close();
  rmSync(join(folder, "inventory.duckdb"));
  expect((await readMeta(folder)).tenant).toBe(kept?.id);
  await expect(read(OTHER)).rejects.toMatchObject({ code: "other-tenant" });
}, 300_000);
