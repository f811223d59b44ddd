/** SQL text over the inventory's tables: how the puts and removals of a pass fold, and how a view of all merges. */
import { DIALECTS, isKeyed, properties } from "../graph/generate.ts";
import {
  ACTIONS,
  isNodeKind,
  type Kind,
  LABEL_UNKNOWN,
  type NodeKind,
  planeId,
  type RelKind,
  unmodelledId,
} from "../schema.ts";

const { quote, text } = DIALECTS.duckdb;

/** Stands before every item of a stored list, so that no list differs from an empty one. */
const ITEM = "\u001f";
/** A list as one text. The separator itself, which no name has a use for, becomes a space. */
export const packList = (items: readonly string[]): string =>
  items.map((item) => ITEM + item.replaceAll(ITEM, " ")).join("");
const unpacked = (column: string): string => `string_split(${column}, chr(31))[2:]`;

/** Columns that identify a stored record within its layer. */
const REL_KEY = ["_from_kind", "from", "_from_alias", "_to_kind", "to", "_to_alias"];
export const keyOf = (kind: Kind): string[] =>
  isNodeKind(kind) ? ["id"] : isKeyed(kind) ? [...REL_KEY, "key"] : REL_KEY;

const list = (names: readonly string[], alias?: string): string =>
  names.map((name) => (alias === undefined ? quote(name) : `${alias}.${quote(name)}`)).join(", ");
const equal = (names: readonly string[], a: string, b: string): string =>
  names.map((name) => `${a}.${quote(name)} = ${b}.${quote(name)}`).join(" AND ");

/** Nodes that the staged layer removes, and when: their relationships of the partition go with them. */
export const GONE = "CREATE OR REPLACE TEMP TABLE _gone (kind VARCHAR, id VARCHAR, seq BIGINT)";
export const goneOf = (kind: NodeKind, staged: bigint): string =>
  `INSERT INTO _gone SELECT '${kind}', id, max(_seq) FROM ${quote(kind)}
   WHERE _layer = ${staged} AND _removed GROUP BY id`;

/**
 * A membership ends with the member and with the group, but not for good: who is restored is a member again, and no
 * answer says so. So it stays when an end is removed, out of sight until that end is back (HIDDEN).
 * https://learn.microsoft.com/graph/delta-query-groups
 */
export const outlives = (kind: Kind, step: string): boolean =>
  kind === "MEMBER_OF" && !step.startsWith("import.");

/** Remembers the principals that a pass removed; after `_gone` is filled. Parameters: step and scope. */
export const BURY = `INSERT OR IGNORE INTO _tombstone
  SELECT DISTINCT $1, $2, id FROM _gone WHERE kind = 'Principal'`;
/** Remembers those that a new list of principals no longer has. Parameters: step and scope. */
export const buryMissing = (live: bigint, staged: bigint): string =>
  `INSERT OR IGNORE INTO _tombstone SELECT $1, $2, id FROM "Principal" WHERE _layer = ${live}
   AND id NOT IN (SELECT id FROM "Principal" WHERE _layer = ${staged})`;
/** Forgets those of whom no membership is left. */
export const FORGET_BURIED = `DELETE FROM _tombstone
  WHERE id NOT IN (SELECT "from" FROM "MEMBER_OF" UNION SELECT "to" FROM "MEMBER_OF")`;
/**
 * Takes memberships that are out of sight over into the layer that replaces theirs: no new list can have them. After
 * HIDDEN.
 */
export const keepHidden = (live: bigint, staged: bigint): string =>
  `INSERT INTO "MEMBER_OF" SELECT o.* REPLACE (${staged}::BIGINT AS _layer) FROM "MEMBER_OF" o
   ANTI JOIN (SELECT * FROM "MEMBER_OF" WHERE _layer = ${staged}) n ON ${equal(REL_KEY, "n", "o")}
   WHERE o._layer = ${live}
     AND (o."from" IN (SELECT id FROM _hidden) OR o."to" IN (SELECT id FROM _hidden))`;
/**
 * Takes relationships that lead to nodes which gaps of the staged layer name over into it: nobody saw whether they are still
 * there. Parameter: the step.
 */
export const keepLeading = (kind: RelKind, live: bigint, staged: bigint): string =>
  `INSERT INTO ${quote(kind)} SELECT o.* REPLACE (${staged}::BIGINT AS _layer) FROM ${quote(kind)} o
   ANTI JOIN (SELECT * FROM ${quote(kind)} WHERE _layer = ${staged}) n ON ${equal(keyOf(kind), "n", "o")}
   WHERE o._layer = ${live} AND NOT o._to_alias
     AND o."to" IN (SELECT scope FROM _gap WHERE layer = ${staged} AND step = $1)`;
