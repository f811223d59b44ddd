/**
 * What is known, on disk: one DuckDB file. Partitions per (step, scope), coverage, cursors, snapshots.
 * Types first; the implementation follows them.
 */
import { createHash, randomUUID } from "node:crypto";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Cursor, Page, StepContext } from "../connector.ts";
import { properties } from "../graph/generate.ts";
import { ConfigError, type Coverage, type CoverageState, type Row, StoreError } from "../model.ts";
import type { Change, CountedKind, NodeKind, NodeRecord, RelKind } from "../schema.ts";
import { aliasGaps } from "./inventory-aliases.ts";
import { coverageRows, saveCoverage } from "./inventory-coverage.ts";
import { asText, Database, type DatabaseOptions, rowsOf } from "./inventory-db.ts";
import { importLines } from "./inventory-import.ts";
import { Overlay } from "./inventory-overlay.ts";
import { asKinds, asLayer, discardPass, dropLayer, InventoryPass, type PassStart } from "./inventory-pass.ts";
import { RowEncoder } from "./inventory-rows.ts";
import { FrozenView, View } from "./inventory-snapshot.ts";
import { FORGET_BURIED, FORGOTTEN } from "./inventory-sql.ts";
import { conclude, type Statements, saidBefore } from "./inventory-statements.ts";
import { type Strangers, strangersOf } from "./inventory-strangers.ts";

export interface BeginOptions {
  mode: "full" | "delta";
  fingerprint: string;
  since?: string;
  gapsAreNodes?: boolean;
}

/** One pass that is being written. A pass that is neither finished nor abandoned is resumed by `begin`. */
export interface OpenPass {
  readonly mode: "full" | "delta";
  /** Where the interrupted pass stopped, or the saved delta token; absent at the start of a full pass. */
  readonly cursor: Cursor | undefined;
  readonly resumed: boolean;
  /** Saves changes, cursor and gaps together: after a kill, either all of the page is there or nothing. */
  apply(page: Page): Promise<void>;
  /**
   * Ends the pass. Without gaps of its step a full pass replaces the partition and coverage is `complete`; with
   * such gaps coverage is `partial`, and it only adds, nothing is deleted. If gaps are nodes, a full pass with gaps of nodes
   * alone replaces all but relationships that lead to these. `last` is a page saved with the end.
   */
  finish(last?: Page): Promise<void>;
  /**
   * Gives up: what was known before stays. `partial` if this pass saved at least one page (its puts are then
   * kept as additions), else the given state.
   */
  abandon(coverage: Omit<Coverage, "step" | "scope">): Promise<void>;
  /** 410: forgets cursor and token; the next `begin` is a full pass. */
  restart(): Promise<void>;
}

export interface CoverageRow extends Coverage {
  /** ISO times between which the facts of this partition were read. */
  observedFrom: string | undefined;
  observedTo: string | undefined;
  accepted: { reason: string; until: string } | undefined;
  /** How many records the partition holds. */
  records: number;
}

/** One kind as files for a bulk load. Column order: node `id, <props>`; relationship `from, to, key?, <props>`. */
export interface GraphTable {
  kind: NodeKind | RelKind | CountedKind;
  from?: NodeKind;
  to?: NodeKind;
  /** Absolute path of a Parquet file. */
  file: string;
  rows: number;
}

/** A frozen view: aliases resolved, placeholders added, conflicts decided, expiry judged at `time`. */
export interface Snapshot {
  /** Hash of records and coverage; the same facts give the same id on any machine. */
  id: string;
  /** ISO time of the newest fact: "now" for expiry. */
  time: string;
  coverage: readonly CoverageRow[];
  /** Writes one Parquet file a kind (and endpoint pair) into `dir`, nodes first. */
  export(dir: string, kinds?: readonly (NodeKind | RelKind)[]): Promise<GraphTable[]>;
  /** Lets go of the frozen view. Closing the inventory does so too; afterwards `export` fails. */
  release(): Promise<void>;
}

/** Whose facts an inventory holds. */
export interface Tenant {
  id: string;
  name: string;
}

