/** The Neo4j dialect: what is published, under which labels, and the statements that write it. Pure text. */
import { DERIVED, type DerivedKind, type Kind, NODE_KINDS, PUBLISHED_KINDS, REL_KINDS } from "../schema.ts";
import { type Column, DIALECTS, derivedColumns, isKeyed, pairs, properties } from "./generate.ts";

const { quote } = DIALECTS.neo4j;

/** Raised when the shape of what is published changes: labels, marks, identities. */
export const PUBLICATION_VERSION = 1;

/** Items stay in the inventory: HOLDS counts them. */
const UNPUBLISHED: ReadonlySet<Kind> = new Set<Kind>(["Item", "PROTECTED_BY", "LABELED"]);

/** What tells derived relationships between the same two nodes apart. */
const DERIVED_IDENTITY: Readonly<Partial<Record<DerivedKind, readonly string[]>>> = {
  HOLDS: ["types"],
  TALLY: ["below"],
  GUARDED: ["below"],
  MAY_OPEN: ["mode", "via"],
  HAS_RIGHTS_OF: ["mode", "via", "tier", "path"],
  CAN_REACH: ["mode", "via", "tier"],
  READS_COPY: ["mode", "via", "tier"],
};

/** Rows of one kind of node, or of one kind of relationship between two kinds of node. */
export interface PublishedTable {
  name: string;
  kind: Kind | DerivedKind;
  ends: { from: string; to: string } | undefined;
  /** Columns that tell rows apart: `id`, or what tells relationships between the same two nodes apart. */
  identity: readonly string[];
  columns: readonly Column[];
}

const ID: Column = { name: "id", type: "string" };
const KEY: Column = { name: "key", type: "string" };
/** Codes by which witnesses name principals and grants; store-neo4j-codes.ts says how they differ from a snapshot's. */
const CODES: Readonly<Partial<Record<Kind, Column>>> = {
  Principal: { name: "code", type: "string" },
  GRANTED: { name: "code", type: "int" },
};
const coded = (kind: Kind): Column[] => (CODES[kind] === undefined ? [] : [CODES[kind]]);

const nodeTables = NODE_KINDS.filter((kind) => !UNPUBLISHED.has(kind)).map(
  (kind): PublishedTable => ({
    name: kind,
    kind,
    ends: undefined,
    identity: ["id"],
    columns: [ID, ...properties(kind), ...coded(kind)],
  }),
);
const relTables = REL_KINDS.filter((kind) => !UNPUBLISHED.has(kind)).flatMap((kind) =>
  pairs(kind).map(
    (ends): PublishedTable => ({
      name: tableName(kind, ends),
      kind,
      ends,
      identity: isKeyed(kind) ? ["key"] : [],
      columns: [...(isKeyed(kind) ? [KEY] : []), ...properties(kind), ...coded(kind)],
    }),
  ),
);
const derivedTables = PUBLISHED_KINDS.map(
  (kind): PublishedTable => ({
    name: kind,
    kind,
    ends: DERIVED[kind],
    identity: DERIVED_IDENTITY[kind] ?? [],
    columns: derivedColumns(kind),
  }),
);

/** Name of the file of a kind between two kinds of node, as the inventory's export has it. */
export function tableName(kind: string, ends: { from: string; to: string }): string {
  return `${kind}.${ends.from}.${ends.to}`;
}

/** Everything that is published, nodes first. */
export const PUBLISHED: readonly PublishedTable[] = [...nodeTables, ...relTables, ...derivedTables];

/**
 * The label that every node of a tenant carries beside its kind, so that several tenants, and what others keep in the
 * same database, stay apart. Ids repeat between tenants (`/`, `everyone`); (tenant label, kind, id) does not.
 */
export const tenantLabel = (tenant: string): string =>
  `Tenant_${[...tenant].map((char) => (/[A-Za-z0-9]/.test(char) ? char : char === "-" ? "_" : `_x${char.codePointAt(0)!.toString(16)}_`)).join("")}`;

/** Value of the mark `forereach` of a node: unique within its tenant. Relationships carry `true`. */
export const nodeMark = (kind: string, id: string): string => `${kind} ${id}`;

/**
 * Constraints and indexes of a tenant. None binds what others wrote: uniqueness stands on the tenant's own label, and
 * the index on ids, which every lookup in a query needs, demands nothing.
 */
export const neo4jSchema = (tenant: string): string[] => {
  const label = tenantLabel(tenant);
  return [
    "CREATE CONSTRAINT forereach_publication IF NOT EXISTS FOR (p:ForereachPublication) REQUIRE p.tenant IS UNIQUE",
    `CREATE CONSTRAINT ${quote(`forereach_${label}`)} IF NOT EXISTS FOR (n:${quote(label)}) REQUIRE n.forereach IS UNIQUE`,
    ...nodeTables.map(
      ({ kind }) =>
        `CREATE INDEX ${quote(`forereach_${kind.toLowerCase()}_id`)} IF NOT EXISTS FOR (n:${quote(kind)}) ON (n.id)`,
    ),
  ];
};

/** The node that says which snapshot a tenant's readers see, and whether they see all of it. */
export const PUBLICATION = "Publication:ForereachPublication";

/** A map of columns and the places that they have in a row, which begins with so many others. */
const values = (columns: readonly { name: string }[], others: number): string[] =>
  columns.map(({ name }, at) => `${quote(name)}: row[${others + at}]`);
