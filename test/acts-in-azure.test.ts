/** What an agent does in Azure for its users, from what the services answer about consents and roles. */
import { describe, expect, test } from "vitest";
import { type Assignment, grantRecords } from "../connectors/azure/grants.ts";
import { evaluateBlock, type PermissionBlock } from "../connectors/azure/rights.ts";
import { rootChain, rootGroupId, scopeChain, within } from "../connectors/azure/scopes.ts";
import { blueprintChange } from "../connectors/entra/blueprints.ts";
import { delegatedChanges } from "../connectors/entra/grants.ts";
import type { Change, GraphRecord } from "../src/schema.ts";
import type { Put } from "./oracle/records.ts";
import { rel, SideBySide } from "./side-by-side.ts";

const TENANT = "aaaaaaaa-0000-4000-8000-000000000001";
const SUBSCRIPTION = "/subscriptions/s1";
const ACCOUNTS = `${SUBSCRIPTION}/resourcegroups/rg/providers/microsoft.storage/storageaccounts`;
const box = (account: string) => `${ACCOUNTS}/${account}/blobservices/default/containers/box`;

const puts = (changes: readonly Change[]): Put[] =>
  plain(changes.flatMap((one) => ("put" in one ? [one.put] : [])));
/** Without what is not said. */
const plain = (records: readonly GraphRecord[]): Put[] => JSON.parse(JSON.stringify(records));

/** Two accounts with a container each. */
const AZURE: readonly Put[] = plain([
  ...rootChain(TENANT),
  ...scopeChain(SUBSCRIPTION),
  within(SUBSCRIPTION, rootGroupId(TENANT)),
  ...["one", "two"].flatMap((account) => scopeChain(box(account))),
]);

const ROLES: Readonly<Record<string, PermissionBlock>> = {
  "Storage Blob Data Reader": {
    actions: ["Microsoft.Storage/storageAccounts/blobServices/containers/read"],
    dataActions: ["Microsoft.Storage/storageAccounts/blobServices/containers/blobs/read"],
  },
  Owner: { actions: ["*"] },
  Reader: { actions: ["*/read"] },
};
const has = (principalId: string, name: string, scope: string): Put[] => {
  const assignment: Assignment = {
    ...{ id: `${scope}/${principalId}/${name}`, principalId, scope, condition: undefined },
    ...{ tier: "now", expires: undefined },
  };
  const nothing = { accounts: [], containers: () => [] };
  const context = {
    ...{ subscription: SUBSCRIPTION, storage: nothing, conditionsHidden: false },
    keyed: { groups: [], complete: true },
  };
  return plain(grantRecords(assignment, { name, blocks: [evaluateBlock(ROLES[name]!)] }, context));
};

const APIS = {
  storage: "e406a681-f3d4-42a8-90b6-c2b029497af1",
  manager: "797f4846-ba00-4fd7-a4dc-ca6d6d2ef0b6",
  vault: "cfa8b339-82a2-471a-a3c9-0fc0be7a4093",
} as const;
/** Consent of all users to what an application does with these APIs for them. An API has one id here. */
const consents = (client: string, ...apis: readonly (keyof typeof APIS)[]): Put[] =>
  apis.flatMap((id) =>
    puts(
      delegatedChanges(
        {
          ...{ id, clientId: client, consentType: "AllPrincipals", resourceId: APIS[id] },
          scope: "user_impersonation",
        },
        { id: APIS[id], appId: APIS[id], name: id },
        TENANT,
      ),
    ),
  );