/** Principals that are gone: the partition that said so has not had them since. Older versions buried those of imports, too. */
export const HIDDEN = `CREATE OR REPLACE TEMP TABLE _hidden AS SELECT DISTINCT t.id
  FROM _tombstone t JOIN _partition p ON p.step = t.step AND p.scope = t.scope
  ANTI JOIN "Principal" n ON n._layer = p.layer AND n.id = t.id WHERE NOT starts_with(t.step, 'import.')`;
/**
 * In place of a delta token that cannot be used any more: what changes told before stays as they told it, until it is listed
 * as a whole.
 */
export const FORGOTTEN = "";
/** Memberships without those of a hidden end in partitions that changes were told to: others are listed anew each time. */
export const inSight = (rows: string): string =>
  `(SELECT * FROM ${rows} m WHERE m.rank NOT IN
     (SELECT r.rank FROM _rank r JOIN _partition p ON p.layer = r.layer WHERE p.token IS NOT NULL)
   OR (m."from" NOT IN (SELECT id FROM _hidden) AND m."to" NOT IN (SELECT id FROM _hidden)))`;

const TOUCHES_GONE = `((NOT _from_alias AND (_from_kind, "from") IN (SELECT kind, id FROM _gone))
  OR (NOT _to_alias AND (_to_kind, "to") IN (SELECT kind, id FROM _gone)))`;

/**
 * Counts the rows of a layer as `n`; `plain` is true if each stands for itself, so that the layer can go live as it
 * is. `removals` says whether the layer removes anything, `gone` whether nodes are among it.
 */
export const countRows = (kind: Kind, layer: bigint, removals: boolean, gone: boolean): string => {
  const untouched = [
    ...(removals ? ["NOT coalesce(bool_or(_removed), false)"] : []),
    ...(gone && !isNodeKind(kind) ? [`NOT coalesce(bool_or(${TOUCHES_GONE}), false)`] : []),
  ];
  const unique = `count(*) = count(DISTINCT hash(${list(keyOf(kind))}))`;
  return `SELECT count(*) AS n, ${[unique, ...untouched].join(" AND ")} AS plain
    FROM ${quote(kind)} WHERE _layer = ${layer}`;
};

export interface Fold {
  staged: bigint;
  /** The live layer that the staged one changes; absent if the staged layer replaces it. */
  base: bigint | undefined;
  /** Only add: what stands in `base` stays, whatever the staged layer removes. */
  additive: boolean;
  /** True if the table of GONE holds anything. */
  gone: boolean;
}

/**
 * Statements that leave one row per record in the base layer (in the staged one, without a base): puts merge in
 * their order, null clears, a removal forgets all before it. Rows that need no folding are not touched.
 */
export const fold = (kind: Kind, { staged, base, additive, gone }: Fold): string[] => {
  const table = quote(kind);
  const key = keyOf(kind);
  const touching = gone && !isNodeKind(kind);
  const layers = base === undefined ? `_layer = ${staged}` : `_layer IN (${staged}, ${base})`;
  const affected =
    base === undefined
      ? `SELECT ${list(key)} FROM ${table} WHERE _layer = ${staged}
         GROUP BY ${list(key)} HAVING count(*) > 1 OR bool_or(_removed)`
      : `SELECT DISTINCT ${list(key)} FROM ${table} WHERE _layer = ${staged}`;
  const alsoTouching = touching
    ? `UNION SELECT ${list(key)} FROM ${table} WHERE ${layers} AND ${TOUCHES_GONE}`
    : "";
  // What stood before the pass is older than all of it.
  const seq = base === undefined ? "t._seq" : `CASE WHEN t._layer = ${staged} THEN t._seq ELSE -1 END`;
  const removedAt = touching ? "greatest(w.seq, gone_from.seq, gone_to.seq)" : "w.seq";
  const props = properties(kind).map(({ name }, bit) => {
    const column = `r.${quote(name)}`;
    const cleared = `(coalesce(r._cleared, 0) & ${1n << BigInt(bit)}) <> 0`;
    return `arg_max_null(${column}, r.seq) FILTER (WHERE ${column} IS NOT NULL OR ${cleared}) AS ${quote(name)}`;
  });
  return [
    `CREATE OR REPLACE TEMP TABLE _keys AS ${affected} ${alsoTouching}`,
    `CREATE OR REPLACE TEMP TABLE _folded AS
     WITH r AS (SELECT t.*, ${seq} AS seq FROM ${table} t JOIN _keys k ON ${equal(key, "t", "k")} WHERE ${layers}),
     w AS (SELECT ${list(key)}, max(seq) AS seq FROM r WHERE _removed GROUP BY ${list(key)})
     SELECT ${[list(key, "r"), ...props].join(", ")} FROM r LEFT JOIN w ON ${equal(key, "r", "w")}
     ${
       touching
         ? `LEFT JOIN _gone gone_from ON gone_from.kind = r._from_kind AND gone_from.id = r."from" AND NOT r._from_alias
            LEFT JOIN _gone gone_to ON gone_to.kind = r._to_kind AND gone_to.id = r."to" AND NOT r._to_alias`
         : ""
     }
     WHERE NOT r._removed AND (${additive ? "r.seq = -1 OR " : ""}r.seq > coalesce(${removedAt}, -2))
     GROUP BY ${list(key, "r")}`,
    `DELETE FROM ${table} t USING _keys k WHERE ${layers.replaceAll("_layer", "t._layer")} AND ${equal(key, "t", "k")}`,
    `INSERT INTO ${table} BY NAME
     SELECT ${base ?? staged}::BIGINT AS _layer, 0::BIGINT AS _seq, false AS _removed, * FROM _folded`,
    "DROP TABLE _keys",
    "DROP TABLE _folded",
  ];
};

