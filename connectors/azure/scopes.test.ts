import { expect, it } from "vitest";
import { armParent, isAtOrBelow, portalUrl, scopeChain, scopeKind, subscriptionOf } from "./scopes.ts";

const S = "/subscriptions/s1";
const ACCOUNT = `${S}/resourcegroups/rg(1)/providers/microsoft.storage/storageaccounts/acc`;

it.each([
  ["/", undefined, "TenantRoot"],
  ["/providers/Microsoft.Management/managementGroups/MG", "/", "ManagementGroup"],
  ["/subscriptions/S1/", "/", "Subscription"],
  ["/subscriptions/S1/resourceGroups/rg(1)", S, "ResourceGroup"],
  ["/subscriptions/s1/resourceGroups/providers", S, "ResourceGroup"],
  [
    "/Subscriptions/S1/resourceGroups/RG(1)/providers/Microsoft.Storage/storageAccounts/Acc/",
    `${S}/resourcegroups/rg(1)`,
    "StorageAccount",
  ],
  [`${ACCOUNT}/blobServices/default/containers/$web`, ACCOUNT, "Container"],
  [`${ACCOUNT}/blobServices/default`, ACCOUNT, "Resource"],
  [`${ACCOUNT}/queueServices/default/queues/q`, `${ACCOUNT}/queueservices/default`, "Resource"],
  [`${S}/providers/Contoso.Things/things/t`, S, "Resource"],
  [`${ACCOUNT}/providers/Microsoft.Insights/diagnosticSettings/d`, ACCOUNT, "Resource"],
  ["/providers/Contoso.Billing/accounts/a", "/", "Resource"],
  ["/providers/Contoso.Billing/accounts/a/profiles/p", "/providers/contoso.billing/accounts/a", "Resource"],
] as const)("%s lies in %s and is a %s", (id, parent, kind) => {
  expect(armParent(id)).toBe(parent);
  expect(scopeKind(id)).toBe(kind);
});

it("chains a container to its subscription, with a node for every holder", () => {
  const records = scopeChain(`${ACCOUNT}/blobServices/default/containers/C`, { name: "C" });
  const ids = records.flatMap((record) => ("id" in record ? [record.id] : []));
  expect(ids).toEqual([
    `${ACCOUNT}/blobservices/default/containers/c`,
    ACCOUNT,
    `${S}/resourcegroups/rg(1)`,
    S,
  ]);
  expect(records.filter(({ kind }) => kind === "WITHIN")).toHaveLength(3);
});

it.each([
  ["/", [["/", "Tenant root"]]],
  [
    "/providers/Microsoft.Management/managementGroups/MG",
    [["/providers/microsoft.management/managementgroups/mg"]],
  ],
  [S, [[S]]],
  [
    "/providers/Contoso.Billing/accounts/a",
    [["/providers/contoso.billing/accounts/a"], ["/", "Tenant root"]],
  ],
])("chains %s no further than its id tells", (id, expected) => {
  const nodes = scopeChain(id).flatMap((record) =>
    record.kind === "Scope" ? [[record.id, record.props.name].filter((part) => part !== undefined)] : [],
  );
  expect(nodes).toEqual(expected);
});

it("holds only at a slash, without regard to case", () => {
  expect(isAtOrBelow("/subscriptions/S1/resourceGroups/rg", S)).toBe(true);
  expect(isAtOrBelow("/subscriptions/s10", S)).toBe(false);
  expect(isAtOrBelow(S, "/")).toBe(true);
});

it.each([
  ["/", undefined],
  ["/providers/Microsoft.Management/managementGroups/MG", undefined],
  ["/subscriptions/S1/resourceGroups/rg", S],
  [S, S],
])("%s lies in the subscription %s", (id, subscription) => {
  expect(subscriptionOf(id)).toBe(subscription);
});

it("links to the portal", () => {
  expect(portalUrl(`${S}/resourcegroups/rg(1)`, "t")).toBe(
    "https://portal.azure.com/#@t/resource/subscriptions/s1/resourcegroups/rg(1)",
  );
});
