/** One pass being written: pages go to a layer of their own, which ends as, or in, the partition's live layer. */
import type { Page } from "./connector.ts";
import type { OpenPass } from "./inventory.ts";
import type { Database, Writer } from "./inventory-db.ts";
import { appendRows, type RowEncoder } from "./inventory-rows.ts";
import { fold, GONE, goneOf, isPlain } from "./inventory-sql.ts";
import { type Coverage, type CoverageState, type Row, StoreError } from "./model.ts";
import { isNodeKind, isRelKind, type Kind, type NodeKind, type RelKind } from "./schema.ts";

export const asText = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
export const asLayer = (value: unknown): bigint | undefined =>
  typeof value === "bigint" ? value : undefined;
export const asKinds = (value: unknown): Kind[] =>
  (asText(value) ?? "").split(",").filter((kind): kind is Kind => isNodeKind(kind) || isRelKind(kind));

/** Deletes all rows of a layer. */
export const dropLayer = async (writer: Writer, layer: bigint, kinds: Iterable<Kind>): Promise<void> => {
  for (const kind of kinds) await writer.run(`DELETE FROM "${kind}" WHERE _layer = ${layer}`);
};

/** Forgets an open pass and all that it has staged. */
export const discardPass = async (writer: Writer, step: string, scope: string): Promise<void> => {
  const [open] = await writer.rows("SELECT layer, kinds FROM _pass WHERE step = $1 AND scope = $2", [
    step,
    scope,
  ]);
  if (open === undefined) return;
  const layer = asLayer(open.layer)!;
  await dropLayer(writer, layer, asKinds(open.kinds));
  await writer.run(`DELETE FROM _gap WHERE layer = ${layer}`);
  await writer.run("DELETE FROM _pass WHERE step = $1 AND scope = $2", [step, scope]);
};

/**
 * How a pass ends. `replace`: the staged layer is the whole truth. `merge`: puts and removals change what was known.
 * `add`: puts are added, nothing goes away.
 */
export type Ending = "replace" | "merge" | "add";

export interface PassStart {
  step: string;
  scope: string;
  mode: "full" | "delta";
  fingerprint: string;
  /** Position, or delta token. */
  cursor: string | undefined;
  /** The row of `_pass`, if the pass is resumed. */
  open: Row | undefined;
}

export class InventoryPass implements OpenPass {
  readonly mode: "full" | "delta";
  readonly cursor: string | undefined;
  readonly resumed: boolean;
  readonly #database: Database;
  readonly #encoder: RowEncoder;
  readonly #now: () => string;
  readonly #step: string;
  readonly #scope: string;
  readonly #fingerprint: string;
  /** Absent until the first page is saved: a pass without pages leaves no trace. */
  #layer: bigint | undefined;
  #seq: number;
  #kinds: Set<Kind>;
  #token: string | undefined;
  #startedAt: string;
  #over = false;

  constructor(database: Database, encoder: RowEncoder, now: () => string, start: PassStart) {
    this.#database = database;
    this.#encoder = encoder;
    this.#now = now;
    this.#step = start.step;
    this.#scope = start.scope;
    this.#fingerprint = start.fingerprint;
    this.mode = start.mode;
    this.cursor = start.cursor;
    this.resumed = start.open !== undefined;
    this.#layer = asLayer(start.open?.layer);
    this.#seq = Number(start.open?.seq ?? 0);
    this.#kinds = new Set(asKinds(start.open?.kinds));
    this.#token = asText(start.open?.token);
    this.#startedAt = asText(start.open?.started_at) ?? now();
  }

