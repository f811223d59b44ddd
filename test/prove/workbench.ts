/**
 * Many tenants loaded once into the embedded engine, to run rules on them over and over: as they are, to see what each
 * statement finds, and with one clause broken, to see whether anything notices.
 */
import { join } from "node:path";
import { type RuleTarget, runRule } from "../../src/graph/derive.ts";
import { loadGaps } from "../../src/graph/derive-embedded.ts";
import { type EngineConnection, openEngine } from "../../src/graph/engine.ts";
import {
  derivedColumns,
  derivedCopy,
  derivedDdl,
  embeddedCopy,
  embeddedDdl,
} from "../../src/graph/generate.ts";
import type { Rule } from "../../src/graph/rules.ts";
import type { GraphTable } from "../../src/keep/inventory.ts";
import type { Row } from "../../src/model.ts";
import {
  DERIVED,
  DERIVED_NODE_KINDS,
  DERIVED_REL_KINDS,
  type DerivedKind,
  isDerivedNode,
  isNodeKind,
} from "../../src/schema.ts";
import type { OracleRow } from "../oracle/evaluate.ts";
import { type Put, UNREAD } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { withNames } from "./clauses.ts";
import { byPrefix, prefixOf } from "./compare.ts";
import { ParquetWriter } from "./parquet.ts";
import { expandRows, exported, type GraphRows, gapsIn, POOL, RULES, readRows } from "./product.ts";

/** What a bench on which `keep` has run is to another process, as long as it is lent out. Plain data. */
export interface Kept {
  tables: readonly GraphTable[];
  folder: string;
  sizes: readonly number[];
}

/** A rule that still finds rows after so many rounds will not end: the deepest world has lists that come down 70 places. */
const MOST_ROUNDS = 80;
/** A broken rule that multiplies rows is stopped here: so many times the rows that it should find, and some. */
const MOST_ROWS = { times: 20, plus: 20_000 };

/** Rules in the order in which a store runs them: first what is the same for all agents. */
const inOrder = (rules: readonly Rule[]): Rule[] => [
  ...rules.filter(({ per }) => per !== "agents"),
  ...rules.filter(({ per }) => per === "agents"),
];

/** All statements of a rule, in order; the last may be the recursive one. */
export const statementsOf = (rule: Rule): string[] => [...rule.first, ...rule.again].map(({ text }) => text);

export class Workbench {
  readonly rules = inOrder(RULES);
  readonly #records: ReadonlyMap<string, readonly Put[]>;
  readonly #engine: EngineConnection;
  readonly #tables: readonly GraphTable[];
  readonly #folder: string;
  #files = 0;
  /** Rows of the kind of each rule after it. */
  #sizes: number[] = [];
  /** Kinds of the rules from here on are as they are before the rule here, but for those touched. */
  #at = 0;
  /** Kinds that may not be as they were before the rule at which the bench stands. */
  #touched = new Set<DerivedKind>();
  /** Rows of a kind, as far as they are known: most statements ask, and asking takes longer than small rules do. */
  readonly #counts = new Map<string, number>();
  readonly #parquet: ParquetWriter;

  private constructor(
    records: readonly Put[],
    engine: EngineConnection,
    { tables, folder }: Omit<Kept, "sizes">,
    parquet: ParquetWriter,
  ) {
    const grouped = new Map<string, Put[]>();
    for (const put of records) {
      const ids = "from" in put ? [put.from.id, put.to.id] : [put.id];
      const tenant = ids.map(prefixOf).find((prefix) => prefix !== "") ?? "";
      const own = grouped.get(tenant) ?? [];
      grouped.set(tenant, own);
      own.push(put);
    }
    this.#records = grouped;
    this.#parquet = parquet;
    this.#engine = engine;
    this.#tables = tables;
    this.#folder = folder;
  }

  /** Loads records and lends the bench out. */
  static async use<T>(records: readonly Put[], work: (bench: Workbench) => Promise<T>): Promise<T> {
    return exported(
      records,
      () => {},
      (tables, folder) => Workbench.#open(records, { tables, folder }, work),
    );
  }