/** An agent with an account of its own that asks for one person, too; both have the same roles. */
const agent = (...roles: readonly (readonly [name: string, scope: string])[]): Put[] => [
  { kind: "Agent", id: "a", props: { status: "enabled" } },
  ...[
    ["app", "AgentIdentity"],
    ["agent-user", "AgentUser"],
    ["ann", "User"],
  ].map(([id, kind]): Put => ({ kind: "Principal", id: id!, props: { kind: kind! } })),
  ...["app", "agent-user"].map((mode) =>
    rel("ACTS_AS", ["Agent", "a"], ["Principal", mode], { mode, key: mode }),
  ),
  rel("MAY_USE", ["Principal", "ann"], ["Agent", "a"]),
  ...["agent-user", "ann"].flatMap((who) => roles.flatMap(([name, scope]) => has(who, name, scope))),
];

const besides = new SideBySide();
/** What it reaches, the same in both ways of acting for somebody. */
function acts(name: string, records: readonly Put[], rows: readonly string[], azure = AZURE): void {
  const one = besides.add([...azure, ...records]);
  test(name, async () => {
    const found = await one.rows(
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.absorbed = false
       RETURN a.id AS agent, s.id AS scope, r.mode AS mode, r.tier AS tier, r.discover AS d, r.read AS r, r.write AS w, r.manage AS m, r.certainty AS sure`,
    );
    const lines = (mode: string) =>
      found
        .filter((row) => row.mode === mode)
        .map(
          ({ scope, tier, d, r, w, m, sure }) =>
            `${String(scope).replace(`${ACCOUNTS}/`, "")}: ${tier} ${sure} ` +
            Object.entries({ discover: d, read: r, write: w, manage: m })
              .flatMap(([right, held]) => (held === false ? [] : [held === null ? `${right}?` : right]))
              .join(" "),
        )
        .sort();
    expect(lines("on-behalf-of")).toEqual(rows);
    expect(lines("agent-user")).toEqual(rows);
  });
}

describe("an agent that acts for somebody in Azure", () => {
  const reader = ["Storage Blob Data Reader", `${ACCOUNTS}/one`] as const;
  acts(
    "reads with consent to storage what that user may read, and nothing else",
    [...agent(reader), ...consents("app", "storage")],
    ["one: now exact discover read"],
  );
  acts("reaches nothing without any consent", agent(reader), []);
  acts(
    "reaches what nobody read where nobody looked at Azure",
    [...agent(), ...consents("app", "storage")],
    ["plane:azure: now unknown discover? read? write? manage?"],
    [],
  );
  acts(
    "sees with consent to the control plane; whether that opens blobs depends on how the user has them",
    [...agent(reader), ...consents("app", "manager")],
    ["one: now unknown discover read?"],
  );
  acts(
    "sees, and no more, for whoever may see",
    [...agent(["Reader", SUBSCRIPTION]), ...consents("app", "manager")],
    [`${SUBSCRIPTION}: now exact discover`],
  );
  acts(
    "assigns roles with consent to the control plane, and may list keys",
    [...agent(["Owner", `${ACCOUNTS}/one`]), ...consents("app", "manager")],
    ["one: now unknown discover read? write? manage"],
  );
  acts(
    "has with both consents what the user has",
    [...agent(["Owner", `${ACCOUNTS}/one`]), ...consents("app", "manager", "storage")],
    ["one: now exact discover read write manage"],
  );
  acts(
    "does in an API that no table knows what nobody read",
    [...agent(reader), ...consents("app", "vault")],
    [`unknown:api:${APIS.vault}: now unknown discover? read? write? manage?`],
  );
  const enumerated = { kind: "enumerated", scopes: ["user_impersonation"] };
  acts(
    "has what its blueprint consents to and hands on by name",
    [
      ...agent(reader),
      ...puts([
        blueprintChange({ id: "blueprint", appId: "blueprint-app" }, [
          { resourceAppId: APIS.manager, inheritableScopes: enumerated },
        ]),
      ]),
      { kind: "Principal", id: "of", props: { kind: "BlueprintPrincipal", appId: "blueprint-app" } },
      rel("MADE_FROM", ["Agent", "a"], ["Blueprint", "blueprint"]),
      ...consents("of", "manager"),
    ],
    ["one: now unknown discover read?"],
  );
});
