/**
 * An estate from a seed, as the files that a snapshot exports: agents, nested groups, Azure and SharePoint scopes,
 * items. Made in SQL, so that millions of rows take seconds and the same size gives the same bytes.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { exportColumns, properties } from "../src/graph/generate.ts";
import type { GraphTable } from "../src/keep/inventory.ts";
import { countItems } from "../src/keep/inventory-counts.ts";
import { isNodeKind, type Kind, type NodeKind } from "../src/schema.ts";

/**
 * What an estate has besides grants. `gated`: denies for everyone and for groups, network rules, locks, policies; `people`:
 * also agents that act for whoever may use them, some of these for everybody.
 */
export const ESTATES = ["plain", "gated", "people"] as const;
export type EstateKind = (typeof ESTATES)[number];

/** Size 1 is 10,000 agents, 120,000 users and groups, 200,000 scopes and 2,000,000 items. */
export async function makeEstate(
  size: number,
  folder: string,
  estate: EstateKind = "plain",
): Promise<GraphTable[]> {
  const gated = estate !== "plain";
  mkdirSync(folder, { recursive: true });
  const n = (count: number) => Math.max(1, Math.round(count * size));
  const agents = n(10_000);
  const users = n(100_000);
  const groups = n(20_000);
  const items = n(2_000_000);
  const subscriptions = n(50);
  const resourceGroups = n(500);
  const accounts = n(5_000);
  const containers = n(44_000);
  const sites = n(10_000);
  const lists = n(140_000);
  const db = await DuckDBInstance.create(":memory:");
  const c = await db.connect();
  const run = async (sql: string) => {
    await c.run(sql);
  };
  const id = (letter: string, value: string) => `'${letter}' || lpad((${value})::varchar, 8, '0')`;
  const pick = (value: string, salt: number, of: number | string) => `(hash(${value}, ${salt}) % (${of}))`;
  await run(`create table agent as select ${id("a", "i")} id from range(${agents}) t(i)`);
  await run(`create table principal as
    select ${id("a", "i")} id, 'AgentIdentity' kind from range(${agents}) t(i)
    union all select ${id("u", "i")}, 'User' from range(${users}) t(i)
    union all select ${id("g", "i")}, 'Group' from range(${groups}) t(i)
    union all select 'everyone', 'Everyone' where ${gated}`);
  await run(`create table member as
    select distinct ${id("a", "i")} f, ${id("g", pick("i * 10 + j", 1, groups))} t from range(${agents}) a(i), range(3) b(j)
    union select distinct ${id("u", "i")}, ${id("g", pick("i * 10 + j", 2, groups))} from range(${users}) a(i), range(5) b(j)
    union select distinct ${id("g", "i")}, ${id("g", pick("i * 10 + j", 3, "greatest(1, i // 3)"))}
      from range(1, ${groups}) a(i), range(2) b(j) where i % 3 <> 0`);
  const rg = (i: string) => `'/s' || (${i} % ${subscriptions}) || '/r' || ${i}`;
  const account = (i: string) => `${rg(`(${i} % ${resourceGroups})`)} || '/a' || ${i}`;
  await run(`create table scope as
    select '/' id, 'TenantRoot' kind, null par, false inh
    union all select '/mg' || i, 'ManagementGroup', case when i = 0 then '/' else '/mg' || ((i - 1) // 4) end, false from range(20) t(i)
    union all select '/s' || i, 'Subscription', '/mg' || (i % 20), false from range(${subscriptions}) t(i)
    union all select ${rg("i")}, 'ResourceGroup', '/s' || (i % ${subscriptions}), false from range(${resourceGroups}) t(i)
    union all select ${account("i")}, 'StorageAccount', ${rg(`(i % ${resourceGroups})`)}, false from range(${accounts}) t(i)
    union all select ${account(`(i % ${accounts})`)} || '/c' || i, 'Container', ${account(`(i % ${accounts})`)}, false from range(${containers}) t(i)
    union all select 'plane:sharepoint', 'Service', null, false
    union all select 'site' || i, 'Site', 'plane:sharepoint', false from range(${sites}) t(i)
    union all select 'list' || i, 'List', 'site' || (i % ${sites}), (i % 2 = 0) from range(${lists}) t(i)`);
  await run(`create table granted as
    select ${id("g", pick("i", 4, groups))} f, 'site' || i t, 'k' || i as key, true r, (i % 8 = 0) w, false asg, false k, 'acl' as flow from range(0, ${sites}, 4) a(i)
    union all select ${id("g", pick("i", 5, groups))}, 'list' || i, 'l' || i, true, (i % 16 = 1), false, false, 'acl' from range(${lists}) a(i) where i % 8 = 1
    union all select ${id("g", pick("i", 6, groups))}, ${account(`(i % ${accounts})`)} || '/c' || i, 'c' || i, (i % 2 = 0), (i % 4 = 0), false, false, 'containment' from range(${containers}) a(i) where i % 4 <> 3
    union all select ${id("a", pick("i", 7, agents))}, id, 'az' || i, (i % 3 = 0), (i % 6 = 0), (i % 50 = 0), (i % 20 = 0), 'containment'
      from (select row_number() over (order by id) i, id from scope where kind in ('StorageAccount', 'ResourceGroup', 'Subscription'))
    union all select ${id("a", "i")}, 'plane:sharepoint', 'app' || i, true, false, false, false, 'containment' from range(0, ${agents}, 200) t(i)`);
  await run(`create table codes as select id, lpad(to_base(row_number() over (order by id) - 1, 36), 5, '0') code
    from (select id from agent union select id from principal union select id from scope)`);
  await run(
    `create table hold as select row_number() over (order by id) - 1 rn, id from scope where kind in ('Container', 'List', 'Site')`,
  );
  const places = containers + lists + sites;
  // A place has a label of its own for most items, and a few others: as real libraries do.
  await run(`create table item as select i, hash(i, 10) % ${places} rn,
    case when hash(i, 11) % 100 < 95 then hash(i, 10) % ${places} % 5 else hash(i, 12) % 5 end lab,
    hash(i, 10) % ${places} % 10 = 0 and hash(i, 9) % 2 = 0 hot from range(${items}) t(i)`);

  const tables: GraphTable[] = [];
  const out = async (
    kind: Kind,
    given: Record<string, string>,
    from: string,
    ends?: [NodeKind, NodeKind],
  ) => {
    const types = new Map(properties(kind).map((p) => [p.name, p.type]));
    const sql = {
      string: "varchar",
      timestamp: "varchar",
      int: "bigint",
      bool: "boolean",
      "string[]": "varchar[]",
    };
    const columns = exportColumns(kind).map((name) => {
      const type = types.get(name);
      return `${given[name] ?? `null::${type === undefined ? "varchar" : sql[type]}`} as "${name}"`;
    });
    const file = join(folder, `${kind}.parquet`);
    await run(`copy (select ${columns.join(", ")} from ${from}) to '${file}' (format parquet)`);
    const rows = Number((await (await c.run(`select count(*) from '${file}'`)).getRows())[0]![0]);
    tables.push({ kind, file, rows, ...(isNodeKind(kind) ? {} : { from: ends![0], to: ends![1] }) });
  };
  await out(
    "Agent",
    { id: "id", kind: "'AgentIdentity'", name: "'Agent ' || id", platform: "'entra'", code: "code" },
    "agent join codes using (id)",
  );
  await out(
    "Principal",
    { id: "id", kind: "kind", name: "id", enabled: "true", code: "code" },
    "principal join codes using (id)",
  );
  await out(
    "Scope",
    {
      id: "id",
      kind: "kind",
      name: "id",
      plane: "case when id like '/%' then 'azure' else 'sharepoint' end",
      code: "code",
      ...(gated
        ? {
            network: "case when kind = 'StorageAccount' and hash(id) % 10 = 0 then 'Deny' end",
            gates: "case when kind = 'Site' and hash(id) % 200 = 0 then ['lock:ReadOnly'] end",
          }
        : {}),
    },
    "scope join codes using (id)",
  );
  await out(
    "Item",
    {
      id: "'i' || i",
      kind: "'File'",
      name: "'file ' || i",
      size: "(i % 5000)::bigint",
      types: "case when hot then 'Credit Card Number' else '' end",
    },
    "item",
  );
  await out(
    "Label",
    { id: "id", kind: "kind", name: "name", priority: "priority::bigint" },
    "(values ('l1', 'Sensitivity', 'Public', 1), ('l2', 'Sensitivity', 'Confidential', 5), ('l3', 'Sensitivity', 'Secret', 9), ('unlabeled', 'None', 'unlabeled', 0), ('label-unknown', 'Unknown', 'label-unknown', 0)) v(id, kind, name, priority)",
  );
  await out("ACTS_AS", { from: "id", to: "id", key: "'app'", mode: "'app'" }, "agent", [
    "Agent",
    "Principal",
  ]);
  await out("MEMBER_OF", { from: "f", to: "t" }, "member", ["Principal", "Principal"]);
  await out(
    "GRANTED",
    {
      from: "f",
      to: "t",
      key: "key",
      read: "r",
      write: "w",
      assign: "asg",
      listKeys: "k",
      see: "true",
      flow: "flow",
      source: "'role'",
      tier: "'now'",
      certainty: "'exact'",
      code: "row_number() over (order by t, key, f) - 1",
    },
    "granted",
    ["Principal", "Scope"],
  );
  await out("WITHIN", { from: "id", to: "par" }, "scope where par is not null", ["Scope", "Scope"]);
  await out("INHERITS", { from: "id", to: "par" }, "scope where inh", ["Scope", "Scope"]);
  await out("PROTECTED_BY", { from: "'i' || i", to: "id" }, "item join hold using (rn)", ["Item", "Scope"]);
  await out(
    "LABELED",
    { from: "'i' || i", to: "['l1', 'l2', 'l3', 'unlabeled', 'label-unknown'][lab::int + 1]" },
    "item",
    ["Item", "Label"],
  );
  if (gated) {
    const groupOf = (salt: number) => id("g", pick("i", salt, groups));
    const on = "scope where kind in ('StorageAccount', 'ResourceGroup') and hash(id) % 25 = 0";
    await out(
      "DENIED",
      { from: "f", to: "t", key: "'d' || t", read: "true", write: "true", children: "true" },
      `(select 'everyone' f, id t from ${on} union all select ${groupOf(21)}, id from (select id, hash(id, 22) i from ${on}))`,
      ["Principal", "Scope"],
    );
    await out(
      "Policy",
      {
        ...{ id: "'ca' || i", kind: "'ConditionalAccess'", name: "'Policy ' || i", effect: "'block'" },
        residual: "case when i % 4 <> 0 then 'sign-in risk' end",
      },
      "range(40) t(i)",
    );
    await out(
      "APPLIES_TO",
      {
        from: "'ca' || i",
        to: id("a", "k"),
        include: "true",
      },
      // An eighth is for all agents, the others for one in twenty.
      `(select i, k from range(40) t(i), range(${agents}) u(k) where i % 8 = 1 or hash(i, k) % 20 = 0)`,
      ["Policy", "Agent"],
    );
    await out(
      "GATES",
      { from: "'ca' || i", to: "case when i % 2 = 0 then 'plane:sharepoint' else '/' end" },
      "range(40) t(i)",
      ["Policy", "Scope"],
    );
  }
  if (estate === "people") {
    const groupOf = (salt: number) => id("g", pick("i", salt, groups));
    const forUsers = `range(0, ${agents}, 10) t(i)`;
    await out(
      "MAY_USE",
      { from: `case when i % 500 = 0 then 'everyone' else ${groupOf(24)} end`, to: id("a", "i") },
      forUsers,
      ["Principal", "Agent"],
    );
    await out(
      "CONSENTED",
      {
        ...{ from: id("a", "i"), to: "'plane:sharepoint'", key: "'c'", type: "'delegated'", user: "'*'" },
        permission: "case when i % 3 = 0 then 'Sites.ReadWrite.All' else 'Sites.Read.All' end",
      },
      forUsers,
      ["Principal", "Scope"],
    );
  }
  const counted = await countItems(c, tables, folder);
  c.closeSync();
  db.closeSync();
  return [...tables, ...counted];
}
