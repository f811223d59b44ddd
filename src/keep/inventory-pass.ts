/** One pass being written: pages go to a layer of their own, which ends as, or in, the partition's live layer. */
import type { Page } from "../connector.ts";
import { type Coverage, type Row, StoreError } from "../model.ts";
import { isNodeKind, isRelKind, type Kind } from "../schema.ts";
import type { OpenPass } from "./inventory.ts";
import { coverageOf, saveCoverage } from "./inventory-coverage.ts";
import { asText, type Database, type Writer } from "./inventory-db.ts";
import { appendRows, type RowEncoder } from "./inventory-rows.ts";
import { spellRemovals } from "./inventory-spellings.ts";
import {
  BURY,
  buryMissing,
  countRows,
  FORGOTTEN,
  fold,
  GONE,
  goneOf,
  HIDDEN,
  keepHidden,
  keepLeading,
  outlives,
} from "./inventory-sql.ts";

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

const count = async (writer: Writer, layer: bigint, kinds: Iterable<Kind>): Promise<number> => {
  let records = 0;
  for (const kind of kinds)
    records += Number(
      (await writer.rows(`SELECT count(*) AS n FROM "${kind}" WHERE _layer = ${layer}`))[0]?.n,
    );
  return records;
};

/**
 * How a pass ends. `replace`: the staged layer is the whole truth. `renew`: it is, but for relationships that lead to nodes
 * which its gaps name. `merge`: puts and removals change what was known. `add`: puts are added, nothing goes away.
 */
export type Ending = "replace" | "renew" | "merge" | "add";

export interface PassStart {
  step: string;
  scope: string;
  mode: "full" | "delta";
  fingerprint: string;
  gapsAreNodes?: boolean;
  /** Position, or delta token. */
  cursor?: string | undefined;
  /** The row of `_pass`, if the pass is resumed. */
  open?: Row;
}

/** What the pages of a pass have saved so far. */
interface Staged {
  /** Absent until the first page. */
  layer: bigint | undefined;
  kinds: Set<Kind>;
  seq: number;
  token: string | undefined;
  /** Whether there are removals, and gaps: most passes have none, and need no look. */
  removals: boolean;
  gaps: boolean;
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
  readonly #gapsAreNodes: boolean;
  #staged: Staged;
  /** Whether there is a row in `_pass`: a pass without pages, or with one that ends it, leaves no trace there. */
  #positioned: boolean;
  #startedAt: string;
  #over = false;

