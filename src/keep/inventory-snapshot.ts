/** A frozen view of all live layers: conflicts decided, aliases resolved, placeholders added; its id; its export. */
import { createHash } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DIALECTS, endpoints, exportColumns, isCoded, pairs, properties } from "../graph/generate.ts";
import type { Row } from "../model.ts";
import { type Kind, LABEL_UNKNOWN, NODE_KINDS, type NodeKind, REL_KINDS, type RelKind } from "../schema.ts";
import type { GraphTable } from "./inventory.ts";
import { countItems } from "./inventory-counts.ts";
import { rowsOf } from "./inventory-db.ts";
import type { Overlay } from "./inventory-overlay.ts";
import { asKinds } from "./inventory-pass.ts";
import {
  aliasesOf,
  anonymousPlaces,
  duplicates,
  HIDDEN,
  inSight,
  liveRows,
  mergedNodes,
  mergedRels,
  onlySteps,
  opaquePlaces,
  packageGrants,
  placeholderValue,
  RANKS,
  resolvedKey,
  resolvedRows,
  saidGrants,
  UNSAID,
  unknownLabels,
  withKinds,
  withoutStep,
} from "./inventory-sql.ts";

const { quote, text, types } = DIALECTS.duckdb;
/** Lists are stored as one text and read as lists. */
const exportedType = (type: keyof typeof types): string => (type === "string[]" ? "VARCHAR[]" : types[type]);
/** A number for each grant: witnesses that are equal so far go by place, then key, then principal. */
const RANK_OF_GRANT = `row_number() OVER (ORDER BY x."to", x."key", x."from") - 1`;
const many = async (connection: DuckDBConnection, sql: string): Promise<number> =>
  Number((await rowsOf(connection, sql))[0]?.n ?? 0);

/** What is live, seen through one connection inside one transaction. Writes temporary tables only. */
export class View {
  readonly #connection: DuckDBConnection;
  /** Kinds that some live partition has, with the number of partitions that have it. */
  readonly #live: ReadonlyMap<Kind, number>;
  readonly #overlay: Overlay | undefined;
  readonly #duplicates = new Map<Kind, string | undefined>();
  readonly #placeholders = new Set<NodeKind>();
  /** Kinds of which some row names an end by an alias. */
  readonly #aliased = new Set<RelKind>();
  readonly #rels = new Map<RelKind, string>();
  /** The rows that `#rels` merges: cheaper where doubles do no harm. */
  readonly #relRows = new Map<RelKind, string>();

  private constructor(
    connection: DuckDBConnection,
    live: ReadonlyMap<Kind, number>,
    overlay: Overlay | undefined,
  ) {
    this.#connection = connection;
    this.#live = live;
    this.#overlay = overlay;
  }

  /** `overlay`: changes on top of what is live, as if they were known. `steps`: only what these say. */
  static async create(
    connection: DuckDBConnection,
    order: readonly string[],
    { overlay, steps }: { overlay?: Overlay | undefined; steps?: readonly string[] | undefined },
  ): Promise<View> {
    const prefixes = `[${order.map(text).join(", ")}]`;
    await connection.run(RANKS.replace("$1", prefixes));
    if (steps !== undefined) await connection.run(onlySteps(steps));
    if (overlay?.replaces !== undefined) await connection.run(withoutStep(overlay.replaces));
    const live = new Map<Kind, number>();
    for (const row of await rowsOf(connection, "SELECT kinds, count(*) AS n FROM _rank GROUP BY kinds"))
      for (const kind of asKinds(row.kinds)) live.set(kind, (live.get(kind) ?? 0) + Number(row.n));
    for (const kind of overlay?.kinds ?? []) live.set(kind, (live.get(kind) ?? 0) + 1);
    await overlay?.layNodes();
    return new View(connection, live, overlay);
  }

