/** The rules of queries/derive as behaviour: a few records in, the rows of CAN_REACH out. */
import { describe, expect, test } from "vitest";
import type { Gap } from "../src/graph/store.ts";
import type { GraphMeta } from "../src/keep/meta.ts";
import type { Row } from "../src/model.ts";
import { reachRows } from "../src/reach/answers.ts";
import { createDecoder } from "../src/reach/paths.ts";
import type { ReachRow } from "../src/reach/reach-row.ts";
import type { NodeKind, RelKind } from "../src/schema.ts";
import type { Put } from "./oracle/records.ts";
import { type Beside, SideBySide } from "./side-by-side.ts";

type Props = Readonly<Record<string, string | number | boolean | readonly string[]>>;

const node = (kind: NodeKind, id: string, props: Props = {}): Put => ({ kind, id, props });
const rel = (kind: RelKind, ends: [NodeKind, string, NodeKind, string], props: Props = {}): Put => ({
  ...{ kind, props },
  from: { kind: ends[0], id: ends[1] },
  to: { kind: ends[2], id: ends[3] },
});

const agent = (id: string, props: Props = {}, principal: Props = {}): Put[] => [
  node("Agent", id, props),
  node("Principal", id, { kind: "AgentIdentity", ...principal }),
  rel("ACTS_AS", ["Agent", id, "Principal", id], { key: "app", mode: "app" }),
];
const member = (who: string, group: string, props: Props = {}): Put =>
  rel("MEMBER_OF", ["Principal", who, "Principal", group], props);
const group = (id: string, ...members: string[]): Put[] => [
  node("Principal", id, { kind: "Group" }),
  ...members.map((who) => member(who, id)),
];
const scope = (id: string, above?: string, props: Props = {}): Put[] => [
  node("Scope", id, { kind: "Container", plane: "azure", ...props }),
  ...(above === undefined ? [] : [rel("WITHIN", ["Scope", id, "Scope", above])]),
];
const inherits = (id: string, above: string): Put => rel("INHERITS", ["Scope", id, "Scope", above]);
/** A grant that goes down by containment, unless `props` says otherwise. */
const grant = (who: string, where: string, props: Props): Put =>
  rel("GRANTED", ["Principal", who, "Scope", where], {
    key: `${who}:${where}:${Object.keys(props).join()}`,
    flow: "containment",
    tier: "now",
    certainty: "exact",
    ...props,
  });
const listed = (who: string, where: string, props: Props): Put =>
  grant(who, where, { ...props, flow: "acl" });
const deny = (who: string, where: string, props: Props): Put =>
  rel("DENIED", ["Principal", who, "Scope", where], {
    key: `deny:${who}:${where}`,
    children: true,
    ...props,
  });
/** Consent of all users to what the agent `a` does for them. */
const consent = (where: string, permission: string): Put =>
  rel("CONSENTED", ["Principal", "a", "Scope", where], {
    ...{ key: "c", type: "delegated", permission, user: "*" },
  });
const controls = (who: string, whom: string): Put =>
  rel("CONTROLS", ["Principal", who, "Principal", whom], { how: "owner" });
const item = (id: string, where: string, label: string, types?: string): Put[] => [
  node("Item", id, { kind: "File", size: 10, ...(types === undefined ? {} : { types }) }),
  rel("PROTECTED_BY", ["Item", id, "Scope", where]),
  rel("LABELED", ["Item", id, "Label", label]),
];
const LABELS = [
  node("Label", "secret", { kind: "Sensitivity", name: "Secret", priority: 9 }),
  node("Label", "unlabeled", { kind: "None", name: "unlabeled" }),
];
const AZURE = [
  ...scope("/", undefined, { kind: "TenantRoot" }),
  ...scope("mg", "/", { kind: "ManagementGroup" }),
  ...scope("account", "mg", { kind: "StorageAccount" }),
  ...scope("box", "account"),
];

const LETTERS = { discover: "d", read: "r", write: "w", manage: "m" } as const;
const REACH =
  "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, s.id AS scope, r.* ORDER BY agent, scope";