export interface Inventory {
  /** Whose tenant was scanned into it; undefined before the first scan. */
  tenant(): Promise<Tenant | undefined>;
  /** Says whose it is from now on. */
  keepTenant(tenant: Tenant): Promise<void>;
  /**
   * Opens or resumes the pass of (step, scope). `fingerprint` names the options under which the step runs:
   * if it differs from the saved one, a saved cursor or token is not used. Delta only if a token is saved and
   * `mode` asks for it. A pass that began before `since` (ISO) starts anew. `gapsAreNodes` as the step says.
   */
  begin(step: string, scope: string, options: BeginOptions): Promise<OpenPass>;
  /** The state in which (step, scope) ended, if that was at `since` (ISO) or later: a resumed scan skips it. */
  ended(step: string, scope: string, since: string): Promise<CoverageState | undefined>;
  /** When the last pass of these steps that read something ended (ISO). */
  lastRead(steps: readonly string[]): Promise<string | undefined>;
  /** Coverage of a part that has no pass (skipped by configuration, a scope that could not be listed). */
  note(coverage: Coverage): Promise<void>;
  /** Drops coverage and facts of scopes of this step that a complete listing of scopes no longer has. */
  retain(step: string, scopes: ReadonlySet<string>): Promise<void>;
  coverage(): Promise<CoverageRow[]>;
  /** Accepts the gap of (step, scope), or each that the step has now: what is lost later is not accepted. How many. */
  accept(step: string, scope: string | undefined, reason: string, until: string): Promise<number>;
  /** Nodes of a kind with these values; with `steps`, only what these steps say of them. */
  known: StepContext["known"];
  /** Ids of nodes to which known relationships of this kind lead; those that are named by alias are left out. */
  targets: StepContext["targets"];
  /** All changes of an import file at once, or none. Throws ConfigError with the line number. */
  import(name: string, lines: AsyncIterable<string>): Promise<{ records: number; coverage: number }>;
  /** Ids that relationships of an import name and nothing else does: they may be slips. */
  strangers(step: string): Promise<Strangers>;
  snapshot(): Promise<Snapshot>;
  /**
   * A snapshot as if these changes were known: puts decide over every partition, null clears and a removal takes away
   * whoever brought it. Nothing of them is kept. `statements`, asked when all changes were taken in, is what an import of
   * them would state: coverage is as that would leave it, and a step that it replaces is left out. Throws what `changes`
   * throws.
   */
  suppose(changes: AsyncIterable<Change>, statements?: () => Statements | undefined): Promise<Snapshot>;
  /**
   * The scan that is under way or was interrupted; a rerun continues it, with its open passes, unless it began more than 12
   * hours ago. A new scan drops open passes of others.
   */
  startScan(fingerprint: string): Promise<{ id: string; startedAt: string; resumed: boolean }>;
  endScan(id: string, state: "complete" | "interrupted"): Promise<void>;
  /**
   * The scan that has not ended, if there is one, and the steps of which the whole tenant was read since it began. Of a step
   * that asks scope by scope nobody knows then whether it met them all: it is not among them.
   */
  openScan(): Promise<{ id: string; read: ReadonlySet<string> } | undefined>;
  close(): Promise<void>;
}

/** A change as it stands on one line of an import file, checked against the schema. */
export type ImportLine = Change | { coverage: Coverage };

export interface InventoryOptions extends DatabaseOptions {
  /** Whose word counts where properties conflict: first words of steps, strongest first. */
  order?: readonly string[];
  /** The clock. */
  now?: () => Date;
}

const DEFAULT_ORDER = ["entra", "purview", "azure", "sharepoint", "mcp", "import"];
/** So long after its start a scan is continued: what it read earlier counts as read by the whole. */
const CONTINUED_MS = 12 * 60 * 60 * 1000;
/** Nodes that `known` fetches at a time. */
const BATCH = 10_000;

/**
 * Opens the inventory, or creates it (readable by its owner only). `:memory:` keeps nothing.
 * Throws StoreError: `busy` if another process has it, `newer-version`, `no-inventory` (reading only), `no-access`.
 */
