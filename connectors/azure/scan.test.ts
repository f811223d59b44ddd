/** All steps of the connector on a simulated tenant: killed anywhere, and scanned again while parts of it fail. */
import { describe, expect, it } from "vitest";
import { createTenant } from "../../simulator/tenant.ts";
import { crawl } from "../../src/collect/crawl.ts";
import { StoreError } from "../../src/model.ts";
import { createMemoryInventory, type MemoryInventory } from "../../test/memory-inventory.ts";
import { type Between, simulatedHttp } from "../../test/simulated-http.ts";
import { azure } from "./index.ts";

const tenant = createTenant({
  ...{ seed: 7, users: 200, groups: 20, memberships: 400, agents: 200, apps: 5, managedIdentities: 9 },
  ...{ subscriptions: 2, accounts: 10, containers: 20, items: 1_200, overexposed: true },
});
const places = tenant.places;

/** Listings come in pages of a few rows, so that there is something to stop between. */
const smallPages = (url: URL) => {
  if (url.searchParams.get("comp") === "list") url.searchParams.set("maxresults", "40");
};

async function scan(inventory: MemoryInventory, between: Between = {}) {
  const reads = azure.steps.flatMap((step) => step.reads);
  const { http } = simulatedHttp(tenant, reads, { ask: smallPages, ...between });
  return crawl({
    connectors: [azure],
    inventory,
    http: (_, step) => http.restrict(step.reads),
    ...{ tenantId: tenant.world.tenantId, level: "metadata", mode: "full", concurrency: 1 },
    signal: new AbortController().signal,
  });
}

/** Ids of the nodes that each pass keeps. */
async function kept(inventory: MemoryInventory): Promise<Record<string, readonly string[]>> {
  const rows = await inventory.coverage();
  return Object.fromEntries(
    rows
      .map(({ step, scope }) => [`${step} ${scope ?? ""}`, inventory.ids(step, scope ?? "")] as const)
      .sort(),
  );
}

const PLACES = [
  ["subscription", places.subscriptionId(0).toLowerCase()],
  ["storage account", places.accountId(3).toLowerCase()],
] as const;

const lies = (id: unknown, place: string): boolean =>
  typeof id === "string" && `${id.toLowerCase()}/`.startsWith(`${place}/`);

/** The tenant once a place is deleted: it stands in no listing, and what asks for it is told that there is none. */
function without(place: string) {
  interface Named {
    id?: string;
    properties?: { scope?: string; children?: Named[] };
  }
  const left = (all: readonly Named[]) =>
    all.filter(({ id, properties }) => !lies(id, place) && !lies(properties?.scope, place));
  return {
    refuse: (request: string) => (lies(/ ([^?]*)/.exec(request)?.[1], place) ? 404 : undefined),
    edit: (text: string) => {
      if (!text.startsWith("{")) return text;
      const body = JSON.parse(text) as Named & { value?: Named[] };
      if (body.value !== undefined) body.value = left(body.value);
      if (body.properties?.children !== undefined) body.properties.children = left(body.properties.children);
      return JSON.stringify(body);
    },
  };
}

/** What is kept of a place and of all below it. */
async function below(inventory: MemoryInventory, place: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { id } of inventory.known("Scope")) if (lies(id, place)) found.push(id);
  return found.sort();
}

describe("a scan of Azure", () => {
  it("reads every part of the simulated tenant, access lists and hosts among them", async () => {
    const inventory = createMemoryInventory();
    await scan(inventory);
    const gaps = (await inventory.coverage()).filter(({ state }) => state !== "complete");
    expect(gaps).toEqual([]);
    const all = Object.values(await kept(inventory)).flat();
    expect(all.some((id) => id.includes("/acl:"))).toBe(true);
    expect(all.some((id) => id.includes("/virtualmachines/"))).toBe(true);
    expect(all.some((id) => id.includes("/where:"))).toBe(true);
  });

  it("that was killed after any number of pages ends, run again, as if nothing had happened", async () => {
    const whole = createMemoryInventory();
    const { counts } = await scan(whole);
    const expected = await kept(whole);
    for (let n = 1; n <= 5; n++) {
      const inventory = createMemoryInventory();
      inventory.dieAfter(Math.floor((counts.pages * n) / 6));
      await expect(scan(inventory)).rejects.toThrow(StoreError);
      inventory.dieAfter(Number.POSITIVE_INFINITY);
      await scan(inventory);
      expect(await kept(inventory)).toEqual(expected);
    }
  });

  describe("after a place was deleted", () => {
    it.each(PLACES)("forgets a %s and all below it, as a new scan never sees it", async (_, id) => {
      const inventory = createMemoryInventory();
      await scan(inventory);
      expect(await below(inventory, id)).not.toEqual([]);
      await scan(inventory, without(id));
      expect((await inventory.coverage()).filter(({ state }) => state !== "complete")).toEqual([]);
      const fresh = createMemoryInventory();
      await scan(fresh, without(id));
      expect(await kept(inventory)).toEqual(await kept(fresh));
    });

    it.each(PLACES)("keeps a %s while the listing that it is missing from fails", async (kind, id) => {
      const inventory = createMemoryInventory();
      await scan(inventory);
      const before = await below(inventory, id);
      const listing = kind === "subscription" ? /\/subscriptions\?/ : /storageAccounts\?/i;
      const { refuse } = without(id);
      await scan(inventory, {
        refuse: (request) => (listing.test(request) ? 400 : refuse(request)),
      });
      expect(await below(inventory, id)).toEqual(before);
    });
  });

  it.each([
    ["azure.hosts", /\/resources\?/],
    ["azure.managed-identities", /userAssignedIdentities\?/i],
    ["azure.blobs", /comp=list.*marker=./],
  ])("in which a page of %s fails keeps what was known of it", async (step, failing) => {
    const inventory = createMemoryInventory();
    await scan(inventory);
    const before = await kept(inventory);
    await scan(inventory, { refuse: (request) => (failing.test(request) ? 400 : undefined) });
    const states = (await inventory.coverage()).filter((row) => row.step === step).map(({ state }) => state);
    expect(states.filter((state) => state === "failed" || state === "partial")).not.toEqual([]);
    const after = await kept(inventory);
    for (const [pass, ids] of Object.entries(before)) expect(after[pass], pass).toEqual(ids);
  });
});
