/** The recorded tenant, where it is present: each grant beside a separate reading of the same file. */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { blobs } from "./blobs.ts";
import { type FakeAnswer, fakeTenant } from "./fixtures/fake.ts";
import { azure } from "./index.ts";

const recording = new URL("../../../shared/inputs/tenant-a/exchanges.jsonl", import.meta.url);
const TENANT = "19ae0f99-6fc6-444b-bd54-97504efc66ad";

interface Exchange {
  request: { url: string };
  response: { status: number; body: { value?: object[] } & object };
}
interface Definition {
  name: string;
  properties: {
    permissions: {
      actions: string[];
      notActions: string[];
      dataActions: string[];
      notDataActions: string[];
    }[];
  };
}
interface Assignment {
  id: string;
  properties: { roleDefinitionId: string; scope: string };
}

function answers(): Record<string, FakeAnswer> {
  const found: Record<string, object[] | object> = {};
  for (const line of readFileSync(recording, "utf8").split("\n")) {
    if (!line.includes("management.azure.com")) continue;
    const { request, response } = JSON.parse(line) as Exchange;
    const path = new URL(request.url).pathname.toLowerCase();
    const before = found[path];
    const items = response.body?.value;
    if (response.status !== 200) continue;
    if (items === undefined) found[path] ??= response.body;
    else found[path] = Array.isArray(before) ? [...before, ...items] : items;
  }
  return found;
}

describe.skipIf(!existsSync(recording))("the recorded tenant", () => {
  const match = (patterns: string[], action: string) =>
    patterns.some((pattern) =>
      new RegExp(`^${pattern.replace(/[.()]/g, "\\$&").replaceAll("*", ".*")}$`, "i").test(action),
    );

  it("gives each role assignment exactly the rights that its definition implies, as an upper bound", async () => {
    const recorded = answers();
    const fake = fakeTenant(recorded, { recordedApiVersion: "2018-09-01-preview", tenantId: TENANT });
    for (const step of azure.steps) if (step !== blobs) await fake.run(step);

    const at = (suffix: string) =>
      Object.entries(recorded).find(([path]) => path.endsWith(suffix.toLowerCase()))?.[1];
    const definitions = at("/Microsoft.Authorization/roleDefinitions") as Definition[];
    const assignments = at("/Microsoft.Authorization/roleAssignments") as Assignment[];
    expect([definitions.length, assignments.length]).toEqual([495, 80]);
    const modelled = fake.all("GRANTED").filter((rel) => !rel.to.id?.startsWith("unknown:"));
    const storage = "Microsoft.Storage/storageAccounts";
    for (const { id, properties } of assignments) {
      const guid = properties.roleDefinitionId.split("/").at(-1);
      const blocks = definitions.find(({ name }) => name === guid)!.properties.permissions;
      const control = (action: string) =>
        blocks.some((block) => match(block.actions, action) && !match(block.notActions, action));
      const data = (action: string) =>
        blocks.some((block) => match(block.dataActions, action) && !match(block.notDataActions, action));
      const blob = (verb: string) => data(`${storage}/blobServices/containers/blobs/${verb}`);
      const expected = {
        read: blob("read"),
        write: blob("write"),
        add: blob("add/action"),
        delete: blob("delete"),
        setAcl: blob("modifyPermissions/action"),
        own: blob("manageOwnership/action"),
        listKeys: control(`${storage}/listKeys/action`),
        regenerateKey: control(`${storage}/regenerateKey/action`),
        accountSas: control(`${storage}/listAccountSas/action`),
        serviceSas: control(`${storage}/listServiceSas/action`),
        assign: control("Microsoft.Authorization/roleAssignments/write"),
        see: control(`${storage}/read`),
      };
      const grants = modelled.filter((rel) => rel.props?.key === id.toLowerCase());
      if (grants.length === 0) {
        // Nothing on a modelled plane: then an unmodelled one says so.
        expect(Object.values(expected)).not.toContain(true);
        expect(fake.all("GRANTED").some((rel) => rel.props?.key === id.toLowerCase())).toBe(true);
        continue;
      }
      expect(grants).toHaveLength(1);
      expect(grants[0]).toMatchObject({
        to: { id: properties.scope.toLowerCase() },
        props: { ...expected, tier: "now", certainty: "upper-bound" },
      });
    }
  });

  it("says what was not recorded and takes none of it for empty", async () => {
    const fake = fakeTenant(answers(), { tenantId: TENANT });
    for (const step of azure.steps) if (step !== blobs) await fake.run(step);
    const count = (step: string) => fake.gaps.filter((gap) => gap.step === step).length;
    const accounts = [...fake.nodes.values()].filter((node) => node.props.kind === "StorageAccount");
    expect(accounts).toHaveLength(13);
    expect(count("azure.containers")).toBe(13);
    expect(count("azure.deny-assignments")).toBe(10);
    expect(count("azure.eligible-assignments")).toBe(10);
    expect(count("azure.role-assignments")).toBe(9);
    expect(count("azure.storage-accounts")).toBe(9);
    expect(count("azure.management-groups")).toBe(0);
    for (const { id } of accounts) expect(fake.chain(id).slice(-2)).toEqual(["/", "plane:azure"]);
    for (const rel of fake.all("GRANTED"))
      expect(fake.chain(rel.to.id!).slice(-2)).toEqual(["/", "plane:azure"]);
  });
});
