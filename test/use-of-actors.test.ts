/** What actors may do with a label that something guards: of each test a tenant, all in one graph. */
import { expect, test } from "vitest";
import type { Put } from "./oracle/records.ts";
import { TIME } from "./oracle/tenants.ts";
import { leaves } from "./oracle/use.ts";
import { SideBySide } from "./side-by-side.ts";

const rel = (
  kind: string,
  from: readonly [string, string],
  to: readonly [string, string],
  props = {},
): Put => ({ kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props });
const principal = (id: string, kind: string, props = {}): Put => ({
  ...{ kind: "Principal", id },
  props: { kind, ...props },
});
const people = ["ann", "ben"] as const;

/** An application that may act for two people, who read a container with one labeled item, as it does itself. */
const TENANT: readonly Put[] = [
  { kind: "Agent", id: "a", props: { surface: "Copilot" } },
  principal("app", "ServicePrincipal"),
  principal("finance", "Group"),
  principal("everyone", "Everyone"),
  ...people.map((id) => principal(id, "User", { userType: "Member" })),
  { kind: "Scope", id: "account", props: { kind: "StorageAccount", plane: "azure" } },
  { kind: "Item", id: "item", props: { size: 1 } },
  rel("PROTECTED_BY", ["Item", "item"], ["Scope", "account"]),
  rel("LABELED", ["Item", "item"], ["Label", "l"]),
  rel("ACTS_AS", ["Agent", "a"], ["Principal", "app"], { mode: "app", key: "app" }),
  rel("CONSENTED", ["Principal", "app"], ["Scope", "account"], {
    ...{ key: "1", type: "delegated", permission: "user_impersonation", user: "*" },
  }),
  rel("MEMBER_OF", ["Principal", "ann"], ["Principal", "finance"]),
  ...people.map((id) => rel("MAY_USE", ["Principal", id], ["Agent", "a"])),
  ...["app", ...people].map((id) =>
    rel("GRANTED", ["Principal", id], ["Scope", "account"], { key: "1", flow: "containment", read: true }),
  ),
];
const label = (encrypted: boolean): Put => ({
  kind: "Label",
  id: "l",
  props: { kind: "Sensitivity", encrypted },
});
const rights = (who: string): Put =>
  rel("LABEL_RIGHTS", ["Principal", who], ["Label", "l"], { view: true, extract: true });
/** A rule that keeps the label out of answers, and whom it names. */
const rule = (...named: (readonly [kind: string, id: string, include: boolean])[]): Put[] => [
  { kind: "Policy", id: "k", props: { kind: "Dlp", effect: "block", surface: "Copilot" } },
  rel("GATES", ["Policy", "k"], ["Label", "l"]),
  ...named.map(([kind, id, include]) => rel("APPLIES_TO", ["Policy", "k"], [kind, id], { include })),
];
const second: Put[] = [
  principal("old", "ServicePrincipal", { enabled: false }),
  rel("ACTS_AS", ["Agent", "a"], ["Principal", "old"], { mode: "app", key: "old" }),
];
/** An agent that carries the account, and of which nobody knows who may use it. */
const carrying: Put[] = [
  { kind: "Agent", id: "carrier", props: { surface: "Copilot" } },
  rel("EMBEDS", ["Agent", "carrier"], ["Scope", "account"]),
];

/** Whether it may open and use content of the label, and whether a rule keeps it out of answers; null: unknown. */
type Leave = readonly [view: boolean | null, extract: boolean | null, blocked: boolean];
const CASES: readonly [what: string, more: Put[], agent: string, mode: string, Leave][] = [
  [
    "everyone whom a label names are persons",
    [label(true), rights("everyone")],
    "a",
    "on-behalf-of",
    [true, true, false],
  ],
  ["and no application", [label(true), rights("everyone")], "a", "app", [false, false, false]],
  [
    "one person whom a label names is enough",
    [label(true), rights("finance")],
    "a",
    "on-behalf-of",
    [true, true, false],
  ],
  [
    "a rule for some people blocks them, and not an agent that others may use, too",
    [label(false), ...rule(["Principal", "finance", true])],
    ...(["a", "on-behalf-of", [true, true, false]] as const),
  ],
  [
    "a rule for all of its people blocks it",
    [label(false), ...rule(["Principal", "finance", true], ["Principal", "ben", true])],
    ...(["a", "on-behalf-of", [true, true, true]] as const),
  ],
  [
    "an exclusion wins",
    [label(false), ...rule(["Principal", "everyone", true], ["Principal", "app", false])],
    "a",
    "app",
    [true, true, false],
  ],
  [
    "a disabled identity does not open what a rule closes to the other",
    [label(false), ...rule(["Principal", "everyone", true]), ...second],
    ...(["a", "app", [true, true, true]] as const),
  ],
  [
    "a rule for everyone is for people that nobody knows",
    [label(false), ...rule(["Principal", "everyone", true]), ...carrying],
    ...(["carrier", "on-behalf-of", [true, true, true]] as const),
  ],
  [
    "and one that spares everyone is not",
    [label(false), ...rule(["Principal", "everyone", false]), ...carrying],
    ...(["carrier", "on-behalf-of", [true, true, false]] as const),
  ],
];
const tenants = new SideBySide();
const told = CASES.map((one) => [...one, tenants.add([...TENANT, ...one[1]])] as const);

test.each(told)("%s", async (_, more, agent, mode, [view, extract, blocked], one) => {
  const rows = await one.query(
    "MATCH (a:Agent)-[m:MAY_OPEN]->(l:Label) WHERE a.id = $agent AND m.mode = $mode AND l.id = $label RETURN m.view AS view, m.extract AS extract, m.blocked AS blocked",
    { agent: one.id(agent), mode, label: one.id("l") },
  );
  expect(rows).toEqual([{ view, extract, blocked }]);
  const law = leaves([...TENANT, ...more], TIME).filter(
    (leave) => leave.agent === agent && leave.mode === mode,
  );
  expect(law).toEqual([{ agent, mode, via: "", label: "l", view, extract, blocked }]);
});