  /** A second bench beside one on which `keep` has run: it can go back to any rule at once. */
  static async beside<T>(
    records: readonly Put[],
    kept: Kept,
    work: (bench: Workbench) => Promise<T>,
  ): Promise<T> {
    return Workbench.#open(records, kept, (bench) => {
      bench.#sizes = [...kept.sizes];
      bench.#touched = new Set(KINDS);
      return work(bench);
    });
  }

  static async #open<T>(
    records: readonly Put[],
    from: Omit<Kept, "sizes">,
    work: (bench: Workbench) => Promise<T>,
  ): Promise<T> {
    const engine = await openEngine({ path: ":memory:", pool: POOL });
    const parquet = await ParquetWriter.open();
    try {
      await engine.together([...embeddedDdl(), ...derivedDdl(ALL_KINDS)]);
      for (const table of from.tables) await engine.run(embeddedCopy(table));
      await loadGaps(engine, gapsIn(records), join(from.folder, `gaps-${process.pid}`));
      return await work(new Workbench(records, engine, from, parquet));
    } finally {
      parquet.close();
      await engine.close();
    }
  }

  /** After `keep`: what `beside` needs. */
  get kept(): Kept {
    return { tables: this.#tables, folder: this.#folder, sizes: this.#sizes };
  }

  raw(): Promise<GraphRows> {
    return readRows((cypher) => this.#engine.run(cypher));
  }
  /** Rows of one tenant as the oracle has them. Throws where a path leads nowhere. */
  expanded(raw: GraphRows, tenant: string): OracleRow[] {
    const own = ({ agent }: { agent: string }): boolean => prefixOf(agent) === tenant;
    // What everyone holds elsewhere, agents of this tenant hold too: that is of somebody else's records.
    const here = (scope: string): boolean =>
      /^unknown:(mcp|agent):/.test(scope) || prefixOf(scope) === tenant;
    const rows = expandRows(
      {
        ...raw,
        rows: raw.rows.filter((row) => own(row) && here(row.scope)),
        holdings: raw.holdings.filter(own),
        grants: raw.grants.filter(({ scope }) => here(scope)),
      },
      this.#records.get(tenant) ?? [],
    );
    return byPrefix(rows).get(tenant) ?? [];
  }

  /** Runs all rules. `onRows` hears what each statement yields, in every round of a recursive one. */
  async run(onRows?: (rule: Rule, statement: number, rows: readonly Row[]) => void): Promise<void> {
    for (const rule of this.rules) {
      const target = this.#target();
      if (onRows === undefined) await this.#runRule(rule, target);
      else
        await this.#runRule(rule, {
          ...target,
          write: async (kind, text) => {
            onRows(rule, statementOf(rule, text), await this.#engine.run(withNames(text)));
            return target.write(kind, text);
          },
        });
    }
  }

  /** Runs all rules and keeps what each leaves behind, so that the bench can go back to any of them. */
  async keep(): Promise<void> {
    for (const [index, rule] of this.rules.entries()) {
      await this.#runRule(rule, this.#target());
      await this.#engine.run(`COPY (${all(rule.derives)}) TO '${this.#file(index)}'`);
      this.#sizes[index] = await this.#target().count(rule.derives);
    }
    this.#touched = new Set(KINDS);
  }

  /** Back to where the rule at this place has not run yet. */
  async rewind(at: number): Promise<void> {
    const later = this.rules.slice(Math.min(at, this.#at)).map((rule) => rule.derives);
    this.#at = at;
    await this.#restore(
      at,
      KINDS.filter((kind) => this.#touched.has(kind) || later.includes(kind)),
    );
    this.#touched = new Set();
  }

  /**
   * Runs the rule at this place. `instead` gets what it derives and says what is put there: of each statement (0 is the
   * first), or, where a rule reads itself, all that its kind then holds.
   */
  async step(
    at: number,
    instead?: (lines: readonly string[], statement: number) => readonly string[],
  ): Promise<void> {
    const rule = this.rules[at]!;
    this.#touched.add(rule.derives);
    if (instead === undefined) {
      await this.#runRule(rule, this.#target());
    } else if (readsItself(rule)) {
      await this.#runRule(rule, this.#target());
      await this.load(at, instead((await this.#engine.run(all(rule.derives))).map(lineOf), 0));
    } else {
      const lines: string[] = [];
      for (const statement of rule.first.keys()) {
        const found = await this.yields(at, rule, statement);
        if (found !== undefined) lines.push(...instead(found, statement));
      }
      await this.load(at, lines);
    }
  }

  /** Ids that a row of a rule starts with. */
  endsOf = ({ derives }: Rule): number => (isDerivedNode(derives) ? 1 : 2);

  /**
   * After `rewind`: these rows are what the rule at this place derives, or, where it reads itself, all that its kind
   * holds.
   */
  async load(at: number, lines: readonly string[]): Promise<void> {
    const kind = this.rules[at]!.derives;
    this.#touched.add(kind);
    if (readsItself(this.rules[at]!)) await this.#restore(0, [kind]);
    if (lines.length === 0) return;
    const file = this.#scratch("loaded");
    const names = await this.#parquet.write(kind, lines, file);
    this.#counts.delete(kind);
    await this.#engine.run(
      hasBooleans(kind) ? derivedCopy(kind, [file], names) : `COPY ${kind} FROM '${file}'`,
    );
  }

  /**
   * After `rewind`: the rows that a rule in place of the one at this place yields: those of one statement, if no
   * statement needs what another one found, or of all. Undefined if the statement does not run here. The bench is as
   * before.
   */
  async yields(at: number, rule: Rule, statement: number): Promise<string[] | undefined> {
    const { derives } = rule;
    const one = [...rule.first, ...rule.again][statement]!;
    const target = this.#target();
    if (!(await runs(target, rule.when, undefined)) || !(await runs(target, one.when, one.unless))) return;
    const most = MOST_ROWS.plus + MOST_ROWS.times * (this.#sizes[at] ?? 0);
    if (!readsItself(rule)) {
      let found: Row[] = [];
      const write = async (_: DerivedKind, text: string): Promise<number> => {
        found = await this.#engine.run(`${withNames(text)} LIMIT ${most + 1}`);
        return found.length;
      };
      await this.#runRule({ ...rule, first: [one], again: [] }, { ...target, write }, most);
      return found.map(lineOf);
    }
    try {
      await this.#runRule(rule, target, most);
      return (await this.#engine.run(all(derives))).map(lineOf);
    } finally {
      await this.#restore(at, [derives]);
    }
  }

  /** Nothing stands without its ends: what hangs on a node goes with it, and comes back with it. */
  async #restore(at: number, kinds: readonly DerivedKind[]): Promise<void> {
    const nodes: readonly string[] = kinds.filter(isDerivedNode);
    const hangs = (kind: DerivedKind): boolean =>
      !isDerivedNode(kind) && (nodes.includes(DERIVED[kind].from) || nodes.includes(DERIVED[kind].to));
    const gone = KINDS.filter((kind) => kinds.includes(kind) || hangs(kind));
    for (const kind of gone) this.#counts.delete(kind);
    for (const kind of gone.toReversed()) await this.#engine.run(`DROP TABLE ${kind}`);
    for (const ddl of derivedDdl(gone)) await this.#engine.run(ddl);
    for (const kind of gone) {
      const last = this.rules.slice(0, at).findLastIndex((rule) => rule.derives === kind);
      if (last >= 0) await this.#engine.run(`COPY ${kind} FROM '${this.#file(last)}'`);
    }
  }

  /** Rules compute with numbers; where a kind has booleans they go through a file, as in the store. */
  async #write(kind: DerivedKind, text: string): Promise<void> {
    if (!hasBooleans(kind)) {
      await this.#engine.run(`COPY ${kind} FROM (${text})`);
      return;
    }
    const file = this.#scratch("derived");
    await this.#engine.run(`COPY (${text}) TO '${file}'`);
    const [first] = await this.#engine.run(`LOAD FROM '${file}' RETURN * LIMIT 1`);
    if (first !== undefined) await this.#engine.run(derivedCopy(kind, [file], Object.keys(first)));
  }

  /** A new file; other processes have theirs in the same folder. */
  #scratch(name: string): string {
    return join(this.#folder, `${name}-${process.pid}-${this.#files++}.parquet`);
  }
  /** What the kind of a rule holds after it. */
  #file(at: number): string {
    return join(this.#folder, `kept-${at}.parquet`);
  }

  #runRule(rule: Rule, target: RuleTarget, most = Number.POSITIVE_INFINITY): Promise<number> {
    let rounds = 0;
    return runRule(
      rule,
      {
        ...target,
        write: async (kind, text) => {
          rounds += 1;
          if (rounds > MOST_ROUNDS) throw new Endless(`${rule.id} does not end`);
          const rows = await target.write(kind, text);
          if (rows > most) throw new Endless(`${rule.id} multiplies rows`);
          return rows;
        },
      },
      { time: TIME, from: "", to: "~" },
    );
  }

  #target(): RuleTarget {
    const number = async (cypher: string) => Number((await this.#engine.run(cypher))[0]?.n ?? 0);
    const isNode = (kind: string) => isDerivedNode(kind) || isNodeKind(kind) || kind === UNREAD;
    const count = async (kind: string) => {
      const rows =
        this.#counts.get(kind) ??
        (await number(`MATCH ${isNode(kind) ? `(r:${kind})` : `()-[r:${kind}]->()`} RETURN count(*) AS n`));
      this.#counts.set(kind, rows);
      return rows;
    };
    return {
      count,
      write: async (kind, text) => {
        const before = await count(kind);
        this.#counts.delete(kind);
        await this.#write(kind, text);
        return (await count(kind)) - before;
      },
      deepest: (kind) => number(`MATCH ()-[r:${kind}]->() RETURN max(r.level) AS n`),
    };
  }
}

/** A broken rule that does not come to an end. */
export class Endless extends Error {}

/** Nodes before what stands between them. */
const ALL_KINDS: readonly DerivedKind[] = [...DERIVED_NODE_KINDS, ...DERIVED_REL_KINDS];
/** All that rules derive; what the inventory counts stays as it was loaded. */
const KINDS = ALL_KINDS.filter((kind) => RULES.some(({ derives }) => derives === kind));

/** Everything that a derived kind holds, ids first, as its file has it. */
function all(kind: DerivedKind): string {
  const columns = derivedColumns(kind).map(({ name }) => `r.\`${name}\``);
  if (isDerivedNode(kind)) return `MATCH (r:${kind}) RETURN ${["r.id", ...columns].join(", ")}`;
  const { from, to } = DERIVED[kind];
  return `MATCH (f:${from})-[r:${kind}]->(t:${to}) RETURN ${["f.id", "t.id", ...columns].join(", ")}`;
}

const hasBooleans = (kind: DerivedKind): boolean => derivedColumns(kind).some(({ type }) => type === "bool");

/** A row as one text, the way rules write it: 1 and 0 for booleans. */
const lineOf = (row: Row): string =>
  JSON.stringify(Object.values(row).map((value) => (typeof value === "boolean" ? Number(value) : value)));

/** True if what a statement finds may depend on what another one of the rule found. */
export const readsItself = ({ derives, first, again }: Rule): boolean =>
  again.length > 0 ||
  first.some(
    ({ text, when, unless }) => [when, unless].includes(derives) || new RegExp(`:${derives}\\b`).test(text),
  );

const runs = async (
  { count }: RuleTarget,
  when: string | undefined,
  unless: string | undefined,
): Promise<boolean> =>
  (when === undefined || (await count(when)) > 0) && (unless === undefined || (await count(unless)) === 0);

/** Which statement of a rule this text is, after its bounds were filled in. */
function statementOf(rule: Rule, filled: string): number {
  const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return statementsOf(rule).findIndex((text) =>
    new RegExp(
      `^${text
        .split(/\$(?:level|time|from|to)\b/)
        .map(escaped)
        .join("\\S*?")}$`,
    ).test(filled),
  );
}