/** Rows with a null in their identity are the same row, which `=` would deny. */
const same = (columns: readonly { name: string }[], identity: readonly string[]): string =>
  [
    "r.forereach = true",
    ...columns.flatMap(({ name }, at) =>
      identity.includes(name) ? [`coalesce(r.${quote(name)}, '') = coalesce(row[${2 + at}], '')`] : [],
    ),
  ].join(" AND ");

/** Somebody's relationship may hang on a node. It is not ours to delete, so the node then only stops being ours. */
const retire = (...labels: readonly string[]): string =>
  `WITH n, EXISTS { (n)--() } AS held
FOREACH (x IN CASE WHEN held THEN [] ELSE [n] END | DELETE x)
FOREACH (x IN CASE WHEN held THEN [n] ELSE [] END | REMOVE x:${labels.join(":")}, x.forereach, x.tenant SET x:ForereachGone)`;

export type Operation = "put" | "set" | "remove";

/** What a row of a batch holds beside its marks, in this order: to remove it, what it is found by. */
export const columnsOfBatch = (
  { columns, identity, ends }: PublishedTable,
  operation: Operation,
): readonly Column[] =>
  operation !== "remove"
    ? columns
    : ends === undefined
      ? []
      : columns.filter(({ name }) => identity.includes(name));

/**
 * One batch: `$rows` holds a list for each row, null where there is no value. Of nodes, its mark and then the values of
 * `columnsOfBatch`; of relationships, the places of both ends in `$marks`, then the values. (With marks and names in every
 * row the server takes twice as long.) `+=` leaves what others added to a node of ours. Every operation returns `count`,
 * which must be the number of rows.
 */
export function neo4jWrite(table: PublishedTable, operation: Operation, label: string): string {
  const kind = quote(table.kind);
  const columns = columnsOfBatch(table, operation);
  if (table.ends === undefined) {
    const find = `(n:${quote(label)} {forereach: row[0]})`;
    if (operation === "remove")
      return `UNWIND $rows AS row MATCH ${find}
${retire(quote(label), kind)}
RETURN count(*) AS count`;
    const given = ["tenant: $tenant", ...values(columns, 1)].join(", ");
    return `UNWIND $rows AS row MERGE ${find} SET n:${kind}, n += {${given}} RETURN count(*) AS count`;
  }
  // A mark that is not there moves those behind it: then nothing is written.
  const ends = `UNWIND range(0, size($marks) - 1) AS at MATCH (n:${quote(label)} {forereach: $marks[at]})
WITH at, n ORDER BY at WITH collect(n) AS nodes WHERE size(nodes) = size($marks)
UNWIND $rows AS row WITH row, nodes[row[0]] AS f, nodes[row[1]] AS t`;
  const given = values(columns, 2);
  if (operation === "put")
    return `${ends} CREATE (f)-[r:${kind} {${["forereach: true", ...given].join(", ")}}]->(t) RETURN count(r) AS count`;
  const known = `${ends} MATCH (f)-[r:${kind}]->(t) WHERE ${same(columns, table.identity)}`;
  return operation === "set"
    ? `${known} SET r += {${given.join(", ")}} RETURN count(r) AS count`
    : `${known} DELETE r RETURN count(*) AS count`;
}

/**
 * Everything of a tenant that stands in the database, for a comparison without a local copy. One pass over nodes and
 * one over relationships: planning a statement for each table takes longer than reading what is in them.
 */
export const neo4jReadBack = (label: string): { nodes: string; relationships: string } => ({
  nodes: `MATCH (n:${quote(label)}) RETURN n.forereach AS mark, labels(n) AS labels, properties(n) AS props`,
  relationships: `MATCH (f:${quote(label)})-[r]->(t:${quote(label)}) WHERE r.forereach = true
RETURN type(r) AS kind, f.forereach AS f, t.forereach AS t, properties(r) AS props`,
});

/** Kind and id of a mark; undefined if it is none. */
export function markOf(mark: unknown): { kind: string; id: string } | undefined {
  const [, kind, id] = /^(\w+) (.*)$/s.exec(String(mark)) ?? [];
  return kind === undefined || id === undefined ? undefined : { kind, id };
}

/**
 * How many nodes a tenant has (`nodes`), and relationships of each kind. As subqueries, because the server then answers
 * from counters that it keeps anyway; the same patterns as branches of UNION are counted one by one.
 */
export const neo4jCounts = (kinds: readonly string[], label: string): string =>
  `RETURN ${[
    `COUNT { (:${quote(label)}) } AS nodes`,
    ...kinds.map((kind) => `COUNT { (:${quote(label)})-[:${quote(kind)}]->() } AS ${quote(kind)}`),
  ].join(", ")}`;

/** Deletes what another version published and this one does not know. */
export function neo4jStrangers(label: string): string[] {
  const types = [
    ...new Set(PUBLISHED.flatMap(({ kind, ends }) => (ends === undefined ? [] : [`'${kind}'`]))),
  ];
  const nodes = nodeTables.map(({ kind }) => `n:${quote(kind)}`);
  return [
    `MATCH (:${quote(label)})-[r]->(:${quote(label)}) WHERE r.forereach = true AND NOT type(r) IN [${types.join(", ")}] DELETE r`,
    `MATCH (n:${quote(label)}) WHERE NOT (${nodes.join(" OR ")}) ${retire(quote(label))}`,
  ];
}
