/** Text made from the schema: DDL of the inventory and of the graph stores, bulk loads, the schema page. Pure. */
import {
  type CountedKind,
  DERIVED,
  DERIVED_NODES,
  DERIVED_REL_KINDS,
  type DerivedKind,
  isDerivedNode,
  isNodeKind,
  type Kind,
  NODE_KINDS,
  NODES,
  type NodeKind,
  type PropType,
  REL_KINDS,
  RELS,
  type RelKind,
} from "../schema.ts";

interface Dialect {
  quote(name: string): string;
  text?(value: string): string;
  types?: Readonly<Record<PropType, string>>;
}

/**
 * In the inventory a list is one text (inventory-sql.ts packs it): bulk appends of lists take ten times as long.
 * Every name is quoted, so that a property may be called `add` or `from` whatever an engine reserves.
 */
export const DIALECTS = {
  duckdb: {
    quote: (name) => `"${name.replaceAll('"', '""')}"`,
    text: (value) => `'${value.replaceAll("'", "''")}'`,
    types: {
      string: "VARCHAR",
      int: "BIGINT",
      bool: "BOOLEAN",
      timestamp: "VARCHAR",
      "string[]": "VARCHAR",
    },
  },
  embedded: {
    quote: (name) => `\`${name}\``,
    text: (value) => `'${value.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`,
    types: { string: "STRING", int: "INT64", bool: "BOOL", timestamp: "STRING", "string[]": "STRING[]" },
  },
  neo4j: { quote: (name) => `\`${name}\`` },
} as const satisfies Record<string, Dialect>;

export interface Column {
  name: string;
  type: PropType;
  /** All values there are; absent: any. */
  values?: readonly string[];
  /** Who puts a record must say it. */
  required?: true;
  /** What no item of the list may be. */
  never?: readonly string[];
  /** Ids, and no aliases. */
  ids?: true;
  /** What rules know. */
  words?: readonly string[];
}

const propsOf = (kind: Kind): Column[] => {
  const props: Readonly<Record<string, Said>> = isNodeKind(kind) ? NODES[kind].props : RELS[kind].props;
  return Object.entries(props).map(([name, { about: _, ...spec }]) => ({ name, ...spec }));
};

/** Properties of a kind in the order of the schema, without `id` and `key`. */
const PROPS = new Map<Kind, readonly Column[]>(
  [...NODE_KINDS, ...REL_KINDS].map((kind) => [kind, propsOf(kind)]),
);
export const properties = (kind: Kind): readonly Column[] => PROPS.get(kind)!;

export const isKeyed = (kind: RelKind): boolean => "keyed" in RELS[kind];

export const endpoints = (kind: RelKind): { from: readonly NodeKind[]; to: readonly NodeKind[] } =>
  RELS[kind];

/** All (from, to) pairs that a relationship kind may connect. */
export const pairs = (kind: RelKind): { from: NodeKind; to: NodeKind }[] => {
  const { from, to } = endpoints(kind);
  return from.flatMap((f) => to.map((t) => ({ from: f, to: t })));
};

/**
 * Kinds whose rows carry a `code` in the graph, which rules compare instead of long ids. Nodes: the rank of the id among
 * all, as five characters that sort as the ids do. Grants: the rank by place, key and principal, as a number.
 */
const CODES: ReadonlyMap<Kind, PropType> = new Map<Kind, PropType>([
  ["Agent", "string"],
  ["Principal", "string"],
  ["Scope", "string"],
  ["GRANTED", "int"],
]);
export const isCoded = (kind: Kind): boolean => CODES.has(kind);
const columns = (kind: Kind): Column[] => [
  ...(isNodeKind(kind) ? [{ name: "id", type: "string" } as const] : []),
  ...(!isNodeKind(kind) && isKeyed(kind) ? [{ name: "key", type: "string" } as const] : []),
  ...properties(kind),
  ...(isCoded(kind) ? [{ name: "code", type: CODES.get(kind)! } as const] : []),
];

/** Column names of a kind's export, in order; the same order as the embedded engine's table. */
export const exportColumns = (kind: Kind): string[] => [
  ...(isNodeKind(kind) ? [] : ["from", "to"]),
  ...columns(kind).map((c) => c.name),
];

