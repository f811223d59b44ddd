/** One small tenant with a little of everything: what the saved queries ask about. */
type Props = Readonly<Record<string, string | number | boolean | readonly string[]>>;

const lines: string[] = [];
const node = (kind: string, id: string, props: Props = {}): void => {
  lines.push(JSON.stringify({ put: { kind, id, props } }));
};
const rel = (kind: string, from: [string, string], to: [string, string], props: Props = {}): void => {
  lines.push(
    JSON.stringify({
      put: { kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props },
    }),
  );
};
const agent = (id: string, name: string, props: Props = {}): void => {
  node("Agent", id, {
    kind: "AgentIdentity",
    name,
    platform: "entra",
    estate: "managed",
    status: "enabled",
    ...props,
  });
  node("Principal", id, { kind: "AgentIdentity", name, enabled: true });
  rel("ACTS_AS", ["Agent", id], ["Principal", id], { key: "app", mode: "app" });
};
const person = (id: string, name: string, props: Props = {}): void =>
  node("Principal", id, { kind: "User", name, enabled: true, ...props });
const place = (id: string, kind: string, name: string, above?: string, props: Props = {}): void => {
  node("Scope", id, { kind, name, plane: "azure", ...props });
  if (above !== undefined) rel("WITHIN", ["Scope", id], ["Scope", above]);
};
const member = (who: string, group: string, props: Props = {}): void =>
  rel("MEMBER_OF", ["Principal", who], ["Principal", group], props);
const granted = (key: string, who: string, where: string, props: Props): void =>
  rel("GRANTED", ["Principal", who], ["Scope", where], {
    key,
    flow: "containment",
    tier: "now",
    certainty: "exact",
    source: "role",
    ...props,
  });
const READER = { see: true, read: true, role: "Storage Blob Data Reader" } as const;
const CONTRIBUTOR = {
  see: true,
  read: true,
  write: true,
  add: true,
  delete: true,
  role: "Storage Blob Data Contributor",
} as const;
const OWNER = { see: true, assign: true, role: "Owner" } as const;
let items = 0;
const item = (where: string, label: string, types?: string): void => {
  const id = `item-${++items}`;
  node("Item", id, { kind: "File", name: id, size: 100, ...(types === undefined ? {} : { types }) });
  rel("PROTECTED_BY", ["Item", id], ["Scope", where]);
  rel("LABELED", ["Item", id], ["Label", label]);
};

place("/", "TenantRoot", "Root");
place("/sub1", "Subscription", "Production", "/");
place("/sub2", "Subscription", "Laboratory", "/");
place("/sub1/rg", "ResourceGroup", "finance", "/sub1");
place("/sub1/rg/acct", "StorageAccount", "stfinance", "/sub1/rg", { sharedKey: false });
place("/sub1/rg/acct/pay", "Container", "payroll", "/sub1/rg/acct", { owner: "Ana" });
place("/sub1/rg/acct/inv", "Container", "invoices", "/sub1/rg/acct");
place("/sub1/rg/acct/pub", "Container", "brochures", "/sub1/rg/acct", { publicAccess: "Container" });
place("/sub2/acct", "StorageAccount", "stlab", "/sub2");
place("/sub2/acct/data", "Container", "results", "/sub2/acct");
place("plane:sharepoint", "Plane", "SharePoint", undefined, { plane: "sharepoint" });

node("Label", "secret", { kind: "Sensitivity", name: "Highly Confidential", priority: 9, encrypted: true });
node("Label", "internal", { kind: "Sensitivity", name: "Internal", priority: 3 });
node("Label", "unlabeled", { kind: "None", name: "unlabeled" });
node("Label", "label-unknown", { kind: "Unknown", name: "label-unknown" });
for (let i = 0; i < 6; i++) item("/sub1/rg/acct/pay", "secret", "Credit Card Number");
for (let i = 0; i < 4; i++) item("/sub1/rg/acct/pay", "unlabeled", "IBAN");
for (let i = 0; i < 5; i++) item("/sub1/rg/acct/inv", "internal", "");
for (let i = 0; i < 3; i++) item("/sub1/rg/acct/inv", "label-unknown");
for (let i = 0; i < 2; i++) item("/sub1/rg/acct/pub", "unlabeled", "");
for (let i = 0; i < 7; i++) item("/sub2/acct/data", "internal", "IBAN");

person("u-ana", "Ana");
person("u-bo", "Bo", { enabled: false });
person("u-cy", "Cy", { kind: "Guest", userType: "Guest" });
for (const [id, name] of [
  ["g-finance", "Finance"],
  ["g-all", "All staff"],
  ["g-lab", "Laboratory"],
] as const)
  node("Principal", id, { kind: "Group", name, enabled: true });
