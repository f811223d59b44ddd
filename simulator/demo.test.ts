import { describe, expect, it } from "vitest";
import { demoTenant } from "./demo.ts";
import { createTenant } from "./tenant.ts";
import { Asker } from "./testing.ts";

describe("the tenant of the demo", () => {
  const { tenant, refuse, refusedContainer } = demoTenant();
  const { files, places, size } = tenant;

  it("has at least 500 agents, 50,000 items and 200 containers", () => {
    expect(size.agents).toBeGreaterThanOrEqual(500);
    expect(size.items).toBeGreaterThanOrEqual(50_000);
    expect(size.containers).toBeGreaterThanOrEqual(200);
  });

  it("has labelled, unlabelled, sensitive and sensitive unlabelled files", () => {
    const counts = { labelled: 0, office: 0, sensitive: 0, both: 0, sensitiveUnlabelled: 0 };
    for (let i = 0; i < size.items; i++) {
      const { label, sensitive } = files.file(i);
      if (label) counts.labelled++;
      if (sensitive.length > 0) counts.sensitive++;
      if (sensitive.length > 0 && !label) counts.sensitiveUnlabelled++;
    }
    expect(counts.labelled).toBeGreaterThan(10_000);
    expect(counts.sensitive).toBeGreaterThan(1_000);
    expect(counts.sensitive).toBeLessThan(10_000);
    expect(counts.sensitiveUnlabelled).toBeGreaterThan(500);
  });

  it("refuses the list of exactly one container, which is not empty", async () => {
    const asker = new Asker(tenant, { refuse, throttle: { enabled: false } });
    const refused: string[] = [];
    for (let c = 0; c < size.containers; c++) {
      const url = `http://127.0.0.1:1/blob/${places.accountName(places.accountOf(c))}/${places.containerName(c)}?restype=container&comp=list&maxresults=1`;
      const { status } = await asker.simulator.handle("GET", url, { authorization: "Bearer any" });
      if (status === 403) refused.push(places.containerId(c));
    }
    expect(refused).toEqual([refusedContainer]);
    const c =
      Array.from({ length: size.containers }, (_, n) => n).find(
        (n) => places.containerId(n) === refusedContainer,
      ) ?? 0;
    expect(files.of(c)[1] - files.of(c)[0]).toBeGreaterThan(0);
  });

  it("takes fewer requests to list all blobs than one a container and one a full page", async () => {
    let requests = 0;
    for (let c = 0; c < size.containers; c++)
      requests += Math.max(1, Math.ceil((files.of(c)[1] - files.of(c)[0]) / 5000));
    expect(requests).toBe(size.containers);
  });
});

describe("a tenant", () => {
  it("of a hundred million files costs no memory for them", () => {
    const tenant = createTenant({
      seed: 3,
      users: 60_000,
      groups: 1_000,
      agents: 100,
      apps: 10,
      subscriptions: 2,
      accounts: 10,
      containers: 100,
      items: 100_000_000,
    });
    const [from, to] = tenant.files.of(99);
    expect(tenant.files.byName(99, tenant.files.file(to - 1).name)?.index).toBe(to - 1);
    expect(tenant.files.firstFrom(99, "")).toBe(from);
  });

  it("may be empty", async () => {
    const empty = createTenant({
      seed: 1,
      users: 0,
      groups: 0,
      agents: 0,
      apps: 0,
      subscriptions: 0,
      accounts: 0,
      containers: 0,
      items: 0,
    });
    const asker = new Asker(empty);
    for (const path of [
      "/v1.0/users",
      "/v1.0/groups/delta?$select=members",
      "/v1.0/applications",
      "/subscriptions?api-version=2022-12-01",
      "/v1.0/oauth2PermissionGrants",
    ])
      expect((await asker.get(path)).status, path).toBe(200);
  });

  it("refuses sizes that fit no tenant", () => {
    const none = {
      seed: 1,
      users: 0,
      groups: 0,
      agents: 0,
      apps: 0,
      subscriptions: 0,
      accounts: 0,
      containers: 0,
      items: 0,
    };
    expect(() => createTenant({ ...none, agents: 5 })).toThrow(/users/);
    expect(() => createTenant({ ...none, items: 5 })).toThrow(/containers/);
    expect(() => createTenant({ ...none, users: -1 })).toThrow(RangeError);
  });

  it("has exactly as many memberships as asked for, however few groups", () => {
    const tenant = createTenant({
      seed: 9,
      users: 100,
      groups: 3,
      memberships: 290,
      agents: 4,
      apps: 0,
      subscriptions: 1,
      accounts: 1,
      containers: 1,
      items: 1,
    });
    const total = [0, 1, 2].reduce((sum, g) => sum + tenant.directory.members(g).length, 0);
    expect(total).toBe(290);
  });
});