/**
 * Live layers with their rank: the order of connectors (by the first word of the step), then step and scope. Takes
 * the order as its one parameter.
 */
export const RANKS = `CREATE OR REPLACE TEMP TABLE _rank AS
  SELECT layer, kinds, row_number() OVER
    (ORDER BY coalesce(list_position($1::VARCHAR[], split_part(step, '.', 1)), 1000000), step, scope) AS rank
  FROM _partition WHERE layer IS NOT NULL`;

/** All columns of a stored row `t`, lists unpacked. */
const unpackedRow = (kind: Kind): string => {
  const lists = properties(kind)
    .filter((column) => column.type === "string[]")
    .map(({ name }) => `${unpacked(`t.${quote(name)}`)} AS ${quote(name)}`);
  return lists.length === 0 ? "t.*" : `t.* REPLACE (${lists.join(", ")})`;
};

/** Stored rows of all live layers, lists unpacked, with the rank of their partition. */
export const liveRows = (kind: Kind): string =>
  `(SELECT ${unpackedRow(kind)}, _rank.rank FROM ${quote(kind)} t JOIN _rank ON t._layer = _rank.layer)`;

/** Rows of a table that is made like that of the kind, lists unpacked. */
export const stagedRows = (kind: Kind, table: string): string =>
  `(SELECT ${unpackedRow(kind)} FROM ${table} t)`;

/** `aliases` unite, so that what a node shows is what resolves; for the rest the first that knows decides. */
export const decided = (kind: Kind, a: string): string[] =>
  properties(kind).map(({ name }) =>
    isNodeKind(kind) && name === "aliases"
      ? `list_sort(list_distinct(flatten(list(${a}.aliases) FILTER (WHERE ${a}.aliases IS NOT NULL)))) AS aliases`
      : `arg_min(${a}.${quote(name)}, ${a}.rank) AS ${quote(name)}`,
  );

/** Hashes of the keys that more than one row has: usually very few, so the rest needs no grouping. */
export const duplicates = (rows: string, key: readonly string[]): string =>
  `SELECT hash(${list(key)}) AS h FROM ${rows} GROUP BY h HAVING count(*) > 1`;

const merged = (kind: Kind, rows: string, key: readonly string[], dup: string | undefined): string => {
  const plain = [list(key, "p"), ...properties(kind).map((c) => `p.${quote(c.name)}`)].join(", ");
  if (dup === undefined) return `SELECT ${plain} FROM ${rows} p`;
  const h = `hash(${list(key, "p")})`;
  return `SELECT ${plain} FROM ${rows} p WHERE ${h} NOT IN (SELECT h FROM ${dup})
    UNION ALL SELECT ${[list(key, "p"), ...decided(kind, "p")].join(", ")} FROM ${rows} p
    WHERE ${h} IN (SELECT h FROM ${dup}) GROUP BY ${list(key, "p")}`;
};

