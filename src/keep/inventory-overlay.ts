/**
 * Changes on top of what is known, for one frozen view: a planned agent, a grant that might go. They stand in temporary
 * tables of one connection; nothing of them is written to the inventory.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { DIALECTS, endpoints, properties } from "../graph/generate.ts";
import {
  type Change,
  isNodeKind,
  isRelKind,
  type Kind,
  NODE_KINDS,
  type NodeKind,
  type RelKind,
} from "../schema.ts";
import type { Layout } from "./inventory-db.ts";
import { appendRows, type RowEncoder } from "./inventory-rows.ts";
import {
  decided,
  keyOf,
  liveRows,
  namedByAlias,
  partitionRows,
  resolvedKey,
  resolvedRows,
  stagedRows,
} from "./inventory-sql.ts";
import { replacesAll, type Statements } from "./inventory-statements.ts";

const { quote, text } = DIALECTS.duckdb;

/** Changes that are staged at a time. */
const BATCH = 10_000;

const staged = (kind: Kind): string => quote(`_with_${kind}`);
const laid = (kind: Kind): string => quote(`_laid_${kind}`);
const touched = (kind: Kind): string => quote(`_touched_${kind}`);
const list = (names: readonly string[], of: string): string =>
  names.map((name) => `${of}.${quote(name)}`).join(", ");
const equal = (names: readonly string[], a: string, b: string): string =>
  names.map((name) => `${a}.${quote(name)} = ${b}.${quote(name)}`).join(" AND ");

/** Stronger than every partition: their ranks begin at 1. */
const RANK = "0::BIGINT AS rank";

export interface OverlayTarget {
  connection: DuckDBConnection;
  encoder: RowEncoder;
  layout: Layout;
}

export class Overlay {
  readonly #connection: DuckDBConnection;
  /** Kinds that the changes put or remove. */
  readonly kinds: ReadonlySet<Kind>;
  /** Kinds of node that the changes name by alias. */
  readonly aliased: ReadonlySet<Kind>;
  /** What is stated with the changes, if they are those of an import. */
  readonly statements: Statements | undefined;
  readonly #gone: ReadonlySet<NodeKind>;

  private constructor(
    connection: DuckDBConnection,
    kinds: ReadonlySet<Kind>,
    aliased: ReadonlySet<Kind>,
    gone: ReadonlySet<NodeKind>,
    statements: Statements | undefined,
  ) {
    this.#connection = connection;
    this.kinds = kinds;
    this.aliased = aliased;
    this.#gone = gone;
    this.statements = statements;
  }

  /** A step whose partition the changes replace. */
  get replaces(): string | undefined {
    return this.statements && replacesAll(this.statements) ? this.statements.step : undefined;
  }

  /** Takes the changes in, in their order. Throws what `changes` throws. */
  static async stage(
    { connection, encoder, layout }: OverlayTarget,
    changes: AsyncIterable<Change>,
    statements: () => Statements | undefined,
  ): Promise<Overlay> {
    const kinds = new Set<Kind>();
    const aliased = new Set<Kind>();
    const gone = new Set<NodeKind>();
    let seq = 0;
    let waiting: Change[] = [];
    const save = async () => {
      for (const [kind, rows] of encoder.encode(waiting, 0n, seq)) {
        if (!kinds.has(kind))
          await connection.run(`CREATE TEMP TABLE ${staged(kind)} AS SELECT * FROM ${quote(kind)} LIMIT 0`);
        kinds.add(kind);
        const appender = await connection.createAppender(`_with_${kind}`, "main", "temp");
        appendRows(appender, rows, layout.get(kind)!);
        appender.flushSync();
        appender.closeSync();
      }
      seq += waiting.length;
      waiting = [];
    };
    for await (const change of changes) {
      waiting.push(change);
      const record = "put" in change ? change.put : change.remove;
      if ("from" in record)
        for (const end of [record.from, record.to]) {
          if (end.id === undefined) aliased.add(end.kind);
        }
      else if ("remove" in change) gone.add(record.kind as NodeKind);
      if (waiting.length >= BATCH) await save();
    }
    await save();
    await connection.run("CREATE TEMP TABLE _with_gone (kind VARCHAR, id VARCHAR, seq BIGINT)");
    for (const kind of gone)
      await connection.run(
        `INSERT INTO _with_gone SELECT '${kind}', id, max(_seq) FROM ${staged(kind)} WHERE _removed GROUP BY id`,
      );
    return new Overlay(connection, kinds, aliased, gone, statements());
  }

  /** Lays the changes of all kinds of node over their live rows. */
  async layNodes(): Promise<void> {
    for (const kind of NODE_KINDS)
      if (this.kinds.has(kind)) await this.#lay(kind, ["id"], liveRows(kind), stagedRows(kind, staged(kind)));
  }

  /** After `layNodes`: the rows of a kind; undefined if the changes do not touch it. */
  nodeRows(kind: NodeKind): string | undefined {
    return this.kinds.has(kind) ? this.#over(kind, ["id"], liveRows(kind)) : undefined;
  }

