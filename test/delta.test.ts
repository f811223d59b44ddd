/** After a delta pass the inventory says what a fresh full pass would say, however people and groups came and went. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, expect, test } from "vitest";
import { serveInProcess } from "../bench/simulated.ts";
import { createEntra } from "../connectors/entra/index.ts";
import { createTenant, type Tenant } from "../simulator/tenant.ts";
import { crawl } from "../src/collect/crawl.ts";
import { createTransport } from "../src/collect/http.ts";
import { type Inventory, type OpenPass, openInventory } from "../src/keep/inventory.ts";

const STEPS = ["entra.users", "entra.groups", "entra.service-principals", "entra.agent-identities"];

const tenantOf = (seed: number, memberships = 160): Tenant =>
  createTenant({
    ...{ seed, users: 30, groups: 16, memberships, agents: 6, apps: 3 },
    ...{ subscriptions: 0, accounts: 0, containers: 0, items: 0 },
  });

/** Reads people, groups and agents of the tenant as it is now. */
async function read(tenant: Tenant, inventory: Inventory, mode: "full" | "delta"): Promise<void> {
  const { transport, endpoints } = serveInProcess(tenant);
  const { signal } = new AbortController();
  const entra = createEntra();
  const http = createTransport({
    ...{ tenantId: tenant.world.tenantId, cloud: "public", share: 1, signal, endpoints, ...transport },
    allow: ["GET graph /{path*}"],
    credential: () => ({ getToken: async () => ({ token: "simulated", expiresOnTimestamp: Infinity }) }),
  });
  await crawl({
    connectors: [{ ...entra, steps: entra.steps.filter(({ id }) => STEPS.includes(id)) }],
    ...{ inventory, http, tenantId: tenant.world.tenantId, level: "metadata", mode, signal },
  });
}

let files: DuckDBConnection;
beforeAll(async () => {
  files = await (await DuckDBInstance.create(":memory:")).connect();
});
afterAll(() => files?.closeSync());

/** Everything that a snapshot exports, as text in a fixed order; and its id. */
async function contentOf(inventory: Inventory): Promise<{ id: string; rows: string[] }> {
  const folder = mkdtempSync(join(tmpdir(), "forereach-delta-"));
  const snapshot = await inventory.snapshot();
  try {
    const rows: string[] = [];
    for (const { kind, file, rows: count } of await snapshot.export(folder)) {
      // Of most kinds these tenants have none, and to open so many files takes longer than the crawl.
      if (count === 0) continue;
      const result = await files.runAndReadAll(`SELECT * FROM read_parquet('${file}')`);
      for (const row of result.getRowObjectsJson()) rows.push(`${kind} ${JSON.stringify(row)}`);
    }
    return { id: snapshot.id, rows: rows.sort() };
  } finally {
    await snapshot.release();
    rmSync(folder, { recursive: true, force: true });
  }
}

const GAP = { step: "entra.groups", scope: "g", state: "denied", reason: "403" } as const;

const unread = async (inventory: Inventory) =>
  (await inventory.coverage()).filter(({ state }) => state !== "complete");

