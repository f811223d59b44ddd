/** What actors may do with a label that something guards: of each test a tenant, all in one graph. */
import { expect, test } from "vitest";
import type { Put } from "./oracle/records.ts";
import { TIME } from "./oracle/tenants.ts";
import { leaves } from "./oracle/use.ts";
import { rel, SideBySide } from "./side-by-side.ts";

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
const viewer = (who: string): Put =>
  rel("LABEL_RIGHTS", ["Principal", who], ["Label", "l"], { view: true, extract: false });
const extractor = (who: string): Put =>
  rel("LABEL_RIGHTS", ["Principal", who], ["Label", "l"], { view: false, extract: true });
const mayUse = (who: string, agent: string): Put => rel("MAY_USE", ["Principal", who], ["Agent", agent]);
const policy = (props = {}): Put => ({
  ...{ kind: "Policy", id: "k" },
  props: { kind: "Dlp", effect: "block", surface: "Copilot", ...props },
});
/** A rule that keeps the label out of answers, and whom it names. */
const rule = (...named: (readonly [kind: string, id: string, include: boolean])[]): Put[] => [
  policy(),
  rel("GATES", ["Policy", "k"], ["Label", "l"]),
  ...named.map(([kind, id, include]) => rel("APPLIES_TO", ["Policy", "k"], [kind, id], { include })),
];
/** A stored connection of somebody who may read, and one of somebody who may not act any more. */
const stored: Put[] = [
  principal("cara", "User"),
  principal("old", "User", { enabled: false }),
  ...["cara", "old"].map((id) =>
    rel("ACTS_AS", ["Agent", "a"], ["Principal", id], { mode: "maker", key: id }),
  ),
  rel("GRANTED", ["Principal", "cara"], ["Scope", "account"], { key: "1", flow: "containment", read: true }),
];
/** An agent that carries the account, and of which nobody knows who may use it. */
const carrying: Put[] = [
  { kind: "Agent", id: "carrier", props: { surface: "Copilot" } },
  rel("EMBEDS", ["Agent", "carrier"], ["Scope", "account"]),
];

/** One that asks it, with a stored connection of its own; ann may use it. */
const asking: Put[] = [
  { kind: "Agent", id: "asker", props: {} },
  rel("ACTS_AS", ["Agent", "asker"], ["Principal", "app"], { mode: "maker", key: "maker" }),
  rel("INVOKES", ["Agent", "asker"], ["Agent", "carrier"], { mode: "caller" }),
  mayUse("ann", "asker"),
];

