/** The rules of queries/derive as behaviour: a few records in, the rows of CAN_REACH out. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { loadRules } from "../src/graph/rules.ts";
import type { Gap, GraphStore } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import { openInventory } from "../src/keep/inventory.ts";
import type { GraphMeta } from "../src/keep/meta.ts";
import type { Row } from "../src/model.ts";
import { reachRows } from "../src/reach/answers.ts";
import { createDecoder } from "../src/reach/paths.ts";
import type { ReachRow } from "../src/reach/reach-row.ts";
import type { Change, NodeKind, RelKind, RelProps } from "../src/schema.ts";

type Props = Readonly<Record<string, string | number | boolean | readonly string[]>>;

const node = (kind: NodeKind, id: string, props: Props = {}): Change =>
  ({ put: { kind, id, props } }) as Change;
const rel = <K extends RelKind>(kind: K, ends: [NodeKind, string, NodeKind, string], props: Props = {}) =>
  ({
    put: {
      kind,
      from: { kind: ends[0], id: ends[1] },
      to: { kind: ends[2], id: ends[3] },
      props: props as RelProps<K>,
    },
  }) as Change;

const agent = (id: string, props: Props = {}, principal: Props = {}): Change[] => [
  node("Agent", id, props),
  node("Principal", id, { kind: "AgentIdentity", ...principal }),
  rel("ACTS_AS", ["Agent", id, "Principal", id], { key: "app", mode: "app" }),
];
const member = (who: string, group: string, props: Props = {}): Change =>
  rel("MEMBER_OF", ["Principal", who, "Principal", group], props);
const group = (id: string, ...members: string[]): Change[] => [
  node("Principal", id, { kind: "Group" }),
  ...members.map((who) => member(who, id)),
];
const scope = (id: string, above?: string, props: Props = {}): Change[] => [
  node("Scope", id, { kind: "Container", plane: "azure", ...props }),
  ...(above === undefined ? [] : [rel("WITHIN", ["Scope", id, "Scope", above])]),
];
const inherits = (id: string, above: string): Change => rel("INHERITS", ["Scope", id, "Scope", above]);
/** A grant that goes down by containment, unless `props` says otherwise. */
const grant = (who: string, where: string, props: Props): Change =>
  rel("GRANTED", ["Principal", who, "Scope", where], {
    key: `${who}:${where}:${Object.keys(props).join()}`,
    flow: "containment",
    tier: "now",
    certainty: "exact",
    ...props,
  });
const listed = (who: string, where: string, props: Props): Change =>
  grant(who, where, { ...props, flow: "acl" });
const deny = (who: string, where: string, props: Props): Change =>
  rel("DENIED", ["Principal", who, "Scope", where], {
    key: `deny:${who}:${where}`,
    children: true,
    ...props,
  });
const controls = (who: string, whom: string): Change =>
  rel("CONTROLS", ["Principal", who, "Principal", whom], { how: "owner" });