// In these tenants no group that hides its members ever shows none: that is a gap, and a gap deletes nothing.
test.each([4, 5, 11, 14, 18])(
  "after many random changes a delta pass equals a full one (tenant %i)",
  async (seed) => {
    const tenant = tenantOf(seed);
    const followed = await openInventory(":memory:");
    await read(tenant, followed, "full");
    for (let round = 0; round < 8; round++) {
      tenant.change(5 + 17 * (round % 3));
      // Now and then only the whole is read: what was known of those who are gone must end then, too.
      await read(tenant, followed, round === 5 ? "full" : "delta");
      const fresh = await openInventory(":memory:");
      await read(tenant, fresh, "full");
      const [ours, theirs] = [await contentOf(followed), await contentOf(fresh)];
      expect({
        missing: theirs.rows.filter((row) => !ours.rows.includes(row)),
        stale: ours.rows.filter((row) => !theirs.rows.includes(row)),
        unread: await unread(followed),
      }).toEqual({ missing: [], stale: [], unread: [] });
      expect(await unread(fresh)).toEqual([]);
      expect(ours.id).toBe(theirs.id);
      await fresh.close();
    }
    await followed.close();
    const kinds = new Set(tenant.events.map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual(["agent", "group", "member", "user"]);
  },
  300_000,
);

// In these one of the groups hides its members and shows none.
test.each([30, 33])(
  "where a group hides its members, memberships in all others end when they end (tenant %i)",
  async (seed) => {
    const tenant = tenantOf(seed, 24);
    const followed = await openInventory(":memory:");
    await read(tenant, followed, "full");
    const hiding = (await unread(followed)).map(({ scope }) => scope).filter((scope) => scope !== "");
    expect(hiding.length).toBeGreaterThan(0);
    tenant.change(40);
    await read(tenant, followed, "delta");
    const fresh = await openInventory(":memory:");
    await read(tenant, fresh, "full");
    const [ours, theirs] = [await contentOf(followed), await contentOf(fresh)];
    expect({
      missing: theirs.rows.filter((row) => !ours.rows.includes(row)),
      stale: ours.rows.filter((row) => !theirs.rows.includes(row) && !hiding.some((id) => row.includes(id))),
    }).toEqual({ missing: [], stale: [] });
    await fresh.close();
    await followed.close();
  },
);

const memberships = async (inventory: Inventory): Promise<number> =>
  (await contentOf(inventory)).rows.filter((row) => row.startsWith("MEMBER_OF")).length;

test("who is restored is a member again, though no answer says so", async () => {
  const tenant = tenantOf(9);
  const inventory = await openInventory(":memory:");
  await read(tenant, inventory, "full");
  const before = await memberships(inventory);
  const { directory, events } = tenant;
  const change = async (removed: boolean) => {
    directory.changedUsers.set(3, { removed });
    directory.changedGroups.set(2, { removed });
    (events as unknown[]).push({ kind: "user", index: 3 }, { kind: "group", index: 2 });
    await read(tenant, inventory, "delta");
    return memberships(inventory);
  };
  expect(await change(true)).toBeLessThan(before);
  expect(await change(false)).toBe(before);
  await inventory.close();
});

test("a list of users that had to be read anew ends what members held who are not in it", async () => {
  const tenant = tenantOf(10);
  const inventory = await openInventory(":memory:");
  await read(tenant, inventory, "full");
  const before = await memberships(inventory);
  tenant.directory.changedUsers.set(3, { removed: true });
  // Its token is forgotten, as after a 410; groups go on by delta and say nothing of the user.
  const open = await inventory.begin("entra.users", "", { mode: "delta", fingerprint: "other" });
  await open.restart();
  await read(tenant, inventory, "delta");
  expect(await memberships(inventory)).toBeLessThan(before);
  const fresh = await openInventory(":memory:");
  await read(tenant, fresh, "full");
  expect(await contentOf(inventory)).toEqual(await contentOf(fresh));
  await fresh.close();
  await inventory.close();
});

test.each([
  ["refused", async (open: OpenPass) => open.abandon({ state: "denied", reason: "403" })],
  ["read with gaps", async (open: OpenPass) => open.finish({ changes: [], gaps: [GAP] })],
])("who is gone stays no member while groups are %s", async (_, end) => {
  const tenant = tenantOf(9);
  const inventory = await openInventory(":memory:");
  await read(tenant, inventory, "full");
  const before = await memberships(inventory);
  tenant.directory.changedUsers.set(3, { removed: true });
  tenant.directory.changedGroups.set(2, { removed: true });
  (tenant.events as unknown[]).push({ kind: "user", index: 3 }, { kind: "group", index: 2 });
  await read(tenant, inventory, "delta");
  const after = await memberships(inventory);
  expect(after).toBeLessThan(before);
  // As the crawl does when a delta is refused: it asks for the whole.
  await (await inventory.begin("entra.groups", "", { mode: "delta", fingerprint: "f" })).restart();
  await end(await inventory.begin("entra.groups", "", { mode: "full", fingerprint: "f" }));
  expect(await memberships(inventory)).toBe(after);
  await inventory.close();
});