/** Whether it may open and use content of the label, and whether a rule keeps it out of answers; null: unknown. */
type Leave = readonly [view: boolean | null, extract: boolean | null, blocked: boolean];
const CASES: readonly [what: string, more: Put[], agent: string, mode: string, Leave, via?: string][] = [
  [
    "everyone whom a label names are persons",
    [label(true), rights("everyone")],
    "a",
    "on-behalf-of",
    [true, true, false],
  ],
  ["and no application", [label(true), rights("everyone")], "a", "app", [false, false, false]],
  [
    "all who sign in whom a label names are persons",
    [label(true), principal("all", "AuthenticatedUsers"), rights("all")],
    ...(["a", "on-behalf-of", [true, true, false]] as const),
  ],
  [
    "and no application, either",
    [label(true), principal("all", "AuthenticatedUsers"), rights("all")],
    ...(["a", "app", [false, false, false]] as const),
  ],
  [
    "a person may have an address of a domain that a label names: nobody knows",
    [label(true), principal("mail", "MailDomain"), rights("mail")],
    ...(["a", "on-behalf-of", [null, null, false]] as const),
  ],
  [
    "nor beyond what it lets them do",
    [label(true), principal("mail", "MailDomain"), viewer("mail")],
    ...(["a", "on-behalf-of", [null, false, false]] as const),
  ],
  [
    "whom it names beside a domain is known",
    [label(true), principal("mail", "MailDomain"), rights("mail"), viewer("ben")],
    ...(["a", "on-behalf-of", [true, null, false]] as const),
  ],
  [
    "an application has no address",
    [label(true), principal("mail", "MailDomain"), rights("mail")],
    ...(["a", "app", [false, false, false]] as const),
  ],
  [
    "who of a domain uses an agent may be among those whom a label names",
    [
      label(true),
      principal("mail", "MailDomain"),
      mayUse("mail", "a"),
      principal("eve", "User"),
      viewer("eve"),
    ],
    ...(["a", "on-behalf-of", [null, null, false]] as const),
  ],
  [
    "a rule for all who sign in is for people that nobody knows",
    [
      ...[label(false), principal("all", "AuthenticatedUsers")],
      ...rule(["Principal", "all", true]),
      ...carrying,
    ],
    ...(["carrier", "on-behalf-of", [true, true, true]] as const),
  ],
  [
    "a rule for all people who are known does not bar somebody of no known sort",
    [
      ...[label(false), mayUse("somebody", "a")],
      ...rule(["Principal", "finance", true], ["Principal", "ben", true]),
    ],
    ...(["a", "on-behalf-of", [true, true, false]] as const),
  ],
  [
    "a rule for everyone bars people who are known, and somebody of no known sort",
    [...[label(false), mayUse("somebody", "a")], ...rule(["Principal", "everyone", true])],
    ...(["a", "on-behalf-of", [true, true, true]] as const),
  ],
  [
    "somebody of no known sort may be whom a label names, where nobody is who is known",
    [label(true), mayUse("somebody", "a"), principal("eve", "User"), rights("eve")],
    ...(["a", "on-behalf-of", [null, null, false]] as const),
  ],
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
    [label(false), ...rule(["Principal", "everyone", true], ["Principal", "cara", false]), ...stored],
    "a",
    "maker",
    [true, true, false],
  ],
  [
    "a disabled identity does not open what a rule closes to the other",
    [label(false), ...rule(["Principal", "everyone", true]), ...stored],
    ...(["a", "maker", [true, true, true]] as const),
  ],
  [
    "an agent that acts as itself is bound by none",
    [label(false), ...rule(["Principal", "everyone", true])],
    ...(["a", "app", [true, true, false]] as const),
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
  [
    "of people that nobody follows, one whom the label names is enough",
    [label(true), ...carrying, ...people.map((id) => mayUse(id, "carrier")), viewer("ann"), rights("ben")],
    ...(["carrier", "on-behalf-of", [true, true, false]] as const),
  ],
  [
    "who may extract and not view uses nothing",
    [label(true), ...carrying, mayUse("ann", "carrier"), extractor("ann")],
    ...(["carrier", "on-behalf-of", [null, null, false]] as const),
  ],
  [
    "whom the label names does not speak for an agent that asks one that carries content",
    [label(true), ...carrying, ...asking, rights("ann")],
    ...(["asker", "maker", [null, null, false], "carrier"] as const),
  ],
  [
    "another policy on a label is no rule on its use",
    [label(false), ...rule(["Principal", "everyone", true]).slice(1), policy({ kind: "ConditionalAccess" })],
    ...(["a", "on-behalf-of", [true, true, false]] as const),
  ],
  [
    "nor is a rule that only warns",
    [label(false), ...rule(["Principal", "everyone", true]).slice(1), policy({ effect: "audit" })],
    ...(["a", "on-behalf-of", [true, true, false]] as const),
  ],
];
const tenants = new SideBySide();
const told = CASES.map(
  ([what, more, ...asked]) => [what, more, asked, tenants.add([...TENANT, ...more])] as const,
);

test.each(told)("%s", async (_, more, [agent, mode, [view, extract, blocked], via = ""], one) => {
  const rows = await one.query(
    "MATCH (a:Agent)-[m:MAY_OPEN]->(l:Label) WHERE a.id = $agent AND m.mode = $mode AND coalesce(m.via, '') = $via AND l.id = $label RETURN m.view AS view, m.extract AS extract, m.blocked AS blocked",
    { agent: one.id(agent), mode, via: via && one.id(via), label: one.id("l") },
  );
  expect(rows).toEqual([{ view, extract, blocked }]);
  const law = leaves([...TENANT, ...more], TIME).filter(
    (leave) => leave.agent === agent && leave.mode === mode && leave.via === via,
  );
  expect(law).toEqual([{ agent, mode, via, label: "l", view, extract, blocked }]);
});