const line = (row: Row): string => {
  const of = (name: string) => String(row[`r.${name}`]);
  const rights = Object.entries(LETTERS)
    .map(([right, letter]) => ({ true: letter, null: "?" })[of(right)] ?? "-")
    .join("");
  const absorbed = of("absorbed") === "true" ? " absorbed" : "";
  const covers = of("subtree") === "true" ? "subtree" : "scope";
  return `${row.agent} ${row.scope}: ${of("tier")} ${rights} ${of("certainty")} ${covers}${absorbed}`;
};

/** Each row as `agent scope: tier rights certainty covers`; a right is its letter, `?` or `-`. */
const reachOf = async (world: Beside): Promise<string[]> => (await world.rows(REACH)).map(line).sort();

const besides = new SideBySide();
const world = (changes: readonly (Put | Put[])[], gaps: readonly Gap[] = []): Beside =>
  besides.add(changes.flat(), gaps);
function asked(name: string, changes: readonly (Put | Put[])[], ask: (one: Beside) => Promise<void>): void {
  const one = world(changes);
  test(name, () => ask(one));
}
/** What is reached with these records, row for row. */
const reaches = (name: string, changes: readonly (Put | Put[])[], rows: readonly string[]): void =>
  asked(name, changes, async (one) => expect(await reachOf(one)).toEqual(rows));

const READER = { see: true, read: true };
const META: GraphMeta = {
  ...{ version: 3, tenant: "t", tenantName: "T", snapshot: "s", time: "2026-01-01T00:00:00Z" },
  ...{ observedFrom: "2026-01-01T00:00:00Z", observedTo: "2026-01-01T00:00:00Z" },
  ...{ coverage: [], findings: [], configHash: "", graph: "graph.db" },
};

/** Rows of the agent "a", as answers give them. */
const answered = async (one: Beside, expand: boolean): Promise<ReachRow[]> => {
  const rows: ReachRow[] = [];
  const own = { expand, agents: [one.id("a")] };
  for await (const row of reachRows(one.query, META, createDecoder(one.query), own))
    if (one.owns([row.agent_id, row.scope_id])) rows.push(one.bare(row));
  return rows;
};
/** One row a place. */
const expandedOf = (one: Beside): Promise<ReachRow[]> => answered(one, true);

describe("identity", () => {
  reaches(
    "a grant of an outer group reaches the agent through the inner one",
    [agent("a"), group("inner", "a"), group("outer", "inner"), AZURE, grant("outer", "box", READER)],
    ["a box: now dr-- exact subtree"],
  );

  reaches(
    "groups that contain each other end, and give each grant once",
    [agent("a"), group("g", "a", "h"), group("h", "g"), AZURE, grant("h", "box", READER)],
    ["a box: now dr-- exact subtree"],
  );

  reaches(
    "an application permission of a group does not reach its members, one of the identity does",
    [
      agent("a"),
      group("g", "a"),
      AZURE,
      grant("g", "box", { ...READER, source: "app-role" }),
      grant("a", "account", { see: true, source: "app-role" }),
    ],
    ["a account: now d--- exact subtree"],
  );

  reaches(
    "a disabled agent and a disabled identity reach nothing",
    [
      agent("a", { status: "disabled" }),
      agent("b", {}, { enabled: false }),
      AZURE,
      grant("a", "box", READER),
      grant("b", "box", READER),
    ],
    [],
  );

  reaches(
    "an expired membership and an expired grant give nothing, one that ends later does",
    [
      agent("a"),
      group("g"),
      member("a", "g", { expires: "2025-12-31T00:00:00Z" }),
      AZURE,
      grant("g", "box", READER),
      grant("a", "account", { see: true, expires: "2025-12-31T00:00:00Z" }),
      grant("a", "mg", { see: true, expires: "2026-12-31T00:00:00Z" }),
    ],
    ["a mg: now d--- exact subtree"],
  );
});