/** What the inventory keeps beside the facts: bookkeeping columns start with `_`. */
export const inventoryColumns = (kind: Kind): { name: string; sql: string }[] => {
  const sql = DIALECTS.duckdb.types;
  return [
    { name: "_layer", sql: "BIGINT" },
    { name: "_seq", sql: "BIGINT" },
    { name: "_removed", sql: "BOOLEAN" },
    { name: "_cleared", sql: "UBIGINT" },
    ...(isNodeKind(kind)
      ? [{ name: "id", sql: sql.string }]
      : [
          { name: "_from_kind", sql: sql.string },
          { name: "from", sql: sql.string },
          { name: "_from_alias", sql: sql.bool },
          { name: "_to_kind", sql: sql.string },
          { name: "to", sql: sql.string },
          { name: "_to_alias", sql: sql.bool },
          ...(isKeyed(kind) ? [{ name: "key", sql: sql.string }] : []),
        ]),
    ...properties(kind).map((c) => ({ name: c.name, sql: sql[c.type] })),
  ];
};

/** One table a kind for the inventory (DuckDB). */
export const inventoryDdl = (): string[] =>
  [...NODE_KINDS, ...REL_KINDS].map((kind) => {
    const { quote } = DIALECTS.duckdb;
    const list = inventoryColumns(kind).map((c) => `${quote(c.name)} ${c.sql}`);
    return `CREATE TABLE IF NOT EXISTS ${quote(kind)} (${list.join(", ")})`;
  });

/** One table a kind for the embedded engine, nodes first; only the kinds and properties that are wanted. */
export const embeddedDdl = (
  wants: (kind: Kind) => boolean = () => true,
  wantsProperty: (name: string) => boolean = () => true,
): string[] => {
  const { quote, types } = DIALECTS.embedded;
  const typed = (c: Column) => `${quote(c.name)} ${types[c.type]}`;
  const wanted = (kind: Kind) => columns(kind).filter((c) => c.name === "id" || wantsProperty(c.name));
  const nodes = NODE_KINDS.filter(wants).map((kind) => {
    const list = wanted(kind).map((c) => (c.name === "id" ? `${typed(c)} PRIMARY KEY` : typed(c)));
    return `CREATE NODE TABLE ${quote(kind)}(${list.join(", ")})`;
  });
  const rels = REL_KINDS.filter(wants).flatMap((kind) => {
    const ends = pairs(kind)
      .filter((p) => wants(p.from) && wants(p.to))
      .map((p) => `FROM ${quote(p.from)} TO ${quote(p.to)}`);
    return ends.length === 0
      ? []
      : [`CREATE REL TABLE ${quote(kind)}(${[...ends, ...wanted(kind).map(typed)].join(", ")})`];
  });
  return [...nodes, ...rels];
};

const ONLY_FORWARDS: ReadonlySet<string> = new Set(
  DERIVED_REL_KINDS.filter((kind) => "scratch" in DERIVED[kind] && DERIVED[kind].scratch === "forwards"),
);

/** Tables of what rules derive, for the embedded engine: nodes first. */
export const derivedDdl = (kinds: readonly DerivedKind[]): string[] => {
  const { quote, types } = DIALECTS.embedded;
  const typed = (kind: DerivedKind) =>
    derivedColumns(kind).map(({ name, type }) => `${quote(name)} ${types[type]}`);
  return [
    ...kinds
      .filter(isDerivedNode)
      .map(
        (kind) => `CREATE NODE TABLE ${quote(kind)}(${["id STRING PRIMARY KEY", ...typed(kind)].join(", ")})`,
      ),
    ...kinds
      .filter((kind) => !isDerivedNode(kind))
      .map((kind) => {
        const { from, to } = DERIVED[kind];
        const list = [`FROM ${quote(from)} TO ${quote(to)}`, ...typed(kind)].join(", ");
        return `CREATE REL TABLE ${quote(kind)}(${list})${ONLY_FORWARDS.has(kind) ? " WITH (storage_direction='fwd')" : ""}`;
      }),
  ];
};