const item = (id: string, where: string, label: string, types?: string): Change[] => [
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

let folder: string | undefined;
let store: GraphStore | undefined;
/** The graph that was derived last goes. */
async function drop(): Promise<void> {
  await store?.close();
  if (folder !== undefined) rmSync(folder, { recursive: true });
  store = undefined;
  folder = undefined;
}
afterEach(drop);

async function derive(
  changes: readonly (Change | Change[])[],
  gaps: readonly Gap[] = [],
): Promise<GraphStore> {
  folder = mkdtempSync(join(tmpdir(), "rules-"));
  const inventory = await openInventory(":memory:", { now: () => new Date("2026-01-01T00:00:00Z") });
  async function* lines() {
    for (const change of changes.flat()) yield JSON.stringify(change);
  }
  try {
    await inventory.import("world", lines());
    const snapshot = await inventory.snapshot();
    const tables = await snapshot.export(join(folder, "export"));
    store = openEmbeddedStore({ folder: join(folder, "graph"), pool: 128 * 1024 * 1024, threads: 1 });
    await store.rebuild({ snapshot: snapshot.id, time: "2026-01-01T00:00:00Z", gaps, tables });
    for await (const _ of store.derive(loadRules()));
    return store;
  } finally {
    await inventory.close();
  }
}

const LETTERS = { discover: "d", read: "r", write: "w", manage: "m" } as const;
/** Each row as `agent scope: tier rights certainty covers`; a right is its letter, `?` or `-`. */
async function reach(...changes: (Change | Change[])[]): Promise<string[]> {
  const graph = await derive(changes);
  const rows = await graph.query(
    "MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, s.id AS scope, r.* ORDER BY agent, scope",
  );
  return rows.map(line).sort();
}
const line = (row: Row): string => {
  const of = (name: string) => String(row[`r.${name}`]);
  const rights = Object.entries(LETTERS)
    .map(([right, letter]) => ({ true: letter, null: "?" })[of(right)] ?? "-")
    .join("");
  const absorbed = of("absorbed") === "true" ? " absorbed" : "";
  const covers = of("subtree") === "true" ? "subtree" : "scope";
  return `${row.agent} ${row.scope}: ${of("tier")} ${rights} ${of("certainty")} ${covers}${absorbed}`;
};

const READER = { see: true, read: true };
const META: GraphMeta = {
  ...{ version: 2, tenant: "t", tenantName: "T", snapshot: "s", time: "2026-01-01T00:00:00Z" },
  ...{ observedFrom: "2026-01-01T00:00:00Z", observedTo: "2026-01-01T00:00:00Z" },
  ...{ coverage: [], findings: [], configHash: "" },
};

describe("identity", () => {
  test("a grant of an outer group reaches the agent through the inner one", async () => {
    expect(
      await reach(
        agent("a"),
        group("inner", "a"),
        group("outer", "inner"),
        AZURE,
        grant("outer", "box", READER),
      ),
    ).toEqual(["a box: now dr-- exact subtree"]);
  });

  test("groups that contain each other end, and give each grant once", async () => {
    expect(
      await reach(agent("a"), group("g", "a", "h"), group("h", "g"), AZURE, grant("h", "box", READER)),
    ).toEqual(["a box: now dr-- exact subtree"]);
  });

  test("an application permission of a group does not reach its members, one of the identity does", async () => {
    expect(
      await reach(
        agent("a"),
        group("g", "a"),
        AZURE,
        grant("g", "box", { ...READER, source: "app-role" }),
        grant("a", "account", { see: true, source: "app-role" }),
      ),
    ).toEqual(["a account: now d--- exact subtree"]);
  });

  test("a disabled agent and a disabled identity reach nothing", async () => {
    expect(
      await reach(
        agent("a", { status: "disabled" }),
        agent("b", {}, { enabled: false }),
        AZURE,
        grant("a", "box", READER),
        grant("b", "box", READER),
      ),
    ).toEqual([]);
  });

  test("an expired membership and an expired grant give nothing, one that ends later does", async () => {
    expect(
      await reach(
        agent("a"),
        group("g"),
        member("a", "g", { expires: "2025-12-31T00:00:00Z" }),
        AZURE,
        grant("g", "box", READER),
        grant("a", "account", { see: true, expires: "2025-12-31T00:00:00Z" }),
        grant("a", "mg", { see: true, expires: "2026-12-31T00:00:00Z" }),
      ),
    ).toEqual(["a mg: now d--- exact subtree"]);
  });
});

describe("containment", () => {
  test("a role at a management group is one row that covers what lies below, with its items", async () => {
    const graph = await derive([
      agent("a"),
      AZURE,
      LABELS,
      grant("a", "mg", READER),
      item("i1", "box", "unlabeled", "IBAN"),
      item("i2", "box", "secret", ""),
    ]);
    const rows = await graph.query(
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN s.id AS scope, r.subtree AS subtree, r.readable_items AS items,
         r.readable_sensitive AS sensitive, r.readable_unlabeled_sensitive AS unlabeled, r.steps AS steps`,
    );
    expect(rows).toEqual([{ scope: "mg", subtree: true, items: 2, sensitive: 1, unlabeled: 1, steps: 2 }]);
  });

  test("a child that says no more is absorbed, a child with more rights is a row and counts its items itself", async () => {
    const graph = await derive([
      agent("a"),
      AZURE,
      LABELS,
      scope("other", "account"),
      grant("a", "account", READER),
      grant("a", "box", READER),
      grant("a", "other", { ...READER, write: true }),
      item("i1", "box", "secret"),
      item("i2", "other", "secret"),
    ]);
    const rows = await graph.query(
      `MATCH (:Agent)-[r:CAN_REACH]->(s:Scope)
       RETURN s.id AS scope, r.write AS write, r.absorbed AS absorbed, r.top AS top, r.readable_items AS items ORDER BY scope`,
    );
    expect(rows).toEqual([
      { scope: "account", write: false, absorbed: false, top: true, items: 1 },
      { scope: "box", write: false, absorbed: true, top: true, items: 0 },
      { scope: "other", write: true, absorbed: false, top: false, items: 1 },
    ]);
  });

  test("a later tier shows only what it adds", async () => {
    expect(
      await reach(
        agent("a"),
        AZURE,
        grant("a", "box", READER),
        grant("a", "box", { ...READER, write: true, tier: "conditional" }),
      ),
    ).toEqual(["a box: conditional --w- exact subtree", "a box: now dr-- exact subtree"]);
  });

  test("a grant on a plane without a rule is unknown, one that was read in part an upper bound", async () => {
    expect(
      await reach(
        agent("a"),
        AZURE,
        ...scope("vault", undefined, { plane: "keyvault" }),
        grant("a", "vault", { unknown: true, reason_code: "plane-not-modelled" }),
        grant("a", "box", { ...READER, certainty: "upper-bound", reason_code: "condition-unread" }),
      ),
    ).toEqual(["a box: now dr-- upper-bound subtree", "a vault: now ???? unknown subtree"]);
  });

  test("what a class stands for is one row", async () => {
    expect(
      await reach(
        agent("a"),
        scope("any-group", undefined, { kind: "Class" }),
        grant("a", "any-group", READER),
      ),
    ).toEqual(["a any-group: now dr-- exact subtree"]);
  });
});

describe("denies", () => {
  const granted = [agent("a"), AZURE, grant("a", "account", { ...READER, write: true, add: true })];

  test("a deny of one action takes this action alone, and everywhere below", async () => {
    expect(
      await reach(...granted, node("Principal", "everyone"), deny("everyone", "mg", { read: true })),
    ).toEqual(["a account: now d-w- exact subtree"]);
  });

  test("write stays while one of its actions does", async () => {
    expect(await reach(...granted, deny("a", "account", { write: true }))).toEqual([
      "a account: now drw- exact subtree",
    ]);
  });

  test("an excluded group spares its members, a group that is not theirs does not", async () => {
    expect(
      await reach(
        ...granted,
        agent("b"),
        grant("b", "account", READER),
        group("spared", "a"),
        node("Principal", "everyone"),
        deny("everyone", "account", { read: true, excluded: ["spared"] }),
      ),
    ).toEqual(["a account: now drw- exact subtree", "b account: now d--- exact subtree"]);
  });

  test("a deny without exclusions is no reason to stop", async () => {
    expect(await reach(...granted, group("g", "a"), deny("g", "account", { read: true }))).toEqual([
      "a account: now d-w- exact subtree",
    ]);
  });

  test("a deny on the scope alone ends just below it", async () => {
    expect(await reach(...granted, deny("a", "account", { read: true, children: false }))).toEqual([
      "a account: now d-w- exact subtree",
      "a box: now drw- exact subtree",
    ]);
  });
});

describe("keys", () => {
  test.each([
    ["true", { sharedKey: true }, "a account: now drwm exact subtree"],
    ["not said", {}, "a account: now drwm exact subtree"],
    ["false", { sharedKey: false }, "a account: now d--- exact subtree"],
  ])("where keys are allowed: %s", async (_, props, expected) => {
    const rows = await reach(
      agent("a"),
      scope("account", undefined, { kind: "StorageAccount", ...props }),
      grant("a", "account", { see: true, listKeys: true }),
    );
    expect(rows).toContain(expected);
    expect(rows.filter((row) => row.includes(": now"))).toHaveLength(1);
  });

  test("a key survives a deny of data actions and ends with a deny of the key action", async () => {
    const world = [agent("a"), AZURE, grant("a", "mg", { see: true, listKeys: true })];
    expect(await reach(...world, deny("a", "mg", { read: true, write: true }))).toContain(
      "a account: now drwm exact subtree",
    );
    await store?.close();
    rmSync(folder!, { recursive: true });
    expect(await reach(...world, deny("a", "mg", { listKeys: true }))).not.toContain(
      "a account: now drwm exact subtree",
    );
  });
});

describe("access lists", () => {
  const SITE = [
    scope("site", undefined, { kind: "Site", plane: "sharepoint" }),
    scope("open", "site", { kind: "List", plane: "sharepoint" }),
    scope("broken", "site", { kind: "List", plane: "sharepoint" }),
    inherits("open", "site"),
  ].flat();

  test("a list that inherits is a row of its own, broken inheritance ends the grant", async () => {
    expect(await reach(agent("a"), SITE, listed("a", "site", READER))).toEqual([
      "a open: now dr-- exact scope",
      "a site: now dr-- exact scope",
    ]);
  });

  test("where both sorts of grant meet, rights add up and a permission for the plane passes broken inheritance", async () => {
    expect(
      await reach(
        agent("a"),
        SITE,
        listed("a", "broken", { ...READER, write: true }),
        grant("a", "site", READER),
      ),
    ).toEqual(["a broken: now drw- exact subtree", "a site: now dr-- exact subtree"]);
  });

  test("a list that only may be had later shows what it adds to what it gives now", async () => {
    expect(
      await reach(
        agent("a"),
        SITE,
        listed("a", "broken", READER),
        listed("a", "broken", { ...READER, write: true, tier: "potential" }),
      ),
    ).toEqual(["a broken: now dr-- exact scope", "a broken: potential --w- exact scope"]);
  });

  test("who may change a list could read and write it", async () => {
    expect(await reach(agent("a"), SITE, listed("a", "broken", { setAcl: true }))).toEqual([
      "a broken: latent -rw- exact scope",
      "a broken: now d--m exact scope",
    ]);
  });
});

describe("ADLS access lists", () => {
  const PLACE = [AZURE, ...scope("list", "box", { kind: "AccessList" })].flat();
  const entry = (who: string, props: Props): Change =>
    grant(who, "list", { ...READER, ...props, flow: "posix" });

  test("an entry holds at its own place, and for everyone it means applications, too", async () => {
    expect(
      await reach(
        agent("a"),
        agent("b"),
        PLACE,
        node("Principal", "everyone"),
        entry("everyone", { excluded: ["b"] }),
      ),
    ).toEqual(["a list: now dr-- exact scope"]);
  });

  test("a group holds an entry only together with the groups that the way there asks for", async () => {
    expect(
      await reach(
        ...[agent("a"), agent("b"), group("g", "a", "b"), group("h", "b"), PLACE],
        entry("g", { together: ["h"] }),
      ),
    ).toEqual(["b list: now dr-- exact scope"]);
  });

  test("a role further up passes the list", async () => {
    expect(
      await reach(agent("a"), PLACE, grant("a", "account", READER), entry("a", { write: true })),
    ).toEqual(["a account: now dr-- exact subtree", "a list: now drw- exact subtree"]);
  });
});

describe("with whose rights an agent acts", () => {
  test("a stored connection, a server and an agent that it calls are rows of their own", async () => {
    const graph = await derive([
      ...[agent("a"), agent("b"), AZURE, node("Principal", "p", { kind: "ServicePrincipal" })],
      ...[node("McpServer", "m"), rel("USES", ["Agent", "b", "McpServer", "m"])],
      rel("ACTS_AS", ["McpServer", "m", "Principal", "p"], { key: "app", mode: "app" }),
      rel("ACTS_AS", ["Agent", "a", "Principal", "p"], { key: "maker", mode: "maker" }),
      ...["a", "b"].map((from) =>
        rel("INVOKES", ["Agent", from, "Agent", from === "a" ? "b" : "a"], { mode: "own" }),
      ),
      grant("p", "box", READER),
      grant("b", "box", { see: true }),
    ]);
    const rows = await graph.query(
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) RETURN a.id AS agent, r.mode AS mode, r.via AS via, r.read AS read, r.steps AS steps
       ORDER BY agent, mode, via`,
    );
    expect(rows).toEqual([
      { agent: "a", mode: "app", via: "b", read: false, steps: 3 },
      { agent: "a", mode: "app", via: "m", read: true, steps: 4 },
      { agent: "a", mode: "maker", via: null, read: true, steps: 2 },
      { agent: "b", mode: "app", via: "m", read: true, steps: 3 },
      { agent: "b", mode: "app", via: null, read: false, steps: 2 },
      { agent: "b", mode: "maker", via: "a", read: true, steps: 3 },
    ]);
  });
});

describe("copies", () => {
  const items = (...rows: Row[]) => rows.map((row) => `${row.agent} ${row.mode} ${row.scope} ${row.items}`);
  const counts = async (...changes: (Change | Change[])[]): Promise<string[]> =>
    items(
      ...(await (
        await derive(changes)
      ).query(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.absorbed = false
         RETURN a.id AS agent, r.mode AS mode, s.id AS scope, r.readable_items AS items ORDER BY agent, mode, scope`,
      )),
    );

  test("items of the source count where it is read through a copy, each once an agent, mode and tier", async () => {
    expect(
      await counts(
        ...[agent("a"), LABELS, AZURE, scope("site"), scope("list", "site")],
        ...[item("i1", "site", "secret"), item("i2", "list", "secret"), item("i3", "box", "secret")],
        rel("COPIED_TO", ["Scope", "site", "Scope", "box"]),
        ...[grant("a", "box", READER), grant("a", "list", { write: true })],
      ),
    ).toEqual(["a app box 1", "a app list 1", "a app site 1"]);
  });

  test("what an agent carries it reads in each of its modes, beside what it is granted there", async () => {
    const rows = await reach(
      ...[agent("a"), AZURE, grant("a", "account", { see: true }), deny("a", "box", { see: true })],
      rel("EMBEDS", ["Agent", "a", "Scope", "box"]),
    );
    expect(rows).toEqual([
      "a account: now d--- exact subtree",
      "a box: now dr-- exact subtree",
      "a box: now dr-- exact subtree",
    ]);
  });

  test("a service in which nobody read what users have is read as little through its copy", async () => {
    const consent = rel("CONSENTED", ["Principal", "a", "Scope", "plane:search"], {
      ...{ key: "c", type: "delegated", permission: "user_impersonation", user: "*" },
    });
    const search = scope("plane:search", undefined, { kind: "Service", plane: "search" });
    const copied = rel("COPIED_TO", ["Scope", "site", "Scope", "plane:search"]);
    expect(await reach(agent("a"), search, scope("site"), consent, copied)).toEqual([
      "a plane:search: now ???? unknown scope",
      "a site: now ??-- unknown subtree",
    ]);
  });
});

describe("what an agent could make of itself", () => {
  test("a right to assign roles is latent reading and writing below", async () => {
    expect(await reach(agent("a"), AZURE, grant("a", "account", { see: true, assign: true }))).toEqual([
      "a account: latent -rw- exact subtree",
      "a account: now d--m exact subtree",
    ]);
  });

  test("a principal that is controlled, also in a circle, lends its groups’ grants at the shortest distance", async () => {
    const graph = await derive([
      agent("a"),
      group("p"),
      group("q"),
      group("team", "q"),
      controls("a", "p"),
      controls("p", "q"),
      controls("q", "a"),
      AZURE,
      grant("team", "box", READER),
    ]);
    expect(
      await graph.query(
        "MATCH (:Agent)-[r:CAN_REACH]->(s:Scope) RETURN s.id AS scope, r.tier AS tier, r.hops AS hops, r.read AS read",
      ),
    ).toEqual([{ scope: "box", tier: "latent", hops: 2, read: true }]);
  });
});

describe("what was not looked at", () => {
  test("denies that were not read make a row an upper bound, grants that were not read do not", async () => {
    const world = [agent("a"), AZURE, grant("a", "box", READER), ...scope("far"), grant("a", "far", READER)];
    const gap = (where: string, hides: Gap["hides"]): Gap => ({
      step: "azure.assignments",
      scope: where,
      state: "failed",
      hides,
    });
    const graph = await derive(world, [gap("account", "denies"), gap("far", "grants")]);
    expect(
      await graph.query(
        `MATCH (:Agent)-[r:CAN_REACH]->(s:Scope)
         RETURN s.id AS scope, r.certainty AS certainty, r.reason_code AS reason ORDER BY scope`,
      ),
    ).toEqual([
      { scope: "box", certainty: "upper-bound", reason: "denies-unread" },
      { scope: "far", certainty: "exact", reason: null },
    ]);
  });

  test("denies that were not read at a copy bound what is read through it, and nothing that is granted at its source", async () => {
    const world = [
      ...[agent("a"), AZURE, scope("site"), scope("list", "site")],
      rel("COPIED_TO", ["Scope", "site", "Scope", "box"]),
      ...[grant("a", "box", READER), grant("a", "list", { write: true })],
    ];
    const gap: Gap = { step: "azure.deny-assignments", scope: "account", state: "failed", hides: "denies" };
    const graph = await derive(world, [gap]);
    expect(
      await graph.query(
        `MATCH (:Agent)-[r:CAN_REACH]->(s:Scope)
         RETURN s.id AS scope, r.certainty AS certainty, r.reason_code AS reason, r.write AS write ORDER BY scope`,
      ),
    ).toEqual([
      { scope: "box", certainty: "upper-bound", reason: "denies-unread", write: false },
      { scope: "list", certainty: "upper-bound", reason: "denies-unread", write: true },
      { scope: "site", certainty: "upper-bound", reason: "denies-unread", write: false },
    ]);
    const rows: ReachRow[] = [];
    const query: GraphStore["query"] = (cypher, params) => graph.query(cypher, params);
    for await (const row of reachRows(query, META, createDecoder(query), { expand: true })) rows.push(row);
    // Of the list the grant is the witness, which nothing at the copy can take away.
    expect(rows.map((row) => [row.scope_id, row.completeness, row.gap_steps, row.path])).toEqual([
      ["box", "failed", "azure.deny-assignments", "a → [grant] box"],
      ["list", "complete", "", "a → [grant] list"],
      ["site", "failed", "azure.deny-assignments", "a → [grant] box → (copy of) site"],
    ]);
  });

  test("a server of unknown identity opens something unknown, also at second hand and beside nothing else", async () => {
    const uses = (who: string) => rel("USES", ["Agent", who, "McpServer", "m"]);
    const graph = await derive([
      ...[agent("a"), agent("b"), agent("off", { status: "disabled" }), scope("/")].flat(),
      ...[node("McpServer", "m"), uses("b"), uses("off")],
      rel("INVOKES", ["Agent", "a", "Agent", "b"], { mode: "own" }),
    ]);
    const rows = await graph.query(
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

  test("a server that acts as somebody is not unknown", async () => {
    const rows = await reach(
      ...[agent("a"), AZURE, node("McpServer", "m"), rel("USES", ["Agent", "a", "McpServer", "m"])],
      ...[
        node("Principal", "p"),
        rel("ACTS_AS", ["McpServer", "m", "Principal", "p"], { mode: "app", key: "app" }),
      ],
    );
    expect(rows).toEqual([]);
  });

  test("consent to act for users where nobody read what users have is unknown, as far as the consent goes", async () => {
    const consent = rel("CONSENTED", ["Principal", "a", "Scope", "plane:exchange"], {
      ...{ key: "c", type: "delegated", permission: "Mail.Read", user: "*" },
    });
    const exchange = scope("plane:exchange", undefined, { kind: "Service", plane: "exchange" });
    expect(await reach(agent("a"), exchange, consent)).toEqual(["a plane:exchange: now ??-- unknown scope"]);
  });

  test("consent is unknown at its place and below where nobody read who may use the agent, and nothing where it was read", async () => {
    const consent = rel("CONSENTED", ["Principal", "a", "Scope", "plane:sharepoint"], {
      ...{ key: "c", type: "delegated", permission: "Files.Read.All", user: "*" },
    });
    const world = [
      ...[agent("a"), agent("carrier"), scope("plane:sharepoint", undefined, { kind: "Service" }), consent],
      ...[
        scope("site", "plane:sharepoint"),
        scope("file", "site"),
        scope("source"),
        node("Principal", "u", { kind: "User" }),
      ],
      rel("EMBEDS", ["Agent", "a", "Scope", "file"]),
      rel("COPIED_TO", ["Scope", "source", "Scope", "site"]),
    ];
    const said = async (gap: Gap | undefined, ...more: Change[]) => {
      const graph = await derive([...world, ...more], gap === undefined ? [] : [gap]);
      const rows = await graph.query(
        `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE r.mode = 'on-behalf-of' AND r.absorbed = false
         RETURN a.id AS agent, s.id AS scope, r.*`,
      );
      await drop();
      return rows.map((row) => `${line(row)} ${row["r.reason_code"] ?? ""}`.trim()).sort();
    };
    const file = "a file: now dr-- exact subtree";
    const gap: Gap = { step: "entra.app-role-assignments", scope: "", state: "denied", hides: "grants" };
    expect(await said(undefined)).toEqual([file]);
    expect(await said({ ...gap, step: "entra.owners" })).toEqual([file]);
    expect(await said(gap)).toEqual([
      file,
      "a plane:sharepoint: now ??-- unknown subtree audience-unread",
      "a source: now ??-- unknown subtree audience-unread",
    ]);
    // Somebody is known: what others might add is coverage, and no row.
    expect(await said(gap, rel("MAY_USE", ["Principal", "u", "Agent", "a"]))).toEqual([file]);
  }, 60_000);

  test("where the service was read, consent alone gives nothing", async () => {
    const consent = rel("CONSENTED", ["Principal", "a", "Scope", "plane:sharepoint"], {
      ...{ key: "c", type: "delegated", permission: "Files.Read.All", user: "*" },
    });
    const sharepoint = scope("plane:sharepoint", undefined, { kind: "Service", plane: "sharepoint" });
    expect(await reach(agent("a"), sharepoint, scope("site", "plane:sharepoint"), consent)).toEqual([]);
  });
});