  /** The rows of a kind of relationship, aliases resolved, with the changes over them; undefined if they touch none. */
  async layRels(kind: RelKind, rows: string): Promise<string | undefined> {
    const ends = endpoints(kind);
    const loses = [...ends.from, ...ends.to].some((end) => this.#gone.has(end));
    if (!this.kinds.has(kind) && !loses) return undefined;
    const key = resolvedKey(kind);
    if (!this.kinds.has(kind)) return `(SELECT r.* FROM ${rows} r WHERE NOT ${TOUCHES_GONE})`;
    const resolved = resolvedRows(kind, stagedRows(kind, staged(kind)), ["_seq", "_removed", "_cleared"]);
    await this.#lay(kind, key, rows, `(${resolved})`);
    return this.#over(kind, key, rows);
  }

  /** SELECTs of what the changes name by alias, in what they put, and in what they remove without having brought it. */
  named(): string[] {
    if (this.statements === undefined) return [];
    const { step } = this.statements;
    return [...this.kinds].filter(isRelKind).map((kind) => {
      const own = `(SELECT * FROM ${partitionRows(kind, step)} WHERE step = ${text(step)})`;
      const on = `w._removed AND ${equal(keyOf(kind), "w", "o")}`;
      return namedByAlias(`(SELECT w.* FROM ${staged(kind)} w ANTI JOIN ${own} o ON ${on})`, text(step));
    });
  }

  /** Of stored rows with their `step` those that stay, where the step itself takes others back. */
  left(kind: RelKind, rows: string): string {
    if (!this.kinds.has(kind) || this.statements === undefined) return rows;
    const on = `o.step = ${text(this.statements.step)} AND ${equal(keyOf(kind), "w", "o")}`;
    return `(SELECT o.* FROM ${rows} o ANTI JOIN (SELECT * FROM ${staged(kind)} WHERE _removed) w ON ${on})`;
  }

  /** One row for each record that the changes name and leave: what was known of it first, then they in their order. */
  async #lay(kind: Kind, key: readonly string[], rows: string, changes: string): Promise<void> {
    const names = properties(kind).map(({ name }) => name);
    const props = properties(kind).map(({ name }, bit) => {
      const column = `r.${quote(name)}`;
      // What a node is called besides only grows, as among partitions: else records that name it so would lose it.
      if (isNodeKind(kind) && name === "aliases")
        return decided(kind, "r").find((one) => /aliases$/.test(one));
      const cleared = `(coalesce(r._cleared, 0) & ${1n << BigInt(bit)}) <> 0`;
      return `arg_max_null(${column}, r.seq) FILTER (WHERE ${column} IS NOT NULL OR ${cleared}) AS ${quote(name)}`;
    });
    const end = (side: string) =>
      `LEFT JOIN _with_gone gone_${side} ON gone_${side}.kind = r._${side}_kind AND gone_${side}.id = r.${quote(side)}`;
    const [ends, removedAt] = isNodeKind(kind)
      ? ["", "w.seq"]
      : [`${end("from")} ${end("to")}`, "greatest(w.seq, gone_from.seq, gone_to.seq)"];
    await this.#connection.run(
      `CREATE TEMP TABLE ${touched(kind)} AS SELECT DISTINCT ${list(key, "c")} FROM ${changes} c`,
    );
    await this.#connection.run(
      `CREATE TEMP TABLE ${laid(kind)} AS
       WITH c AS (SELECT * FROM ${changes}),
       w AS (SELECT ${list(key, "c")}, max(c._seq) AS seq FROM c WHERE c._removed GROUP BY ALL),
       r AS (SELECT ${list([...key, ...names], "c")}, c._cleared, c._seq AS seq FROM c WHERE NOT c._removed
         UNION ALL
         SELECT ${[list(key, "b"), ...decided(kind, "b")].join(", ")}, NULL::UBIGINT, -1::BIGINT
         FROM ${rows} b JOIN ${touched(kind)} k ON ${equal(key, "b", "k")} GROUP BY ${list(key, "b")})
       SELECT ${[list(key, "r"), ...props].join(", ")}, ${RANK} FROM r LEFT JOIN w ON ${equal(key, "r", "w")} ${ends}
       WHERE r.seq > coalesce(${removedAt}, -2) GROUP BY ${list(key, "r")}`,
    );
  }

  #over(kind: Kind, key: readonly string[], rows: string): string {
    const columns = [...key, ...properties(kind).map(({ name }) => name), "rank"];
    const lost = isNodeKind(kind) || this.#gone.size === 0 ? "" : `WHERE NOT ${TOUCHES_GONE}`;
    return `(SELECT ${list(columns, "r")} FROM ${rows} r ANTI JOIN ${touched(kind)} k ON ${equal(key, "r", "k")} ${lost}
      UNION ALL SELECT ${list(columns, "l")} FROM ${laid(kind)} l)`;
  }
}

/** A relationship `r` of a removed node goes with it. */
const TOUCHES_GONE = `((r._from_kind, r."from") IN (SELECT kind, id FROM _with_gone)
  OR (r._to_kind, r."to") IN (SELECT kind, id FROM _with_gone))`;