/** Every node of a kind once: `id` and its properties. `dup` names the table of duplicates, if there are any. */
export const mergedNodes = (kind: NodeKind, rows: string, dup: string | undefined): string =>
  merged(kind, rows, ["id"], dup);

/** Key of a relationship once aliases are resolved. */
export const resolvedKey = (kind: RelKind): string[] => [
  "_from_kind",
  "from",
  "_to_kind",
  "to",
  ...(isKeyed(kind) ? ["key"] : []),
];

/** Every relationship of a kind once, from rows whose aliases are resolved. */
export const mergedRels = (kind: RelKind, rows: string, dup: string | undefined): string =>
  merged(kind, rows, resolvedKey(kind), dup);

/** Aliases that nodes of a kind declare. They compare without case; several nodes may share one. */
export const aliasesOf = (kind: NodeKind, rows: string): string =>
  `SELECT DISTINCT '${kind}' AS kind, lower(unnest(aliases)) AS alias, id FROM ${rows}
   WHERE aliases IS NOT NULL`;

/** Live rows of a kind with the step that put them; with `prefix`, only of steps whose id begins so; without those of `except`. */
export const partitionRows = (kind: Kind, prefix = "", except = ""): string =>
  `(SELECT t.*, p.step FROM ${quote(kind)} t JOIN _partition p ON p.layer = t._layer
    WHERE starts_with(p.step, ${text(prefix)}) AND p.step <> ${text(except)})`;

/** Nodes that rows of a relationship kind name by alias, as `kind`, `alias` and `step` (a value, or a column of theirs). */
export const namedByAlias = (rows: string, step: string): string =>
  (["from", "to"] as const)
    .map(
      (side) =>
        `SELECT DISTINCT ${step} AS step, _${side}_kind AS kind, ${quote(side)} AS alias FROM ${rows} WHERE _${side}_alias`,
    )
    .join(" UNION ");

/** Of these aliases those that no node declares. `declared`: rows as of `aliasesOf`. */
export const unresolvedIn = (named: string, declared: string): string =>
  `SELECT DISTINCT n.step, n.alias FROM (${named}) n
   ANTI JOIN ${declared} d ON d.kind = n.kind AND d.alias = lower(n.alias) ORDER BY n.step, n.alias`;

/**
 * Rows of a relationship kind with aliases replaced by ids (table `_alias`), and with these columns `besides`. An alias that several nodes declare
 * stands for each of them, and one that none declares stays as it is: access is never lost.
 */
export const resolvedRows = (kind: RelKind, rows: string, besides: readonly string[]): string => {
  const rest = [...(isKeyed(kind) ? ["key"] : []), ...properties(kind).map((c) => c.name), ...besides];
  const end = (name: string) => `coalesce(a_${name}.id, t.${quote(name)}) AS ${quote(name)}`;
  const join = (name: string) =>
    `LEFT JOIN _alias a_${name} ON a_${name}.kind = t._${name}_kind
       AND a_${name}.alias = CASE WHEN t._${name}_alias THEN lower(t.${quote(name)}) END`;
  return `SELECT t._from_kind, ${end("from")}, t._to_kind, ${end("to")}, ${list(rest, "t")}
    FROM ${rows} t ${join("from")} ${join("to")}`;
};

/** Leaves a step out of what is live; after RANKS. */
export const withoutStep = (step: string): string =>
  `DELETE FROM _rank WHERE layer IN (SELECT layer FROM _partition WHERE step = ${text(step)})`;

/** Leaves all but these steps out of what is live; after RANKS. */
export const onlySteps = (steps: readonly string[]): string =>
  `DELETE FROM _rank WHERE layer NOT IN
     (SELECT layer FROM _partition WHERE layer IS NOT NULL
        AND list_contains([${steps.map(text).join(", ")}]::VARCHAR[], step))`;

const [OPAQUE, ANONYMOUS] = [unmodelledId("mcp", ""), unmodelledId("agent", "")];
/**
 * Adds a place for each server that somebody uses and that acts as nobody known: what it opens is unknown, and rows need
 * a place to say so. `uses` and `acts` are rows of relationships.
 */
export const opaquePlaces = (uses: string, acts: string | undefined): string =>
  `INSERT INTO _placeholder SELECT DISTINCT 'Scope', '${OPAQUE}' || u."to" FROM ${uses} u
   ${
     acts === undefined
       ? ""
       : `ANTI JOIN ${acts} a ON a._from_kind = 'McpServer' AND a."from" = u."to"
     UNION SELECT DISTINCT 'Scope', '${OPAQUE}' || u."to" FROM ${uses} u
     SEMI JOIN ${acts} a ON a._from_kind = 'McpServer' AND a."from" = u."to" AND a.mode = 'agent-user'`
   }`;