  constructor(database: Database, encoder: RowEncoder, now: () => string, start: PassStart) {
    this.#database = database;
    this.#encoder = encoder;
    this.#now = now;
    this.#step = start.step;
    this.#scope = start.scope;
    this.#fingerprint = start.fingerprint;
    this.#gapsAreNodes = start.gapsAreNodes === true;
    this.mode = start.mode;
    this.cursor = start.cursor;
    this.resumed = start.open !== undefined;
    this.#positioned = this.resumed;
    this.#staged = {
      layer: asLayer(start.open?.layer),
      seq: Number(start.open?.seq ?? 0),
      kinds: new Set(asKinds(start.open?.kinds)),
      token: asText(start.open?.token),
      removals: start.open?.removals === true,
      gaps: start.open?.gaps === true,
    };
    this.#startedAt = asText(start.open?.started_at) ?? now();
  }

  get #place(): [string, string] {
    return [this.#step, this.#scope];
  }

  get #isImport(): boolean {
    return this.#step.startsWith("import.");
  }

  async apply(page: Page): Promise<void> {
    this.#staged = await this.#database.write(async (writer) => {
      this.#mustBeOpen();
      const after = await this.#stage(writer, page);
      await this.#savePosition(writer, after, page.cursor);
      return after;
    });
    this.#positioned = true;
  }

  async #stage(writer: Writer, page: Page): Promise<Staged> {
    const { kinds, seq, token, removals, gaps } = this.#staged;
    const layer = this.#staged.layer ?? this.#database.newLayer();
    const byKind = this.#encoder.encode(page.changes, layer, seq);
    for (const [kind, rows] of byKind)
      await writer.append(kind, (appender) => appendRows(appender, rows, this.#database.layout.get(kind)!));
    const met = page.gaps ?? [];
    for (const gap of met) await this.#saveGap(writer, layer, gap);
    return {
      layer,
      kinds: new Set([...kinds, ...byKind.keys()]),
      seq: seq + page.changes.length,
      token: page.deltaToken ?? token,
      removals: removals || page.changes.some((change) => "remove" in change),
      gaps: gaps || met.length > 0,
    };
  }

  async #saveGap(writer: Writer, layer: bigint, gap: Coverage): Promise<void> {
    const stated = [gap.step, gap.scope, gap.state, gap.reason ?? null, gap.fix ?? null];
    await writer.run("INSERT INTO _gap VALUES ($1, $2, $3::BIGINT, $4, $5, $6, $7, $8)", [
      ...this.#place,
      String(layer),
      ...stated,
    ]);
  }

  async #savePosition(writer: Writer, after: Staged, cursor: string | undefined): Promise<void> {
    const saved = [
      ...this.#place,
      String(after.layer),
      cursor ?? null,
      after.token ?? null,
      String(after.seq),
      [...after.kinds].join(","),
      after.removals,
      after.gaps,
    ];
    if (!this.#positioned) {
      await writer.run(
        `INSERT INTO _pass (step, scope, layer, cursor, token, seq, kinds, removals, gaps, mode, fingerprint, started_at)
         VALUES ($1, $2, $3::BIGINT, $4, $5, $6::BIGINT, $7, $8, $9, $10, $11, $12)`,
        [...saved, this.mode, this.#fingerprint, this.#startedAt],
      );
      return;
    }
    const changed = await writer.run(
      `UPDATE _pass SET cursor = $4, token = $5, seq = $6::BIGINT, kinds = $7, removals = $8, gaps = $9
       WHERE step = $1 AND scope = $2 AND layer = $3::BIGINT`,
      saved,
    );
    if (changed !== 1)
      throw new StoreError(
        "pass-over",
        `the pass of ${this.#step} '${this.#scope}' was replaced by another`,
        "run one scan at a time",
      );
  }

  async finish(last?: Page): Promise<void> {
    const before = this.#staged;
    try {
      await this.#database.write(async (writer) => {
        this.#mustBeOpen();
        if (last !== undefined) this.#staged = await this.#stage(writer, last);
        const gaps = await this.#pendingGaps(writer);
        if (gaps.length === 0)
          return this.end(writer, this.mode === "full" ? "replace" : "merge", { state: "complete" });
        const renews = this.#gapsAreNodes && this.mode === "full" && gaps.every(({ scope }) => scope !== "");
        await this.end(writer, renews ? "renew" : "add", partial(gaps, this.#step, this.#scope));
      });
    } catch (error) {
      this.#staged = before;
      throw error;
    }
    this.#over = true;
  }

  async abandon(coverage: Omit<Coverage, "step" | "scope">): Promise<void> {
    await this.#database.write(async (writer) => {
      if (this.#staged.layer !== undefined) return this.end(writer, "add", { ...coverage, state: "partial" });
      this.#mustBeOpen();
      await saveCoverage(writer, { ...coverage, step: this.#step, scope: this.#scope }, this.#now());
    });
    this.#over = true;
  }

  async restart(): Promise<void> {
    await this.#database.write(async (writer) => {
      this.#mustBeOpen();
      await discardPass(writer, this.#step, this.#scope);
      await writer.run(
        `UPDATE _partition SET token = '${FORGOTTEN}' WHERE step = $1 AND scope = $2 AND token IS NOT NULL`,
        [this.#step, this.#scope],
      );
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
    const place = this.#place;
    const [known] = await writer.rows(
      "SELECT layer, kinds, token, fingerprint, observed_from FROM _partition WHERE step = $1 AND scope = $2",
      place,
    );
    const live = asLayer(known?.layer);
    const liveKinds = asKinds(known?.kinds);
    const replaces = ending === "replace" || ending === "renew";
    const base = replaces ? undefined : live;
    const kinds = new Set([...this.#staged.kinds, ...(base === undefined ? [] : liveKinds)]);
    const staged = this.#staged.layer;
    let records =
      staged !== undefined
        ? await this.#settle(writer, { staged, base, kinds, additive: ending === "add" })
        : base !== undefined
          ? await count(writer, base, kinds)
          : 0;
    for (const kind of ending === "renew" ? liveKinds.filter(isRelKind) : []) {
      records += await writer.run(keepLeading(kind, live!, staged!), [this.#step]);
      kinds.add(kind);
    }
    // Only where changes are told: a list without them is asked for as a whole, and names again who is back.
    const keeps =
      staged !== undefined &&
      this.#staged.token !== undefined &&
      liveKinds.includes("MEMBER_OF") &&
      outlives("MEMBER_OF", this.#step);
    if (keeps) kinds.add("MEMBER_OF");
    const layer = base ?? staged;
    const now = this.#now();
    const since = (ending === "replace" ? undefined : asText(known?.observed_from)) ?? this.#startedAt;
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
    if (replaces && live !== undefined) {
      // A list that can also tell changes is of those that others name as members; who is not in it is gone.
      if (staged !== undefined && this.#staged.token !== undefined)
        await writer.run(buryMissing(live, staged), place);
      if (keeps) {
        await writer.run(HIDDEN);
        await writer.run(keepHidden(live, staged));
      }
      await dropLayer(writer, live, liveKinds);
    }
    await this.#settleGaps(writer, keepGaps);
    if (this.#positioned) await writer.run("DELETE FROM _pass WHERE step = $1 AND scope = $2", place);
  }

  /** Folds the staged layer into the base, or within itself; returns how many records there are then. */
  async #settle(
    writer: Writer,
    {
      staged,
      base,
      kinds,
      additive,
    }: { staged: bigint; base: bigint | undefined; kinds: ReadonlySet<Kind>; additive: boolean },
  ): Promise<number> {
    if (this.#isImport && this.#staged.removals)
      await spellRemovals(writer, { step: this.#step, staged, base, kinds: this.#staged.kinds });
    const gone = this.#staged.removals && (await this.#collectGone(writer, staged));
    const touched = (kind: Kind): boolean => gone && !outlives(kind, this.#step);
    const counts = [...this.#staged.kinds].map(
      (kind) =>
        `SELECT '${kind}' AS kind, * FROM (${countRows(kind, staged, this.#staged.removals, touched(kind))})`,
    );
    const plain = new Map<unknown, number>();
    if (base === undefined && counts.length > 0)
      for (const row of await writer.rows(counts.join(" UNION ALL ")))
        if (row.plain === true) plain.set(row.kind, Number(row.n));
    let records = 0;
    for (const kind of kinds) {
      const rows = plain.get(kind);
      if (rows !== undefined) {
        records += rows;
        continue;
      }
      // Kinds that the pass did not write change only by the removal of their endpoints.
      const written = this.#staged.kinds.has(kind);
      const touching = touched(kind);
      if (written || (touching && !additive && isRelKind(kind)))
        for (const statement of fold(kind, { staged, base, additive, gone: touching }))
          await writer.run(statement);
      records += await count(writer, base ?? staged, [kind]);
    }
    // An import speaks for itself alone: what it takes back may stand elsewhere.
    if (gone && !additive && !this.#isImport) await writer.run(BURY, this.#place);
    if (this.#staged.removals) await writer.run("DROP TABLE _gone");
    return records;
  }

  async #collectGone(writer: Writer, staged: bigint): Promise<boolean> {
    await writer.run(GONE);
    for (const kind of this.#staged.kinds) if (isNodeKind(kind)) await writer.run(goneOf(kind, staged));
    return Number((await writer.rows("SELECT count(*) AS n FROM _gone"))[0]?.n) > 0;
  }

  /**
   * The token with which the next pass may start. After gaps it does not move: what the gap hid comes again. After a
   * full pass with gaps there is none: what it did not see must be looked at as a whole. That there was one is kept.
   */
  #tokenAfter(ending: Ending, token: string | undefined, fingerprint: string | undefined) {
    if (ending === "add")
      return this.mode === "delta"
        ? { token: token ?? null, fingerprint: fingerprint ?? null }
        : {
            token: (token ?? this.#staged.token) === undefined ? null : FORGOTTEN,
            fingerprint: this.#fingerprint,
          };
    if (ending === "renew")
      return {
        token: this.#staged.token === undefined ? null : FORGOTTEN,
        fingerprint: this.#fingerprint,
      };
    const kept = ending === "merge" ? token : undefined;
    return { token: this.#staged.token ?? kept ?? null, fingerprint: this.#fingerprint };
  }

  /** Gaps of the step itself. One that names another step or a part is coverage of that, and hides nothing here. */
  async #pendingGaps(writer: Writer): Promise<Coverage[]> {
    if (!this.#staged.gaps) return [];
    const rows = await writer.rows(
      `SELECT DISTINCT step, scope, state, reason, fix FROM _gap WHERE layer = $1::BIGINT AND step = $2
       ORDER BY step, scope, state, reason, fix`,
      [String(this.#staged.layer), this.#step],
    );
    return rows.map(coverageOf);
  }

  /** Gaps of the pass come into force. A pass that saw everything ends the earlier ones; another adds to them. */
  async #settleGaps(writer: Writer, keepGaps: boolean): Promise<void> {
    const mine = "owner_step = $1 AND owner_scope = $2";
    const place = this.#place;
    if (!keepGaps) await writer.run(`DELETE FROM _gap WHERE ${mine} AND layer IS NULL`, place);
    if (!this.#staged.gaps) return;
    const layer = String(this.#staged.layer);
    await writer.run(
      `DELETE FROM _gap WHERE ${mine} AND layer IS NULL
         AND (step, scope) IN (SELECT step, scope FROM _gap WHERE layer = $3::BIGINT)`,
      [...place, layer],
    );
    // A gap that is the partition itself has become its coverage. What a file states of itself outlives what follows from it.
    if (!this.#isImport)
      await writer.run("DELETE FROM _gap WHERE layer = $3::BIGINT AND step = $1 AND scope = $2", [
        ...place,
        layer,
      ]);
    await writer.run("UPDATE _gap SET layer = NULL WHERE layer = $1::BIGINT", [layer]);
  }

  #mustBeOpen(): void {
    if (this.#over)
      throw new StoreError(
        "pass-over",
        `the pass of ${this.#step} '${this.#scope}' has ended`,
        "begin another",
      );
  }
}

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