  #nodeRows(kind: NodeKind): string {
    return this.#overlay?.nodeRows(kind) ?? liveRows(kind);
  }

  /** SELECT of every known node of a kind once, without placeholders. */
  async nodes(kind: NodeKind): Promise<string> {
    const rows = this.#nodeRows(kind);
    return mergedNodes(kind, rows, await this.#duplicatesOf(kind, rows, ["id"], this.#partitions(kind) > 1));
  }

  /** Resolves aliases and finds the endpoints that no partition declares. */
  async resolve(): Promise<void> {
    const rels = REL_KINDS.filter((kind) => this.#partitions(kind) > 0);
    await this.#collectAliases(rels);
    await this.#connection.run(HIDDEN);
    for (const kind of rels) await this.#resolveRels(kind);
    await this.#connection.run("CREATE OR REPLACE TEMP TABLE _placeholder (kind VARCHAR, id VARCHAR)");
    for (const end of NODE_KINDS) await this.#findPlaceholders(end, rels);
    if (this.#partitions("USES") > 0)
      await this.#connection.run(opaquePlaces(this.#relRows.get("USES")!, this.#relRows.get("ACTS_AS")));
    await this.#connection.run(
      anonymousPlaces(
        `SELECT id FROM ${this.#nodeRows("Agent")} UNION ALL SELECT id FROM _placeholder WHERE kind = 'Agent'`,
        this.#relRows.get("ACTS_AS"),
      ),
    );
    await this.#doubtUnsaidGrants();
    await this.#addPackageGrants();
    await this.#addUnknownLabels();
    for (const row of await rowsOf(this.#connection, "SELECT DISTINCT kind FROM _placeholder"))
      for (const kind of NODE_KINDS) if (kind === row.kind) this.#placeholders.add(kind);
  }

  /** After `resolve`: SELECT of all nodes of a kind, placeholders (whose properties are null) included. */
  async allNodes(kind: NodeKind): Promise<string | undefined> {
    const known = this.#partitions(kind) > 0 ? withKinds(kind, await this.nodes(kind)) : undefined;
    if (!this.#placeholders.has(kind)) return known;
    // Typed, since a kind may have nothing but placeholders, and then these are the columns of its file.
    const values = properties(kind).map(
      ({ name, type }) => `${placeholderValue(kind, name)}::${exportedType(type)} AS ${quote(name)}`,
    );
    const missing = `SELECT DISTINCT id, ${values.join(", ")} FROM _placeholder WHERE kind = '${kind}'`;
    return known === undefined ? missing : `${known} UNION ALL ${missing}`;
  }

  /** After `resolve`: SELECT of all relationships of a kind. */
  rels(kind: RelKind): string | undefined {
    return this.#rels.get(kind);
  }

  #partitions(kind: Kind): number {
    return this.#live.get(kind) ?? 0;
  }

  /** Grants of which nobody says what they open are unknown, and not nothing. */
  async #doubtUnsaidGrants(): Promise<void> {
    const grants = this.#rels.get("GRANTED");
    if (grants === undefined) return;
    if ((await rowsOf(this.#connection, `SELECT 1 FROM (${grants}) WHERE ${UNSAID} LIMIT 1`)).length > 0)
      this.#rels.set("GRANTED", saidGrants(grants));
  }

  /** What packages confer at places joins the grants, so that a row can name it as its grant. */
  async #addPackageGrants(): Promise<void> {
    const [requests, confers] = [this.#rels.get("CAN_REQUEST"), this.#rels.get("CONFERS")];
    if (requests === undefined || confers === undefined) return;
    const select = packageGrants(requests, confers);
    if ((await many(this.#connection, `SELECT count(*) AS n FROM (${select})`)) === 0) return;
    const grants = this.#rels.get("GRANTED");
    this.#rels.set("GRANTED", grants === undefined ? select : `${grants} UNION ALL BY NAME ${select}`);
  }

  /** An item of which no record says a label was not looked at: it counts as that, and is not left out. */
  async #addUnknownLabels(): Promise<void> {
    const [places, labeled] = [this.#rels.get("PROTECTED_BY"), this.#rels.get("LABELED")];
    if (places === undefined) return;
    const known = labeled === undefined ? "" : `ANTI JOIN (${labeled}) l ON l."from" = i."from"`;
    const missing = `SELECT i."from" AS id FROM (${places}) i ${known}`;
    if ((await rowsOf(this.#connection, `${missing} LIMIT 1`)).length === 0) return;
    const select = unknownLabels(missing);
    this.#rels.set("LABELED", labeled === undefined ? select : `${labeled} UNION ALL BY NAME ${select}`);
    await this.#connection.run(
      `INSERT INTO _placeholder SELECT 'Label', ${text(LABEL_UNKNOWN)}
       WHERE ${text(LABEL_UNKNOWN)} NOT IN (SELECT id FROM (${this.#nodeRows("Label")}))`,
    );
  }

  /** Name of the table of duplicates of these rows, or undefined if there are none. */
  async #duplicatesOf(
    kind: Kind,
    rows: string,
    key: readonly string[],
    possible: boolean,
  ): Promise<string | undefined> {
    if (!possible) return undefined;
    if (this.#duplicates.has(kind)) return this.#duplicates.get(kind);
    const name = quote(`_dup_${kind}`);
    await this.#connection.run(`CREATE OR REPLACE TEMP TABLE ${name} AS ${duplicates(rows, key)}`);
    const found = (await many(this.#connection, `SELECT count(*) AS n FROM ${name}`)) > 0 ? name : undefined;
    this.#duplicates.set(kind, found);
    return found;
  }

  async #resolveRels(kind: RelKind): Promise<void> {
    const aliased = this.#aliased.has(kind);
    let rows = liveRows(kind);
    if (aliased) {
      const table = quote(`_resolved_${kind}`);
      await this.#connection.run(
        `CREATE OR REPLACE TEMP TABLE ${table} AS ${resolvedRows(kind, rows, ["rank"])}`,
      );
      rows = table;
    }
    if (kind === "MEMBER_OF" && (await many(this.#connection, "SELECT count(*) AS n FROM _hidden")) > 0)
      rows = inSight(rows);
    rows = (await this.#overlay?.layRels(kind, rows)) ?? rows;
    const dup = await this.#duplicatesOf(
      kind,
      rows,
      resolvedKey(kind),
      aliased || this.#partitions(kind) > 1,
    );
    this.#relRows.set(kind, rows);
    this.#rels.set(kind, mergedRels(kind, rows, dup));
  }

  /** Nodes of a kind that relationships name and no partition declares: all relationships against one look at the nodes. */
  async #findPlaceholders(end: NodeKind, rels: readonly RelKind[]): Promise<void> {
    const named = rels.flatMap((kind) =>
      (["from", "to"] as const)
        .filter((side) => endpoints(kind)[side].includes(end))
        .map(
          (side) =>
            `SELECT ${quote(side)} AS id FROM ${this.#relRows.get(kind)} r WHERE _${side}_kind = '${end}'`,
        ),
    );
    if (named.length > 0)
      await this.#connection.run(
        `INSERT INTO _placeholder SELECT DISTINCT '${end}', r.id FROM (${named.join(" UNION ALL ")}) r
         ANTI JOIN (SELECT id FROM ${this.#nodeRows(end)}) n ON n.id = r.id`,
      );
  }

  /** Which relationships name an end by alias; and the aliases, only of the kinds of node that are so named. */
  async #collectAliases(rels: readonly RelKind[]): Promise<void> {
    await this.#connection.run(
      "CREATE OR REPLACE TEMP TABLE _alias (kind VARCHAR, alias VARCHAR, id VARCHAR)",
    );
    if (rels.length === 0) return;
    const named = (side: "from" | "to") =>
      `CASE WHEN _${side}_alias THEN _${side}_kind END AS ${quote(side)}`;
    const selects = rels.map(
      (kind) =>
        `SELECT DISTINCT ${text(kind)} AS kind, ${named("from")}, ${named("to")} FROM ${liveRows(kind)}
         WHERE _from_alias OR _to_alias`,
    );
    const wanted = new Set<unknown>();
    for (const row of await rowsOf(this.#connection, selects.join(" UNION ALL "))) {
      for (const kind of rels) if (kind === row.kind) this.#aliased.add(kind);
      for (const end of [row.from, row.to]) wanted.add(end);
    }
    for (const kind of NODE_KINDS)
      if (wanted.has(kind) || this.#overlay?.aliased.has(kind))
        await this.#connection.run(`INSERT INTO _alias ${aliasesOf(kind, this.#nodeRows(kind))}`);
  }
}

/** Values of a row as one text: fields are told apart, and null from empty, by control characters. */
const rowText = (columns: readonly { name: string; list: boolean }[]): string => {
  const values = columns.map(({ name, list }) => {
    const column = quote(name);
    const value = list
      ? `len(${column}) || chr(29) || coalesce(list_aggregate(${column}, 'string_agg', chr(29)), '')`
      : `${column}::VARCHAR`;
    return `coalesce(${value}, chr(30))`;
  });
  return `concat_ws(chr(31), ${values.join(", ")})`;
};

const hashed = (kind: Kind, isNode: boolean): { name: string; list: boolean }[] => {
  const key = isNode ? ["id"] : resolvedKey(kind as RelKind);
  return [
    ...key.map((name) => ({ name, list: false })),
    ...properties(kind).map(({ name, type }) => ({ name, list: type === "string[]" })),
  ];
};

/** The rows of one file-to-be: all nodes of a kind, or all relationships of a kind between two kinds of node. */
export interface Part {
  kind: Kind;
  from?: NodeKind;
  to?: NodeKind;
  rows: number;
  /** SELECT of the rows, with the columns of the inventory. */
  select: string;
}

export class FrozenView {
  readonly #connection: DuckDBConnection;
  readonly parts: readonly Part[];
  /** Of all records and how many have expired at `time` (ISO), whatever the order and partition they came in. */
  readonly hash: string;
  #codes = false;

  private constructor(connection: DuckDBConnection, parts: readonly Part[], hash: string) {
    this.#connection = connection;
    this.parts = parts;
    this.hash = hash;
  }

  static async create(
    connection: DuckDBConnection,
    order: readonly string[],
    { time, overlay }: { time: string; overlay: Overlay | undefined },
  ): Promise<FrozenView> {
    const view = await View.create(connection, order, { overlay });
    await view.resolve();
    const parts: Part[] = [];
    const hash = createHash("sha256");
    /** Adds the hash of the rows: rows are unique, so that all of them, combined in any order, are one number. */
    const add = async (
      kind: Kind,
      isNode: boolean,
      select: string,
      ends: readonly string[],
    ): Promise<Row[]> => {
      const by = ends.map(quote).join(", ");
      const expires = properties(kind).some(({ name }) => name === "expires");
      const rows = await rowsOf(
        connection,
        `SELECT ${by === "" ? "" : `${by},`} count(*) AS n,
           ${expires ? `count(*) FILTER (WHERE expires <= ${text(time)})` : "0"} AS expired,
           bit_xor(md5_number(${rowText(hashed(kind, isNode))}))::VARCHAR AS hash
         FROM (${select}) ${by === "" ? "" : `GROUP BY ${by} ORDER BY ${by}`}`,
      );
      for (const row of rows)
        if (Number(row.n) > 0)
          hash.update(
            `${[kind, ...ends.map((end) => row[end]), row.n, row.hash, ...(Number(row.expired) > 0 ? [row.expired] : [])].join(" ")}\n`,
          );
      return rows;
    };
    for (const kind of NODE_KINDS) {
      const select = await view.allNodes(kind);
      if (select === undefined) continue;
      const [row] = await add(kind, true, select, []);
      if (Number(row?.n) > 0) parts.push({ kind, rows: Number(row?.n), select });
    }
    for (const kind of REL_KINDS) {
      const select = view.rels(kind);
      if (select === undefined) continue;
      const counted = await add(kind, false, select, ["_from_kind", "_to_kind"]);
      for (const pair of pairs(kind)) {
        const row = counted.find((one) => one._from_kind === pair.from && one._to_kind === pair.to);
        if (row === undefined) continue;
        const only =
          counted.length === 1
            ? select
            : `SELECT * FROM (${select}) WHERE _from_kind = '${pair.from}' AND _to_kind = '${pair.to}'`;
        parts.push({ kind, ...pair, rows: Number(row.n), select: only });
      }
    }
    return new FrozenView(connection, parts, hash.digest("hex"));
  }

  /** Writes one Parquet file a part. Throws what DuckDB throws if the directory cannot be written. */
  async export(dir: string, kinds?: readonly Kind[]): Promise<GraphTable[]> {
    const target = resolve(dir);
    await mkdir(target, { recursive: true, mode: 0o700 });
    const wanted = this.parts.filter((part) => kinds === undefined || kinds.includes(part.kind));
    if (wanted.some((part) => isCoded(part.kind))) await this.#makeCodes();
    const tables: GraphTable[] = [];
    for (const { kind, from, to, rows, select } of wanted) {
      const ends = from === undefined || to === undefined ? undefined : { from, to };
      const name = ends === undefined ? kind : `${kind}.${from}.${to}`;
      const file = join(target, `${name}.parquet`);
      const columns = exportColumns(kind).map((column) =>
        column !== "code" ? `x.${quote(column)}` : ends === undefined ? "c.code" : `${RANK_OF_GRANT} AS code`,
      );
      const code = isCoded(kind) && ends === undefined ? "JOIN _code c ON c.value = x.id" : "";
      await this.#connection.run(
        `COPY (SELECT ${columns.join(", ")} FROM (${select}) x ${code}) TO ${text(file)} (FORMAT parquet)`,
      );
      tables.push({ kind, ...ends, file, rows });
    }
    return kinds === undefined
      ? [...tables, ...(await countItems(this.#connection, tables, target))]
      : tables;
  }

  /** Ranks of ids over all coded nodes; DuckDB compares text bytewise. */
  async #makeCodes(): Promise<void> {
    if (this.#codes) return;
    const coded = this.parts
      .filter((part) => isCoded(part.kind) && part.from === undefined)
      .map((part) => `SELECT id AS value FROM (${part.select})`);
    if (coded.length > 0)
      await this.#connection.run(
        `CREATE OR REPLACE TEMP TABLE _code AS
         SELECT value, to_base(row_number() OVER (ORDER BY value) - 1, 36, 5) AS code
         FROM (SELECT DISTINCT value FROM (${coded.join(" UNION ALL ")}))`,
      );
    this.#codes = true;
  }
}