/** Takes these tables away: relationships first, since a table of nodes stays as long as one refers to it. */
export const derivedDrops = (kinds: readonly DerivedKind[]): string[] =>
  [...kinds]
    .sort((a, b) => Number(isDerivedNode(a)) - Number(isDerivedNode(b)))
    .map((kind) => `DROP TABLE ${DIALECTS.embedded.quote(kind)}`);

/**
 * Loads files that rules have written into a derived kind. Rules compute with numbers: 1, 0 and NULL become booleans
 * here. `names`: the columns of the files.
 */
export const derivedCopy = (
  kind: DerivedKind,
  files: readonly string[],
  names: readonly string[],
): string => {
  const { quote, text } = DIALECTS.embedded;
  const types = ["string", "string", ...derivedColumns(kind).map(({ type }) => type)];
  const list = names.map((name, i) => (types[i] === "bool" ? `${quote(name)} = 1` : quote(name)));
  return `COPY ${quote(kind)} FROM (LOAD FROM [${files.map(text).join(", ")}] RETURN ${list.join(", ")})`;
};

/** Properties of a derived kind, in the order in which a rule returns them, behind the ids. */
export const derivedColumns = (kind: DerivedKind): Column[] =>
  Object.entries<{ type: PropType }>(
    isDerivedNode(kind) ? DERIVED_NODES[kind].props : DERIVED[kind].props,
  ).map(([name, { type }]) => ({ name, type }));

/** Loads one exported Parquet file into the embedded engine; columns go by position. */
export const embeddedCopy = (table: {
  kind: Kind | CountedKind;
  from?: NodeKind;
  to?: NodeKind;
  file: string;
}): string => {
  const { quote, text } = DIALECTS.embedded;
  const pair =
    table.from !== undefined && table.to !== undefined
      ? ` (from=${text(table.from)}, to=${text(table.to)})`
      : "";
  return `COPY ${quote(table.kind)} FROM ${text(table.file)}${pair}`;
};

const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("\n", " ");
const table = (rows: readonly (readonly string[])[]): string[] => [
  "| Property | Type | Meaning |",
  "|---|---|---|",
  ...rows.map((row) => `| ${row.map(cell).join(" | ")} |`),
];

type Said = Omit<Column, "name"> & { about: string };

/** The schema page in Markdown: every kind, its properties and what they mean. */
export const schemaPage = (): string => {
  const meaning = ({ about, values, required, never, ids, words }: Said): string =>
    [
      about,
      ...(values === undefined ? [] : [`one of ${values.map((value) => `\`${value}\``).join(", ")}`]),
      ...(required === undefined ? [] : ["required"]),
      ...(never === undefined ? [] : [`none of ${never.map((item) => `\`${item}\``).join(", ")}`]),
      ...(ids === undefined ? [] : ["by id, not by alias"]),
      ...(words === undefined ? [] : [`rules know ${words.map((word) => `\`${word}\``).join(", ")}`]),
    ].join("; ");
  const rows = (props: Readonly<Record<string, Said>>) =>
    Object.entries(props).map(([name, spec]) => [`\`${name}\``, spec.type, meaning(spec)]);
  const lines = [
    "# Schema",
    "",
    "Generated from `src/schema.ts`. A property that is absent was not read: it is never a no.",
    "Timestamps are ISO 8601 strings. Every node has an `id`, unique within its kind.",
    "An import refuses a value that is none of those listed, another spelling of one that rules know, and a record without a property that is required.",
    "",
    "## Nodes",
  ];
  for (const kind of NODE_KINDS) {
    const spec = NODES[kind];
    lines.push("", `### ${kind}`, "", `${spec.about}.`, "");
    lines.push(...table([["`id`", "string", "Unique within the kind"], ...rows(spec.props)]));
  }
  lines.push("", "## Relationships");
  for (const kind of REL_KINDS) {
    const spec = RELS[kind];
    lines.push(
      "",
      `### ${kind}`,
      "",
      `(${spec.from.join(" or ")}) to (${spec.to.join(" or ")}). ${spec.about}.`,
    );
    const key = isKeyed(kind) ? [["`key`", "string", "Tells several between the same two nodes apart"]] : [];
    const props = [...key, ...rows(spec.props)];
    if (props.length > 0) lines.push("", ...table(props));
  }
  return `${lines.join("\n")}\n`;
};