export const openInventory = async (path: string, options: InventoryOptions = {}): Promise<Inventory> =>
  new DuckDbInventory(await Database.open(path, options), options);

class DuckDbInventory implements Inventory {
  readonly #database: Database;
  readonly #encoder: RowEncoder;
  readonly #order: readonly string[];
  readonly #now: () => string;

  constructor(database: Database, options: InventoryOptions) {
    this.#database = database;
    this.#encoder = new RowEncoder(database.layout);
    this.#order = options.order ?? DEFAULT_ORDER;
    const clock = options.now ?? (() => new Date());
    this.#now = () => clock().toISOString();
  }

  async tenant(): Promise<Tenant | undefined> {
    const [row] = await this.#database.rows("SELECT id, name FROM _tenant");
    return row === undefined ? undefined : { id: String(row.id), name: String(row.name) };
  }

  async keepTenant({ id, name }: Tenant): Promise<void> {
    await this.#database.write(async (writer) => {
      await writer.run("DELETE FROM _tenant");
      await writer.run("INSERT INTO _tenant VALUES ($1, $2)", [id, name]);
    });
  }

  async begin(
    step: string,
    scope: string,
    { mode, fingerprint, since = "", gapsAreNodes = false }: BeginOptions,
  ): Promise<OpenPass> {
    const pass = (start: { mode: "full" | "delta"; cursor?: string | undefined; open?: Row }) =>
      this.#pass({ step, scope, fingerprint, gapsAreNodes, ...start });
    const place = "WHERE step = $1 AND scope = $2";
    const [open] = await this.#database.rows(`SELECT * FROM _pass ${place}`, [step, scope]);
    if (open !== undefined) {
      const cursor = asText(open.cursor);
      const openMode = open.mode === "delta" ? "delta" : "full";
      // Without a position, or under other options, what the interrupted pass staged may not fit what comes now.
      if (
        cursor !== undefined &&
        open.fingerprint === fingerprint &&
        String(open.started_at) >= since &&
        (openMode === "full" || mode === "delta")
      )
        return pass({ mode: openMode, cursor, open });
      await this.#database.write((writer) => discardPass(writer, step, scope));
    }
    if (mode === "full") return pass({ mode });
    const [known] = await this.#database.rows(`SELECT token, fingerprint FROM _partition ${place}`, [
      step,
      scope,
    ]);
    const saved = known?.fingerprint === fingerprint ? asText(known.token) : undefined;
    const token = saved === FORGOTTEN ? undefined : saved;
    return pass({ mode: token === undefined ? "full" : "delta", cursor: token });
  }

  #pass(start: PassStart): InventoryPass {
    return new InventoryPass(this.#database, this.#encoder, this.#now, start);
  }

  async ended(step: string, scope: string, since: string): Promise<CoverageState | undefined> {
    const [row] = await this.#database.rows(
      "SELECT state FROM _partition WHERE step = $1 AND scope = $2 AND ended_at >= $3",
      [step, scope, since],
    );
    return row?.state as CoverageState | undefined;
  }

  async lastRead(steps: readonly string[]): Promise<string | undefined> {
    const [row] = await this.#database.rows(
      `SELECT max(ended_at) AS at FROM _partition
       WHERE state IN ('complete', 'partial') AND list_contains(string_split($1, ' '), step)`,
      [steps.join(" ")],
    );
    return asText(row?.at);
  }

  async note(coverage: Coverage): Promise<void> {
    await this.#database.write((writer) => saveCoverage(writer, coverage, null));
  }

  async retain(step: string, scopes: ReadonlySet<string>): Promise<void> {
    await this.#database.write(async (writer) => {
      for (const table of ["_pass", "_partition"]) {
        const rows = await writer.rows(`SELECT scope, layer, kinds FROM ${table} WHERE step = $1`, [step]);
        for (const row of rows) {
          const scope = String(row.scope);
          if (scopes.has(scope)) continue;
          const layer = asLayer(row.layer);
          if (layer !== undefined) await dropLayer(writer, layer, asKinds(row.kinds));
          await writer.run(`DELETE FROM ${table} WHERE step = $1 AND scope = $2`, [step, scope]);
          await writer.run("DELETE FROM _gap WHERE owner_step = $1 AND owner_scope = $2", [step, scope]);
        }
      }
    });
  }

  async coverage(): Promise<CoverageRow[]> {
    return this.#coverage((sql) => this.#database.rows(sql));
  }

  async #coverage(read: (sql: string) => Promise<Row[]>, overlay?: Overlay): Promise<CoverageRow[]> {
    const said = overlay?.statements;
    const supposed = said && conclude(said, await saidBefore(read, said.step));
    return coverageRows(read, this.#now(), await aliasGaps(read, overlay), supposed);
  }

  async accept(step: string, scope: string | undefined, reason: string, until: string): Promise<number> {
    if (!/^\d{4}-\d{2}-\d{2}(T.*)?$/.test(until) || Number.isNaN(Date.parse(until)))
      throw new ConfigError("bad-date", `"${until}" is not a date`, "give a date such as 2026-12-31");
    const rows = await this.coverage();
    const gaps = rows.filter(
      (row) => row.state !== "complete" && row.step === step && (scope === undefined || row.scope === scope),
    );
    await this.#database.write(async (writer) => {
      for (const gap of gaps) {
        await writer.run("DELETE FROM _accepted WHERE step = $1 AND scope = $2", [step, gap.scope]);
        await writer.run("INSERT INTO _accepted VALUES ($1, $2, $3, $4)", [step, gap.scope, reason, until]);
      }
    });
    return gaps.length;
  }

  async *known(
    kind: NodeKind,
    where: Readonly<Record<string, string>> = {},
    steps?: readonly string[],
  ): AsyncIterable<NodeRecord> {
    const columns = properties(kind);
    const filters = Object.keys(where).map((name, index) => {
      if (name !== "id" && !columns.some((column) => column.name === name))
        throw new ConfigError("bad-filter", `${kind} has no property "${name}"`, "run: forereach schema");
      return `"${name}" = $${index + 1}`;
    });
    const connection = await this.#database.connect();
    try {
      // Set aside as a whole, so that a slow reader neither holds a transaction open nor sees later pages.
      await connection.run("BEGIN TRANSACTION");
      const nodes = await (await View.create(connection, this.#order, { steps })).nodes(kind);
      const condition = filters.length === 0 ? "" : `WHERE ${filters.join(" AND ")}`;
      await connection.run(
        `CREATE TEMP TABLE _known AS SELECT * FROM (${nodes}) ${condition} ORDER BY id`,
        Object.values(where),
      );
      await connection.run("COMMIT");
      for (let from = 0; ; from += BATCH) {
        const rows = await rowsOf(
          connection,
          `SELECT * FROM _known WHERE rowid >= ${from} AND rowid < ${from + BATCH} ORDER BY rowid`,
        );
        if (rows.length === 0) return;
        for (const row of rows) yield nodeOf(kind, row);
      }
    } catch (error) {
      throw this.#database.error(error);
    } finally {
      this.#database.release(connection);
    }
  }

  async targets(kind: RelKind): Promise<ReadonlySet<string>> {
    const rows = await this.#database.rows(
      `SELECT DISTINCT t."to" AS id FROM "${kind}" t JOIN _partition p ON t._layer = p.layer WHERE NOT t._to_alias`,
    );
    return new Set(rows.map(({ id }) => String(id)));
  }

  import(name: string, lines: AsyncIterable<string>): Promise<{ records: number; coverage: number }> {
    const begin = (step: string) => this.#pass({ step, scope: "", mode: "full", fingerprint: "import" });
    return importLines(this.#database, begin, name, lines);
  }

  strangers(step: string): Promise<Strangers> {
    return strangersOf((sql, params = []) => this.#database.rows(sql, params), step);
  }

  snapshot(): Promise<Snapshot> {
    return this.#freeze(async () => undefined);
  }

  suppose(
    changes: AsyncIterable<Change>,
    statements = (): Statements | undefined => undefined,
  ): Promise<Snapshot> {
    const { layout } = this.#database;
    return this.#freeze((connection) =>
      Overlay.stage({ connection, encoder: this.#encoder, layout }, changes, statements),
    );
  }

  async #freeze(overlaid: (connection: DuckDBConnection) => Promise<Overlay | undefined>): Promise<Snapshot> {
    const database = this.#database;
    const connection = await database.connect();
    try {
      // Left open: the transaction is what keeps the view frozen.
      await connection.run("BEGIN TRANSACTION");
      const rows = (sql: string) => rowsOf(connection, sql);
      const overlay = await overlaid(connection);
      const [newest] = await rows("SELECT max(observed_to) AS time FROM _partition");
      const time = asText(newest?.time) ?? new Date(0).toISOString();
      const view = await FrozenView.create(connection, this.#order, { time, overlay });
      const coverage = await this.#coverage(rows, overlay);
      const hash = createHash("sha256").update(view.hash);
      for (const row of coverage)
        hash.update(JSON.stringify([row.step, row.scope, row.state, row.reason ?? null, row.fix ?? null]));
      return {
        id: hash.digest("hex").slice(0, 32),
        time,
        coverage,
        export: async (dir, kinds) => {
          try {
            return await view.export(dir, kinds);
          } catch (error) {
            throw database.error(error);
          }
        },
        release: async () => database.release(connection),
      };
    } catch (error) {
      database.release(connection);
      throw database.error(error);
    }
  }

  async startScan(fingerprint: string): Promise<{ id: string; startedAt: string; resumed: boolean }> {
    const startedAt = this.#now();
    const since = new Date(Date.parse(startedAt) - CONTINUED_MS).toISOString();
    return this.#database.write(async (writer) => {
      // A scan under other options does not continue this one: what it skipped may now be asked for. Nor does one long
      // after it: what was read then would pass for new.
      await writer.run(
        `UPDATE _scan SET state = 'replaced'
         WHERE state IN ('running', 'interrupted') AND (fingerprint <> $1 OR started_at < $2)`,
        [fingerprint, since],
      );
      const [open] = await writer.rows(
        "SELECT id, started_at FROM _scan WHERE state IN ('running', 'interrupted')",
      );
      if (open !== undefined) {
        await writer.run("UPDATE _scan SET state = 'running', ended_at = NULL WHERE id = $1", [
          String(open.id),
        ]);
        return { id: String(open.id), startedAt: String(open.started_at), resumed: true };
      }
      // An interrupted pass goes on only within its scan: another one may know other objects to ask about.
      for (const { step, scope } of await writer.rows("SELECT step, scope FROM _pass"))
        await discardPass(writer, String(step), String(scope));
      const id = randomUUID();
      await writer.run("INSERT INTO _scan VALUES ($1, $2, $3, NULL, 'running')", [
        id,
        fingerprint,
        startedAt,
      ]);
      return { id, startedAt, resumed: false };
    });
  }

  async openScan(): Promise<{ id: string; read: ReadonlySet<string> } | undefined> {
    const rows = await this.#database.rows(
      `SELECT s.id, p.step FROM (SELECT id, started_at FROM _scan WHERE state IN ('running', 'interrupted')) AS s
       LEFT JOIN _partition AS p ON p.scope = '' AND p.ended_at >= s.started_at`,
    );
    if (rows[0] === undefined) return undefined;
    return { id: String(rows[0].id), read: new Set(rows.map(({ step }) => String(step))) };
  }

  async endScan(id: string, state: "complete" | "interrupted"): Promise<void> {
    await this.#database.write(async (writer) => {
      const changed = await writer.run(
        "UPDATE _scan SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'running'",
        [id, state, this.#now()],
      );
      await writer.run(FORGET_BURIED);
      if (changed !== 1) throw new StoreError("no-scan", `no scan ${id} is running`, "run: forereach scan");
    });
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

const nodeOf = (kind: NodeKind, row: Row): NodeRecord => {
  const props: Row = {};
  for (const { name } of properties(kind)) {
    const value = row[name];
    if (value !== null && value !== undefined)
      props[name] = typeof value === "bigint" ? Number(value) : value;
  }
  // The columns of the table are the properties of the kind, which the type cannot express.
  return { kind, id: String(row.id), props } as NodeRecord;
};
