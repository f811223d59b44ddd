/** What services do to a scan: throttle, fail, break off, forget, refuse. Never an empty answer where something was unread. */
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { FaultKind } from "../../simulator/faults.ts";
import { type ServerOptions, startSimulator } from "../../simulator/server.ts";
import type { Tenant } from "../../simulator/tenant.ts";
import { type Ended, freePort, type Meta, metaOf, newFolder, reachCsv, run, smallTenant } from "./cli.ts";

/** A scan of the tenant that nothing disturbed, which the others must equal; all see it at the same address. */
let port: number;
let work: string;
let calm: string;
let calmReach: string;
let calmRequests: number;
beforeAll(async () => {
  port = await freePort();
  work = mkdtempSync(join(tmpdir(), "forereach-faults-"));
  calm = join(work, "calm");
  const { code, requests } = await scanOf(calm, { tenant: smallTenant() });
  expect(code).toBe(0);
  calmRequests = requests;
  calmReach = await reachCsv(calm);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Scanned extends Ended {
  /** Single requests that the simulator answered, parts of batches among them. */
  requests: number;
  faults: Readonly<Partial<Record<FaultKind, number>>>;
}

/** Scans a tenant that a simulator serves for just this scan. */
async function scanOf(folder: string, options: ServerOptions, more: string[] = []): Promise<Scanned> {
  const simulator = await startSimulator({ ...options, port });
  const ended = await run(["scan", "--simulator", simulator.url, ...more], { folder });
  const { requests, faults } = simulator.stats();
  await simulator.stop();
  return { ...ended, requests, faults };
}

test.each<[string, readonly FaultKind[]]>([
  [
    "a storm of 429, with every form of Retry-After and without",
    ["429-seconds", "429-fraction", "429-date", "429-bare"],
  ],
  [
    "bodies cut short, connections reset and answers of 500 to 504",
    ["cut", "reset", "500", "502", "503", "504"],
  ],
])("through %s a scan reads what it reads in calm, byte for byte", async (_, kinds) => {
  const folder = newFolder();
  const { code, stderr, requests, faults } = await scanOf(folder, {
    tenant: smallTenant(),
    faults: { seed: 5, rate: 0.6, kinds },
  });
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(Object.keys(faults).sort()).toEqual([...kinds].sort());
  expect(requests).toBeGreaterThan(calmRequests);
  expect(metaOf(folder).snapshot).toBe(metaOf(calm).snapshot);
  expect(await reachCsv(folder)).toBe(calmReach);
});

test("after changes a delta scan, with and without a token that was forgotten, equals a full scan", async () => {
  const tenant = changed();
  const full = newFolder();
  expect(await scanOf(full, { tenant }, ["--full"])).toMatchObject({ code: 0 });
  expect(metaOf(full).snapshot).not.toBe(metaOf(calm).snapshot);
  const reach = await reachCsv(full);
  for (const faults of [{ rate: 0 }, { rate: 1, kinds: ["410"] as const }]) {
    const folder = newFolder();
    cpSync(calm, folder, { recursive: true });
    const ended = await scanOf(folder, { tenant, faults });
    expect(ended).toMatchObject({ code: 0, stderr: "", faults: faults.rate === 0 ? {} : { "410": 1 } });
    expect(metaOf(folder).snapshot).toBe(metaOf(full).snapshot);
    expect(await reachCsv(folder)).toBe(reach);
  }
});

/** The same tenant as `calm` saw, some time later. */
function changed(): Tenant {
  const tenant = smallTenant();
  tenant.change(40);
  return tenant;
}

/** What to refuse so that a step cannot read, and what its message must ask for. In groups that leave each other alone. */
const GRAPH = "Graph application permission";
const REFUSALS: readonly Readonly<Record<string, readonly [match: RegExp, grant: string]>>[] = [
  {
    "purview.labels": [/sensitivityLabels/, `${GRAPH} SensitivityLabel.Read`],
    "entra.organization": [/\/organization\?\$select/, `${GRAPH} User.Read.All`],
    "entra.users": [/^\/users(\/delta)?\?/, `${GRAPH} User.Read.All`],
    "entra.sponsors": [/agentIdentity\/sponsors/, `${GRAPH} Application.Read.All`],
    "entra.directory-roles": [/roleManagement/, `${GRAPH} RoleManagement.Read.Directory`],
    "azure.role-assignments": [/\/roleassignments/i, "Azure role Reader"],
    "azure.resource-groups": [/\/resourcegroups\?/i, "Azure role Reader"],
    "azure.blobs": [/^\/blob\/.*comp=list/, "Azure role Storage Blob Data Reader"],
  },
  {
    "entra.groups": [/^\/groups(\/delta)?\?/, `${GRAPH} GroupMember.Read.All`],
    "entra.agent-users": [/agentUser/, `${GRAPH} User.Read.All`],
    "entra.delegated-grants": [/oauth2PermissionGrants/, `${GRAPH} Directory.Read.All`],
    "entra.applications": [/^\/applications\?/, `${GRAPH} Application.Read.All`],
    "azure.eligible-assignments": [/roleeligibility/i, "Azure role Reader"],
    "azure.deny-assignments": [/denyassignments/i, "Azure role Reader"],
    "azure.containers": [/\/containers\?/i, "Azure role Reader"],
  },
  {
    "entra.service-principals": [/^\/servicePrincipals(\/delta)?\?/, `${GRAPH} Application.Read.All`],
    "entra.blueprints": [/agentIdentityBlueprint/, `${GRAPH} AgentIdentityBlueprint.Read.All`],
    "entra.federated-credentials": [/federatedIdentityCredentials/, `${GRAPH} Application.Read.All`],
    "entra.app-role-assignments": [/appRoleAssignedTo/, `${GRAPH} Application.Read.All`],
    "azure.storage-accounts": [/storageaccounts\?/i, "Azure role Reader"],
    "azure.role-definitions": [/^(?!\/roleManagement).*roledefinitions/i, "Azure role Reader"],
  },
  {
    "entra.agent-identities": [/agentIdentity\?/, `${GRAPH} AgentIdentity.Read.All`],
    "entra.owners": [/^\/(groups|servicePrincipals)\/.*\/owners/, `${GRAPH} GroupMember.Read.All`],
    "azure.management-groups": [/managementgroups/i, "Azure role Reader"],
    "azure.subscriptions": [/^\/subscriptions\?/i, "Azure role Reader"],
  },
];
const cases = REFUSALS.map((steps, i) => ({
  steps,
  names: Object.keys(steps).join(", "),
  status: i % 2 === 0 ? (403 as const) : (401 as const),
}));

test.each(cases)(
  "a $status on part of the steps ($names) is said with what to grant, and nothing known before goes",
  async ({ steps, status }) => {
    const folder = newFolder();
    cpSync(calm, folder, { recursive: true });
    const refuse = Object.values(steps).map(([match]) => ({ match, status }));
    const { code, stderr, stdout } = await scanOf(folder, { tenant: smallTenant(), refuse }, ["--full"]);
    expect(code).toBe(3);
    expect(stderr).toMatch(/^Incomplete: \d+ parts were not read completely/);
    const { coverage } = metaOf(folder);
    for (const [step, [, grant]] of Object.entries(steps)) {
      expect(gapsOf(coverage, step)).toContainEqual(
        expect.objectContaining({ state: "denied", fix: expect.stringContaining(`grant ${grant}`) }),
      );
      expect(stdout).toContain(step);
    }
    // Where a role could not be read again there may be a row more: of rights that are now unknown, too.
    expect(keysOf(await reachCsv(folder))).toEqual(expect.arrayContaining(keysOf(calmReach)));
    const said = await run(["coverage", "--format", "json"], { folder });
    expect(said.code).toBe(3);
    for (const step of Object.keys(steps)) expect(said.stdout).toContain(`"step":"${step}"`);
  },
);

test("where everything is refused from the start nothing is said to be out of reach", async () => {
  const folder = newFolder();
  const refuse = [{ match: /^(?!\/organization\?\?*$)./, status: 403 as const }];
  const { code, stderr } = await scanOf(folder, { tenant: smallTenant(), refuse });
  expect(code).toBe(3);
  expect(stderr).toMatch(/^Incomplete: \d+ parts were not read completely/);
  expect(metaOf(folder).coverage.filter(({ state }) => state === "complete")).toEqual([]);
  const reach = await run(["reach", "--all"], { folder });
  expect(reach.code).toBe(3);
  expect(reach.stderr).toMatch(/What is not listed is unknown there, not absent/);
});

const gapsOf = (coverage: Meta["coverage"], step: string) =>
  coverage.filter((row) => row.step === step && row.state !== "complete");

/** What identifies a row: agent, mode, place, tier. Every line of these tables is one row. */
const keysOf = (csv: string): string[] => {
  const [header = "", ...lines] = csv.trimEnd().split("\r\n");
  const names = header.split(",");
  const at = ["agent_id", "mode", "scope_id", "tier"].map((name) => names.indexOf(name));
  return lines.map((line) => {
    const cells = [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, cell]) => cell);
    return at.map((index) => cells[index]).join(" ");
  });
};