describe("containment", () => {
  asked(
    "a role at a management group is one row that covers what lies below, with its items",
    [
      agent("a"),
      AZURE,
      LABELS,
      grant("a", "mg", READER),
      item("i1", "box", "unlabeled", "IBAN"),
      item("i2", "box", "secret", ""),
    ],
    async (graph) => {
      const rows = await graph.rows(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN s.id AS scope, r.subtree AS subtree, r.readable_items AS items,
         r.readable_sensitive AS sensitive, r.readable_unlabeled_sensitive AS unlabeled, r.steps AS steps`,
      );
      expect(rows).toEqual([{ scope: "mg", subtree: true, items: 2, sensitive: 1, unlabeled: 1, steps: 2 }]);
    },
  );

  asked(
    "a child that says no more is absorbed, a child with more rights is a row and counts its items itself",
    [
      agent("a"),
      AZURE,
      LABELS,
      scope("other", "account"),
      grant("a", "account", READER),
      grant("a", "box", READER),
      grant("a", "other", { ...READER, write: true }),
      item("i1", "box", "secret"),
      item("i2", "other", "secret"),
    ],
    async (graph) => {
      const rows = await graph.rows(
        `MATCH (:Agent)-[r:CAN_REACH]->(s:Scope)
       RETURN s.id AS scope, r.write AS write, r.absorbed AS absorbed, r.top AS top, r.readable_items AS items ORDER BY scope`,
      );
      expect(rows).toEqual([
        { scope: "account", write: false, absorbed: false, top: true, items: 1 },
        { scope: "box", write: false, absorbed: true, top: true, items: 0 },
        { scope: "other", write: true, absorbed: false, top: false, items: 1 },
      ]);
    },
  );

  const COUNTS = [
    ...[
      "items",
      "labeled",
      "unlabeled",
      "label_unknown",
      "sensitive",
      "unlabeled_sensitive",
      "not_inspected",
    ],
    ...["usable", "cite_only", "bytes_only"],
    ...["readable_items", "readable_sensitive", "readable_unlabeled_sensitive"],
  ] as const satisfies readonly (keyof ReachRow)[];
  asked(
    "a row a place counts what lies right there, and its columns sum to those of the rows that include places",
    [
      ...[agent("a"), AZURE, LABELS, scope("other", "account"), scope("empty", "account")],
      ...[grant("a", "mg", READER), grant("a", "other", { ...READER, write: true })],
      ...[grant("a", "box", { see: true, write: true, tier: "conditional" })],
      ...[item("i1", "box", "unlabeled", "IBAN"), item("i2", "box", "secret", "")],
      ...[item("i3", "other", "secret", "IBAN"), item("i4", "mg", "unlabeled", "IBAN")],
    ],
    async (graph) => {
      const [rows, compact] = [await expandedOf(graph), await answered(graph, false)];
      expect(
        rows.map((row) => [
          row.scope_id,
          row.tier,
          row.covers,
          row.items,
          row.total_items,
          row.readable_items,
        ]),
      ).toEqual([
        ["account", "now", "scope", 0, 0, 0],
        ["box", "conditional", "scope", 2, 2, 0],
        ["box", "now", "scope", 2, 2, 2],
        ["empty", "now", "scope", 0, 0, 0],
        ["mg", "now", "scope", 1, 1, 1],
        ["other", "now", "scope", 1, 1, 1],
      ]);
      const sums = (of: readonly ReachRow[], tier: string) =>
        COUNTS.map((name) => of.reduce((sum, row) => sum + (row.tier === tier ? (row[name] ?? 0) : 0), 0));
      for (const tier of ["now", "conditional"]) expect(sums(rows, tier)).toEqual(sums(compact, tier));
      expect(sums(rows, "now").at(-2)).toBe(3);
    },
  );

  reaches(
    "a later tier shows only what it adds",
    [
      agent("a"),
      AZURE,
      grant("a", "box", READER),
      grant("a", "box", { ...READER, write: true, tier: "conditional" }),
    ],
    ["a box: conditional --w- exact subtree", "a box: now dr-- exact subtree"],
  );

  reaches(
    "a grant on a plane without a rule is unknown, one that was read in part an upper bound",
    [
      agent("a"),
      AZURE,
      ...scope("vault", undefined, { plane: "keyvault" }),
      grant("a", "vault", { unknown: true, reason_code: "plane-not-modelled" }),
      grant("a", "box", { ...READER, certainty: "upper-bound", reason_code: "condition-unread" }),
    ],
    ["a box: now dr-- upper-bound subtree", "a vault: now ???? unknown subtree"],
  );

  reaches(
    "what a class stands for is one row",
    [agent("a"), scope("any-group", undefined, { kind: "Class" }), grant("a", "any-group", READER)],
    ["a any-group: now dr-- exact subtree"],
  );
});

describe("denies", () => {
  const granted = [agent("a"), AZURE, grant("a", "account", { ...READER, write: true, add: true })];

  reaches(
    "a deny of one action takes this action alone, and everywhere below",
    [...granted, node("Principal", "everyone"), deny("everyone", "mg", { read: true })],
    ["a account: now d-w- exact subtree"],
  );

  reaches(
    "write stays while one of its actions does",
    [...granted, deny("a", "account", { write: true })],
    ["a account: now drw- exact subtree"],
  );

  reaches(
    "an excluded group spares its members, a group that is not theirs does not",
    [
      ...granted,
      agent("b"),
      grant("b", "account", READER),
      group("spared", "a"),
      node("Principal", "everyone"),
      deny("everyone", "account", { read: true, excluded: ["spared"] }),
    ],
    ["a account: now drw- exact subtree", "b account: now d--- exact subtree"],
  );

  reaches(
    "a deny without exclusions is no reason to stop",
    [...granted, group("g", "a"), deny("g", "account", { read: true })],
    ["a account: now d-w- exact subtree"],
  );

  reaches(
    "a deny on the scope alone ends just below it",
    [...granted, deny("a", "account", { read: true, children: false })],
    ["a account: now d-w- exact subtree", "a box: now drw- exact subtree"],
  );
});

describe("keys", () => {
  for (const [said, props, expected] of [
    ["true", { sharedKey: true }, "a account: now drwm exact subtree"],
    ["not said", {}, "a account: now drwm exact subtree"],
    ["false", { sharedKey: false }, "a account: now d--- exact subtree"],
  ] as const)
    asked(
      `where keys are allowed: ${said}`,
      [
        agent("a"),
        scope("account", undefined, { kind: "StorageAccount", ...props }),
        grant("a", "account", { see: true, listKeys: true }),
      ],
      async (one) => {
        const rows = await reachOf(one);
        expect(rows).toContain(expected);
        expect(rows.filter((row) => row.includes(": now"))).toHaveLength(1);
      },
    );

  const keyed = [agent("a"), AZURE, grant("a", "mg", { see: true, listKeys: true })];
  asked(
    "a key survives a deny of data actions",
    [...keyed, deny("a", "mg", { read: true, write: true })],
    async (one) => expect(await reachOf(one)).toContain("a account: now drwm exact subtree"),
  );
  asked(
    "a key ends with a deny of the key action",
    [...keyed, deny("a", "mg", { listKeys: true })],
    async (one) => expect(await reachOf(one)).not.toContain("a account: now drwm exact subtree"),
  );
});

describe("access lists", () => {
  const SITE = [
    scope("site", undefined, { kind: "Site", plane: "sharepoint" }),
    scope("open", "site", { kind: "List", plane: "sharepoint" }),
    scope("broken", "site", { kind: "List", plane: "sharepoint" }),
    inherits("open", "site"),
  ].flat();

  reaches(
    "a list that inherits is a row of its own, broken inheritance ends the grant",
    [agent("a"), SITE, listed("a", "site", READER)],
    ["a open: now dr-- exact scope", "a site: now dr-- exact scope"],
  );

  reaches(
    "where both sorts of grant meet, rights add up and a permission for the plane passes broken inheritance",
    [agent("a"), SITE, listed("a", "broken", { ...READER, write: true }), grant("a", "site", READER)],
    ["a broken: now drw- exact subtree", "a site: now dr-- exact subtree"],
  );

  reaches(
    "a list that only may be had later shows what it adds to what it gives now",
    [
      agent("a"),
      SITE,
      listed("a", "broken", READER),
      listed("a", "broken", { ...READER, write: true, tier: "potential" }),
    ],
    ["a broken: now dr-- exact scope", "a broken: potential --w- exact scope"],
  );

  reaches(
    "who may change a list could read and write it",
    [agent("a"), SITE, listed("a", "broken", { setAcl: true })],
    ["a broken: latent -rw- exact scope", "a broken: now d--m exact scope"],
  );
});

describe("ADLS access lists", () => {
  const PLACE = [AZURE, ...scope("list", "box", { kind: "AccessList" })].flat();
  const entry = (who: string, props: Props): Put =>
    grant(who, "list", { ...READER, ...props, flow: "posix" });

  reaches(
    "an entry holds at its own place, and for everyone it means applications, too",
    [agent("a"), agent("b"), PLACE, node("Principal", "everyone"), entry("everyone", { excluded: ["b"] })],
    ["a list: now dr-- exact scope"],
  );

  reaches(
    "a group holds an entry only together with the groups that the way there asks for",
    [
      ...[agent("a"), agent("b"), group("g", "a", "b"), group("h", "b"), PLACE],
      entry("g", { together: ["h"] }),
    ],
    ["b list: now dr-- exact scope"],
  );

  reaches(
    "a role further up passes the list",
    [agent("a"), PLACE, grant("a", "account", READER), entry("a", { write: true })],
    ["a account: now dr-- exact subtree", "a list: now drw- exact subtree"],
  );
});

describe("with whose rights an agent acts", () => {
  asked(
    "a stored connection, a server and an agent that it calls are rows of their own",
    [
      ...[agent("a"), agent("b"), AZURE, node("Principal", "p", { kind: "ServicePrincipal" })],
      ...[node("McpServer", "m"), rel("USES", ["Agent", "b", "McpServer", "m"])],
      rel("ACTS_AS", ["McpServer", "m", "Principal", "p"], { key: "app", mode: "app" }),
      rel("ACTS_AS", ["Agent", "a", "Principal", "p"], { key: "maker", mode: "maker" }),
      ...["a", "b"].map((from) =>
        rel("INVOKES", ["Agent", from, "Agent", from === "a" ? "b" : "a"], { mode: "own" }),
      ),
      grant("p", "box", READER),
      grant("b", "box", { see: true }),
    ],
    async (graph) => {
      const rows = await graph.rows(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, s.id AS scope, r.mode AS mode, r.via AS via, r.read AS read, r.steps AS steps
       ORDER BY agent, mode, via`,
      );
      expect(rows).toEqual([
        { agent: "a", scope: "box", mode: "app", via: "b", read: false, steps: 3 },
        { agent: "a", scope: "box", mode: "app", via: "m", read: true, steps: 4 },
        { agent: "a", scope: "box", mode: "maker", via: null, read: true, steps: 2 },
        { agent: "b", scope: "box", mode: "app", via: "m", read: true, steps: 3 },
        { agent: "b", scope: "box", mode: "app", via: null, read: false, steps: 2 },
        { agent: "b", scope: "box", mode: "maker", via: "a", read: true, steps: 3 },
      ]);
    },
  );
});