node("Principal", "g-dynamic", { kind: "Group", name: "Everybody new", dynamic: true });
member("g-finance", "g-all");
member("u-ana", "g-finance");
member("u-cy", "g-lab");

agent("a-invoice", "Invoice bot", { owner: "Ana" });
agent("a-payroll", "Payroll bot");
agent("a-lab", "Lab helper", { risk: "high" });
agent("a-wide", "Everything bot");
agent("a-twin", "Lab helper two");
agent("a-triplet", "Lab helper three");
agent("a-idle", "Idle bot", { status: "disabled" });
agent("a-shadow", "Shadow bot", { estate: "shadow", platform: "self-hosted" });
agent("a-site", "Site bot");
member("a-invoice", "g-finance");
member("a-lab", "g-lab");
member("a-twin", "g-lab");
member("a-triplet", "g-lab");
member("a-payroll", "g-all", { tier: "potential" });
// It reads the laboratory by its own identity and by its maker's, and the payroll by its maker's alone.
rel("ACTS_AS", ["Agent", "a-lab"], ["Principal", "u-cy"], { key: "maker", mode: "maker" });
rel("SPONSORS", ["Principal", "u-ana"], ["Agent", "a-invoice"]);
rel("SPONSORS", ["Principal", "u-ana"], ["Agent", "a-idle"]);
rel("SPONSORS", ["Principal", "u-bo"], ["Agent", "a-payroll"]);
rel("SPONSORS", ["Principal", "u-cy"], ["Agent", "a-lab"]);
rel("OWNS", ["Principal", "u-cy"], ["Principal", "a-wide"]);
rel("CONTROLS", ["Principal", "a-lab"], ["Principal", "a-wide"], { key: "owner", how: "owns-app" });
rel("CONTROLS", ["Principal", "u-cy"], ["Principal", "a-wide"], { key: "owner", how: "owns-app" });
node("Blueprint", "bp", { name: "Bots", appId: "bp", enabled: true });
rel("MADE_FROM", ["Agent", "a-invoice"], ["Blueprint", "bp"]);
rel("MADE_FROM", ["Agent", "a-payroll"], ["Blueprint", "bp"]);

granted("ra-1", "g-finance", "/sub1/rg/acct/inv", READER);
granted("ra-2", "g-all", "/sub1/rg/acct/pub", READER);
granted("ra-3", "a-payroll", "/sub1/rg/acct/pay", CONTRIBUTOR);
granted("ra-4", "a-invoice", "/sub1/rg/acct/pay", {
  ...READER,
  tier: "conditional",
  residual: "the request comes from the office network",
});
granted("ra-5", "g-lab", "/sub2", READER);
granted("ra-6", "a-wide", "/", CONTRIBUTOR);
granted("ra-7", "a-wide", "/sub1", OWNER);
granted("ra-8", "a-shadow", "/sub2/acct/data", { ...READER, expires: "2026-06-01T00:00:00Z" });
granted("ra-9", "a-shadow", "/sub1/rg/acct/inv", {
  ...READER,
  certainty: "upper-bound",
  reason_code: "condition-unread",
});
granted("ra-10", "a-idle", "/sub2/acct", READER);
granted("ra-11", "g-all", "/sub1/rg/acct/inv", READER);
granted("ra-12", "u-cy", "/sub1/rg/acct/pay", READER);
granted("ra-13", "a-site", "plane:sharepoint", {
  ...READER,
  role: "Sites.Read.All",
  source: "app-role",
  flow: "containment",
});
granted("ra-14", "a-lab", "/sub1/rg", { unknown: true, role: "Key Vault Reader" });
rel("OBSERVED", ["Agent", "a-lab"], ["Scope", "/sub2/acct/data"], {
  operations: ["read"],
  last: "2025-12-31T00:00:00Z",
});
rel("OBSERVED", ["Agent", "a-shadow"], ["Scope", "/sub1/rg/acct/pay"], {
  operations: ["read"],
  last: "2025-12-30T00:00:00Z",
});

export const LIBRARY: readonly string[] = lines;

/** What the saved queries need to be asked here, or to find something. */
export const LIBRARY_PARAMS: Readonly<Record<string, string | number>> = {
  ...{ threshold: 5, grant_id: "ra-5", place: "finance", agent: "Lab helper", label: "Highly Confidential" },
  until: "2026-12-31T00:00:00Z",
};