  async apply(page: Page): Promise<void> {
    await this.#database
      .write(async (writer) => {
        this.#mustBeOpen();
        const layer =
          this.#layer ?? asLayer((await writer.rows("SELECT nextval('_layers') AS layer"))[0]?.layer)!;
        const byKind = this.#encoder.encode(page.changes, layer, this.#seq);
        for (const [kind, rows] of byKind)
          await writer.append(kind, (appender) =>
            appendRows(appender, rows, this.#database.layout.get(kind)!),
          );
        for (const gap of page.gaps ?? [])
          await writer.run("INSERT INTO _gap VALUES ($1, $2, $3::BIGINT, $4, $5, $6, $7, $8)", [
            this.#step,
            this.#scope,
            String(layer),
            gap.step,
            gap.scope,
            gap.state,
            gap.reason ?? null,
            gap.fix ?? null,
          ]);
        const kinds = new Set([...this.#kinds, ...byKind.keys()]);
        const seq = this.#seq + page.changes.length;
        const token = page.deltaToken ?? this.#token;
        const saved = [String(layer), page.cursor ?? null, token ?? null, String(seq), [...kinds].join(",")];
        const place = [this.#step, this.#scope];
        if (this.#layer === undefined)
          await writer.run(
            `INSERT INTO _pass (layer, cursor, token, seq, kinds, step, scope, mode, fingerprint, started_at)
           VALUES ($1::BIGINT, $2, $3, $4::BIGINT, $5, $6, $7, $8, $9, $10)`,
            [...saved, ...place, this.mode, this.#fingerprint, this.#startedAt],
          );
        else {
          const changed = await writer.run(
            `UPDATE _pass SET cursor = $2, token = $3, seq = $4::BIGINT, kinds = $5
           WHERE step = $6 AND scope = $7 AND layer = $1::BIGINT`,
            [...saved, ...place],
          );
          if (changed !== 1) throw this.#taken();
        }
        return { layer, kinds, seq, token };
      })
      .then((saved) => {
        this.#layer = saved.layer;
        this.#kinds = saved.kinds;
        this.#seq = saved.seq;
        this.#token = saved.token;
      });
  }

  async finish(): Promise<void> {
    await this.#database.write(async (writer) => {
      const gaps = await this.#pendingGaps(writer);
      if (gaps.length === 0)
        return this.end(writer, this.mode === "full" ? "replace" : "merge", { state: "complete" });
      await this.end(writer, "add", partial(gaps, this.#step, this.#scope));
    });
    this.#over = true;
  }

  async abandon(coverage: Omit<Coverage, "step" | "scope">): Promise<void> {
    await this.#database.write(async (writer) => {
      if (this.#layer !== undefined) return this.end(writer, "add", { ...coverage, state: "partial" });
      this.#mustBeOpen();
      await saveCoverage(writer, { ...coverage, step: this.#step, scope: this.#scope }, this.#now());
    });
    this.#over = true;
  }

  async restart(): Promise<void> {
    await this.#database.write(async (writer) => {
      this.#mustBeOpen();
      await discardPass(writer, this.#step, this.#scope);
      await writer.run("UPDATE _partition SET token = NULL WHERE step = $1 AND scope = $2", [
        this.#step,
        this.#scope,
      ]);
    });
    this.#over = true;
  }

  /** Ends the pass within a transaction of the caller. Gaps of earlier passes stay if `keepGaps`. */
  async end(
    writer: Writer,
    ending: Ending,
    coverage: Omit<Coverage, "step" | "scope">,
    keepGaps = ending === "add",
  ): Promise<void> {
    this.#mustBeOpen();
    const place = [this.#step, this.#scope];
    const [known] = await writer.rows(
      "SELECT layer, kinds, token, fingerprint, observed_from FROM _partition WHERE step = $1 AND scope = $2",
      place,
    );
    const live = asLayer(known?.layer);
    const liveKinds = asKinds(known?.kinds);
    const base = ending === "replace" ? undefined : live;
    const kinds = new Set([...this.#kinds, ...(base === undefined ? [] : liveKinds)]);
    if (this.#layer !== undefined) await this.#settle(writer, this.#layer, base, ending, kinds);
    if (ending === "replace" && live !== undefined) await dropLayer(writer, live, liveKinds);
    const layer = base ?? this.#layer;

    let records = 0;
    if (layer !== undefined)
      for (const kind of kinds) {
        const [row] = await writer.rows(`SELECT count(*) AS n FROM "${kind}" WHERE _layer = ${layer}`);
        records += Number(row?.n ?? 0);
      }
    const now = this.#now();
    const since = base === undefined ? this.#startedAt : (asText(known?.observed_from) ?? this.#startedAt);
    const saved = this.#tokenAfter(ending, asText(known?.token), asText(known?.fingerprint));
    await writer.run(
      `INSERT INTO _partition VALUES ($1, $2, $3::BIGINT, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12::BIGINT)
       ON CONFLICT (step, scope) DO UPDATE SET layer = excluded.layer, kinds = excluded.kinds,
         fingerprint = excluded.fingerprint, token = excluded.token, state = excluded.state, reason = excluded.reason,
         fix = excluded.fix, observed_from = excluded.observed_from, observed_to = excluded.observed_to,
         ended_at = excluded.ended_at, records = excluded.records`,
      [
        ...place,
        layer === undefined ? null : String(layer),
        [...kinds].join(","),
        saved.fingerprint,
        saved.token,
        coverage.state,
        coverage.reason ?? null,
        coverage.fix ?? null,
        since < now ? since : now,
        now,
        String(records),
      ],
    );
    await this.#settleGaps(writer, keepGaps);
    if (this.#layer !== undefined)
      await writer.run("DELETE FROM _pass WHERE step = $1 AND scope = $2", place);
  }

  /** Folds the staged layer into the base, or within itself. */
  async #settle(
    writer: Writer,
    staged: bigint,
    base: bigint | undefined,
    ending: Ending,
    kinds: ReadonlySet<Kind>,
  ): Promise<void> {
    const nodes = [...kinds].filter((kind): kind is NodeKind => isNodeKind(kind));
    const rels = [...kinds].filter((kind): kind is RelKind => isRelKind(kind));
    await writer.run(GONE);
    for (const kind of nodes) if (this.#kinds.has(kind)) await writer.run(goneOf(kind, staged));
    const gone = Number((await writer.rows("SELECT count(*) AS n FROM _gone"))[0]?.n) > 0;
    for (const kind of [...nodes, ...rels]) {
      // Kinds that the pass did not write change only by the removal of their endpoints.
      if (!this.#kinds.has(kind) && !(gone && ending === "merge" && isRelKind(kind))) continue;
      if (base === undefined && (await writer.rows(isPlain(kind, staged, gone)))[0]?.plain === true) continue;
      for (const statement of fold(kind, { staged, base, additive: ending === "add", gone }))
        await writer.run(statement);
    }
    await writer.run("DROP TABLE _gone");
  }

  /**
   * The token with which the next pass may start. After gaps it does not move: what the gap hid comes again. After a
   * full pass that only added, there is none: what it did not see must be looked at as a whole.
   */
  #tokenAfter(ending: Ending, token: string | undefined, fingerprint: string | undefined) {
    if (ending === "add")
      return this.mode === "delta"
        ? { token: token ?? null, fingerprint: fingerprint ?? null }
        : { token: null, fingerprint: this.#fingerprint };
    const kept = ending === "merge" ? token : undefined;
    return { token: this.#token ?? kept ?? null, fingerprint: this.#fingerprint };
  }

  async #pendingGaps(writer: Writer): Promise<Coverage[]> {
    if (this.#layer === undefined) return [];
    const rows = await writer.rows(
      `SELECT DISTINCT step, scope, state, reason, fix FROM _gap WHERE layer = ${this.#layer}
       ORDER BY step, scope, state, reason, fix`,
    );
    return rows.map(coverageOf);
  }

  /** Gaps of the pass come into force. A pass that saw everything ends the earlier ones; another adds to them. */
  async #settleGaps(writer: Writer, keepGaps: boolean): Promise<void> {
    const mine = "owner_step = $1 AND owner_scope = $2";
    const place = [this.#step, this.#scope];
    if (!keepGaps) await writer.run(`DELETE FROM _gap WHERE ${mine} AND layer IS NULL`, place);
    if (this.#layer === undefined) return;
    await writer.run(
      `DELETE FROM _gap WHERE ${mine} AND layer IS NULL
         AND (step, scope) IN (SELECT step, scope FROM _gap WHERE layer = ${this.#layer})`,
      place,
    );
    // A gap that is the partition itself has become its coverage.
    await writer.run(`DELETE FROM _gap WHERE layer = ${this.#layer} AND step = $1 AND scope = $2`, place);
    await writer.run(`UPDATE _gap SET layer = NULL WHERE layer = ${this.#layer}`);
  }

  #mustBeOpen(): void {
    if (this.#over)
      throw new StoreError(
        "pass-over",
        `the pass of ${this.#step} '${this.#scope}' has ended`,
        "begin another",
      );
  }

  #taken(): StoreError {
    return new StoreError(
      "pass-over",
      `the pass of ${this.#step} '${this.#scope}' was replaced by another`,
      "run one scan at a time",
    );
  }
}

/** Coverage of a part without a pass of its own, or whose pass saved nothing: facts stay as they are. */
export const saveCoverage = async (
  writer: Writer,
  coverage: Coverage,
  endedAt: string | null,
): Promise<void> => {
  await writer.run(
    `INSERT INTO _partition (step, scope, state, reason, fix, ended_at) VALUES ($1, $2, $3, $4, $5, $6)
     ON CONFLICT (step, scope) DO UPDATE SET state = excluded.state, reason = excluded.reason, fix = excluded.fix,
       ended_at = coalesce(excluded.ended_at, ended_at)`,
    [coverage.step, coverage.scope, coverage.state, coverage.reason ?? null, coverage.fix ?? null, endedAt],
  );
};

export const coverageOf = (row: Row): Coverage => {
  const reason = asText(row.reason);
  const fix = asText(row.fix);
  return {
    step: String(row.step),
    scope: String(row.scope),
    state: row.state as CoverageState,
    ...(reason === undefined ? {} : { reason }),
    ...(fix === undefined ? {} : { fix }),
  };
};

const partial = (
  gaps: readonly Coverage[],
  step: string,
  scope: string,
): Omit<Coverage, "step" | "scope"> => {
  const own =
    gaps.find((gap) => gap.step === step && gap.scope === scope) ?? (gaps.length === 1 ? gaps[0] : undefined);
  const fix = own?.fix ?? gaps.find((gap) => gap.fix !== undefined)?.fix;
  return {
    state: "partial",
    reason: own?.reason ?? `${gaps.length} parts could not be read`,
    ...(fix === undefined ? {} : { fix }),
  };
};