/** The same for each agent, of a SELECT of ids, that acts as nobody known. */
export const anonymousPlaces = (agents: string, acts: string | undefined): string =>
  `INSERT INTO _placeholder SELECT DISTINCT 'Scope', '${ANONYMOUS}' || n.id FROM (${agents}) n
   ${acts === undefined ? "" : `ANTI JOIN ${acts} a ON a._from_kind = 'Agent' AND a."from" = n.id`}`;

/** Items, by a SELECT of their ids, whose label was not looked at. */
export const unknownLabels = (items: string): string => {
  const columns = properties("LABELED").map(({ name }) => `NULL AS ${quote(name)}`);
  return `SELECT DISTINCT 'Item' AS _from_kind, id AS "from", 'Label' AS _to_kind, ${text(LABEL_UNKNOWN)} AS "to", ${columns.join(", ")}
    FROM (${items})`;
};

/** What the id of a scope tells of its kind: rules open accounts by their keys, and nobody reads what people have in a service. */
const KIND_BY_ID = `CASE WHEN starts_with(id, ${text(planeId(""))}) THEN 'Service'
  WHEN regexp_matches(id, '^/.*/providers/microsoft\\.storage/storageaccounts/[^/]+$') THEN 'StorageAccount' END`;

/** Nodes of which some record may not say the kind, with the one that their ids tell. */
export const withKinds = (kind: NodeKind, nodes: string): string =>
  kind === "Scope" ? `SELECT * REPLACE (coalesce(kind, ${KIND_BY_ID}) AS kind) FROM (${nodes})` : nodes;

/** What a placeholder says: nothing, but for what its id tells and the places of `opaquePlaces` and `anonymousPlaces`. */
export const placeholderValue = (kind: NodeKind, property: string): string => {
  const said = (plane: string, prefix: string): string | undefined =>
    ({
      kind: "'Unmodelled'",
      plane: `'${plane}'`,
      name: `'What ' || substr(id, ${prefix.length + 1}) || ' opens'`,
    })[property];
  const [server, agent] = [said("mcp", OPAQUE), said("agent", ANONYMOUS)];
  if (kind !== "Scope" || server === undefined) return "NULL";
  const otherwise = property === "kind" ? ` ELSE ${KIND_BY_ID}` : "";
  return `CASE WHEN starts_with(id, '${OPAQUE}') THEN ${server} WHEN starts_with(id, '${ANONYMOUS}') THEN ${agent}${otherwise} END`;
};

/** True of a grant of which no record says any action, nor that what it opens is unknown. */
export const UNSAID = [...ACTIONS, "unknown"].map((name) => `${quote(name)} IS NULL`).join(" AND ");

/** Grants, with rights unknown where no record says which: an action that is absent was not read. */
export const saidGrants = (grants: string): string =>
  `SELECT * REPLACE (CASE WHEN ${UNSAID} THEN true ELSE "unknown" END AS "unknown",
     CASE WHEN ${UNSAID} THEN coalesce(reason_code, 'actions-unread') ELSE reason_code END AS reason_code) FROM (${grants})`;

/**
 * What a package confers at a place, as a potential grant of each who may request it; unknown where the package does not
 * say what. `requests` and `confers` are SELECTs of relationships.
 */
export const packageGrants = (requests: string, confers: string): string => {
  const said = `coalesce(${ACTIONS.map((action) => `c.${quote(action)} IS NOT NULL`).join(" OR ")}, false)`;
  const given: Readonly<Record<string, string>> = {
    ...Object.fromEntries(ACTIONS.map((action) => [action, `c.${quote(action)}`])),
    unknown: `NOT (${said})`,
    flow: "'acl'",
    source: "'package'",
    tier: "'potential'",
    reason_code: `CASE WHEN ${said} THEN NULL ELSE 'package-role' END`,
  };
  const columns = properties("GRANTED").map(({ name, type }) => {
    const empty = type === "string[]" ? "NULL::VARCHAR[]" : "NULL";
    return `${given[name] ?? empty} AS ${quote(name)}`;
  });
  return `SELECT r._from_kind, r."from", c._to_kind, c."to", 'package:' || c."from" AS key, ${columns.join(", ")}
    FROM (${requests}) r JOIN (${confers}) c ON c."from" = r."to" AND c._to_kind = 'Scope'`;
};