describe("copies", () => {
  asked(
    "items of the source count where it is read through a copy, each once an agent, mode and tier",
    [
      ...[agent("a"), LABELS, AZURE, scope("site"), scope("list", "site")],
      ...[item("i1", "site", "secret"), item("i2", "list", "secret"), item("i3", "box", "secret")],
      rel("COPIED_TO", ["Scope", "site", "Scope", "box"]),
      ...[grant("a", "box", READER), grant("a", "list", { write: true })],
    ],
    async (graph) => {
      const rows = await graph.rows(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.absorbed = false
         RETURN a.id AS agent, r.mode AS mode, s.id AS scope, r.readable_items AS items ORDER BY agent, mode, scope`,
      );
      expect(rows.map((row) => `${row.agent} ${row.mode} ${row.scope} ${row.items}`)).toEqual([
        "a app box 1",
        "a app list 1",
        "a app site 1",
      ]);
    },
  );

  reaches(
    "what an agent carries it reads in each of its modes, beside what it is granted there",
    [
      ...[agent("a"), AZURE, grant("a", "account", { see: true }), deny("a", "box", { see: true })],
      rel("EMBEDS", ["Agent", "a", "Scope", "box"]),
    ],
    ["a account: now d--- exact subtree", "a box: now dr-- exact subtree", "a box: now dr-- exact subtree"],
  );

  reaches(
    "a service in which nobody read what users have is read as little through its copy",
    [
      agent("a"),
      ...[scope("plane:search", undefined, { kind: "Service", plane: "search" }), scope("site")],
      consent("plane:search", "user_impersonation"),
      rel("COPIED_TO", ["Scope", "site", "Scope", "plane:search"]),
    ],
    ["a plane:search: now ???? unknown scope", "a site: now ??-- unknown subtree"],
  );
});

describe("what an agent could make of itself", () => {
  reaches(
    "a right to assign roles is latent reading and writing below",
    [agent("a"), AZURE, grant("a", "account", { see: true, assign: true })],
    ["a account: latent -rw- exact subtree", "a account: now d--m exact subtree"],
  );

  asked(
    "a principal that is controlled, also in a circle, lends its groups’ grants at the shortest distance",
    [
      agent("a"),
      group("p"),
      group("q"),
      group("team", "q"),
      controls("a", "p"),
      controls("p", "q"),
      controls("q", "a"),
      AZURE,
      grant("team", "box", READER),
    ],
    async (graph) => {
      expect(
        await graph.rows(
          "MATCH (:Agent)-[r:CAN_REACH]->(s:Scope) RETURN s.id AS scope, r.tier AS tier, r.hops AS hops, r.read AS read",
        ),
      ).toEqual([{ scope: "box", tier: "latent", hops: 2, read: true }]);
    },
  );
});

describe("what was not looked at", () => {
  const unread = (step: string, where: string, hides: Gap["hides"]): Gap => ({
    ...{ step, scope: where, state: "failed", hides },
  });
  const partly = world(
    [agent("a"), AZURE, grant("a", "box", READER), scope("far"), grant("a", "far", READER)],
    [unread("azure.assignments", "account", "denies"), unread("azure.assignments", "far", "grants")],
  );
  test("denies that were not read make a row an upper bound, grants that were not read do not", async () => {
    expect(
      await partly.rows(
        `MATCH (:Agent)-[r:CAN_REACH]->(s:Scope)
         RETURN s.id AS scope, r.certainty AS certainty, r.reason_code AS reason ORDER BY scope`,
      ),
    ).toEqual([
      { scope: "box", certainty: "upper-bound", reason: "denies-unread" },
      { scope: "far", certainty: "exact", reason: null },
    ]);
  });

  const branches = world(
    [
      ...[agent("a"), scope("top"), scope("one", "top"), scope("two", "top"), scope("three", "two")],
      ...[grant("a", "top", READER)],
    ],
    [unread("azure.deny-assignments", "one", "denies")],
  );
  test("denies that were not read in one branch bound the row above both, and nothing in the other", async () => {
    const rows = await expandedOf(branches);
    expect(rows.map((row) => [row.scope_id, row.certainty, row.reason_code, row.completeness])).toEqual([
      ["one", "upper-bound", "denies-unread", "failed"],
      ["three", "exact", "", "complete"],
      ["top", "upper-bound", "denies-unread", "failed"],
      ["two", "exact", "", "complete"],
    ]);
  });

  const copied = world(
    [
      ...[agent("a"), AZURE, scope("site"), scope("list", "site")],
      rel("COPIED_TO", ["Scope", "site", "Scope", "box"]),
      ...[grant("a", "box", READER), grant("a", "list", { write: true })],
    ],
    [unread("azure.deny-assignments", "account", "denies")],
  );
  test("denies that were not read at a copy bound what is read through it, and nothing that is granted at its source", async () => {
    expect(
      await copied.rows(
        `MATCH (:Agent)-[r:CAN_REACH]->(s:Scope)
         RETURN s.id AS scope, r.certainty AS certainty, r.reason_code AS reason, r.write AS write ORDER BY scope`,
      ),
    ).toEqual([
      { scope: "box", certainty: "upper-bound", reason: "denies-unread", write: false },
      { scope: "list", certainty: "upper-bound", reason: "copy-denies-unread", write: true },
      { scope: "site", certainty: "upper-bound", reason: "copy-denies-unread", write: false },
    ]);
    const rows = await expandedOf(copied);
    // Of the list the grant is the witness, which nothing at the copy can take away.
    expect(rows.map((row) => [row.scope_id, row.completeness, row.gap_steps, row.path])).toEqual([
      ["box", "failed", "azure.deny-assignments", "a → [grant] box"],
      ["list", "complete", "", "a → [grant] list"],
      ["site", "failed", "azure.deny-assignments", "a → [grant] box → (copy of) site"],
    ]);
  });

  reaches(
    "a server that acts as somebody is not unknown",
    [
      ...[agent("a"), AZURE, node("McpServer", "m"), rel("USES", ["Agent", "a", "McpServer", "m"])],
      node("Principal", "p"),
      rel("ACTS_AS", ["McpServer", "m", "Principal", "p"], { mode: "app", key: "app" }),
    ],
    [],
  );

  reaches(
    "consent to act for users where nobody read what users have is unknown, as far as the consent goes",
    [
      agent("a"),
      scope("plane:exchange", undefined, { kind: "Service", plane: "exchange" }),
      consent("plane:exchange", "Mail.Read"),
    ],
    ["a plane:exchange: now ??-- unknown scope"],
  );

  reaches(
    "where the service was read, consent alone gives nothing",
    [
      agent("a"),
      scope("plane:sharepoint", undefined, { kind: "Service", plane: "sharepoint" }),
      scope("site", "plane:sharepoint"),
      consent("plane:sharepoint", "Files.Read.All"),
    ],
    [],
  );

  describe("in a graph in which nobody is granted anything", () => {
    const uses = (who: string) => rel("USES", ["Agent", who, "McpServer", "m"]);
    const alone = new SideBySide().add(
      [
        ...[agent("a"), agent("b"), agent("off", { status: "disabled" }), scope("/")],
        ...[node("McpServer", "m"), uses("b"), uses("off")],
        rel("INVOKES", ["Agent", "a", "Agent", "b"], { mode: "own" }),
      ].flat(),
    );
    test("a server of unknown identity opens something unknown, also at second hand", async () => {
      const rows = await alone.rows(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, r.mode AS mode, r.via AS via, s.id AS scope, s.plane AS plane,
         r.read AS read, r.manage AS manage, r.certainty AS certainty, r.reason_code AS reason, r.steps AS steps, r.grant AS grant ORDER BY agent`,
      );
      const said = { mode: "app", via: "m", scope: "unknown:mcp:m", plane: "mcp", read: null, manage: null };
      expect(rows).toEqual(
        ["a", "b"].map((who) => ({
          ...{ agent: who, ...said, certainty: "unknown", reason: "server-identity-unknown" },
          ...{ steps: who === "a" ? 2 : 1, grant: null },
        })),
      );
    });
  });

  describe("who may use an agent that users consented to", () => {
    const records = [
      ...[agent("a"), agent("carrier"), scope("plane:sharepoint", undefined, { kind: "Service" })],
      ...[scope("site", "plane:sharepoint"), scope("file", "site"), scope("source")],
      ...[node("Principal", "u", { kind: "User" }), consent("plane:sharepoint", "Files.Read.All")],
      rel("EMBEDS", ["Agent", "a", "Scope", "file"]),
      rel("COPIED_TO", ["Scope", "source", "Scope", "site"]),
    ].flat();
    const said = async (one: Beside) => {
      const rows = await one.rows(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.mode = 'on-behalf-of' AND r.absorbed = false
         RETURN a.id AS agent, s.id AS scope, r.*`,
      );
      return rows.map((row) => `${line(row)} ${row["r.reason_code"] ?? ""}`.trim()).sort();
    };
    const file = "a file: now dr-- exact subtree";
    const read = world(records);
    // What was not read of a whole tenant is so for all tenants of a graph.
    const owners = new SideBySide([unread("entra.owners", "", "grants")]).add(records);
    const users = new SideBySide([unread("entra.app-role-assignments", "", "grants")]);
    const unknown = users.add(records);
    const known = users.add([...records, rel("MAY_USE", ["Principal", "u", "Agent", "a"])]);

    test("gives nothing more where it was read, or something else was not", async () => {
      expect(await said(read)).toEqual([file]);
      expect(await said(owners)).toEqual([file]);
    });
    test("is unknown where nobody read it, at the place of the consent and below", async () => {
      expect(await said(unknown)).toEqual([
        file,
        "a plane:sharepoint: now ??-- unknown subtree audience-unread",
        "a source: now ??-- unknown subtree audience-unread",
      ]);
    });
    test("is known where somebody is: what others might add is coverage, and no row", async () => {
      expect(await said(known)).toEqual([file]);
    });
  });
});
