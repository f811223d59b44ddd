/**
 * Many tenants loaded once into the embedded engine, to run rules on them over and over: as they are, to see what each
 * statement finds, and with one clause broken, to see whether anything notices.
 */
import { join } from "node:path";
import { type RuleTarget, runRule } from "../../src/graph/derive.ts";
import { type EngineConnection, openEngine } from "../../src/graph/engine.ts";
import {
  derivedColumns,
  derivedCopy,
  derivedDdl,
  embeddedCopy,
  embeddedDdl,
} from "../../src/graph/generate.ts";
import type { Rule } from "../../src/graph/rules.ts";
import type { Row } from "../../src/model.ts";
import {
  DERIVED,
  DERIVED_NODE_KINDS,
  DERIVED_REL_KINDS,
  type DerivedKind,
  isDerivedNode,
} from "../../src/schema.ts";
import type { OracleRow } from "../oracle/evaluate.ts";
import { compareBytes, type Put } from "../oracle/records.ts";
import { TIME } from "../oracle/tenants.ts";
import { exported, POOL, RULES, rowsOf } from "./product.ts";

/** A scope of which it was not read what could take access away. */
export interface Unread {
  scope: string;
  step: string;
}

/** A rule that still finds rows after so many rounds will not end. */
const MOST_ROUNDS = 60;
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
  readonly #records: readonly Put[];
  readonly #engine: EngineConnection;
  readonly #folder: string;
  #files = 0;
  /** What each kind holds after all rules: its rows as one text, and a file to load them from. */
  readonly #kept = new Map<DerivedKind, { content: string; rows: number }>();

  private constructor(records: readonly Put[], engine: EngineConnection, folder: string) {
    this.#records = records;
    this.#engine = engine;
    this.#folder = folder;
  }

  /** Loads records and lends the bench out. */
  static async use<T>(
    records: readonly Put[],
    unread: readonly Unread[],
    work: (bench: Workbench) => Promise<T>,
  ): Promise<T> {
    return exported(
      records,
      () => {},
      async (tables, folder) => {
        const engine = await openEngine({ path: ":memory:", pool: POOL });
        try {
          for (const ddl of [...embeddedDdl(), ...derivedDdl(KINDS)]) await engine.run(ddl);
          for (const table of tables) await engine.run(embeddedCopy(table));
          // As the store fills them from gaps of coverage.
          await engine.run(
            "CREATE NODE TABLE Unread(id STRING PRIMARY KEY, step STRING, rank INT64, denies INT64)",
          );
          await engine.run("CREATE REL TABLE CONCERNS(FROM Unread TO Scope)");
          for (const [index, { scope, step }] of unread.entries())
            await engine.run(
              `MATCH (s:Scope) WHERE s.id = $scope
               CREATE (:Unread {id: $id, step: $step, rank: 5, denies: 1})-[:CONCERNS]->(s)`,
              { scope, step, id: String(index) },
            );
          return await work(new Workbench(records, engine, folder));
        } finally {
          await engine.close();
        }
      },
    );
  }

  rows(): Promise<OracleRow[]> {
    return rowsOf((cypher) => this.#engine.run(cypher), this.#records);
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
            onRows(rule, statementOf(rule, text), await this.#engine.run(text));
            return target.write(kind, text);
          },
        });
    }
  }

  /** After `run`: keeps what all kinds hold, so that broken rules can be compared and undone. */
  async keep(): Promise<void> {
    for (const kind of new Set(this.rules.map((rule) => rule.derives))) {
      const rows = await this.#content(kind);
      this.#kept.set(kind, { content: rows.join("\n"), rows: rows.length });
      await this.#engine.run(`COPY (${all(kind)}) TO '${this.#file(kind)}'`);
    }
  }

  /**
   * Rows with this rule in place of the one of the same id; undefined if what it derives is the same, so that nothing
   * can notice. Afterwards the bench is as it was. Throws what the engine throws, and Endless.
   */
  async withRule(broken: Rule): Promise<OracleRow[] | undefined> {
    const rules = this.rules.map((rule) => (rule.id === broken.id ? broken : rule));
    const affected = affectedBy(broken.derives, rules);
    const touched = new Set<DerivedKind>();
    try {
      for (const [index, rule] of rules.entries()) {
        const kind = rule.derives;
        if (!affected.has(kind)) continue;
        // Nothing stands without its ends: what hangs on a node goes with it, and comes back with it.
        if (!touched.has(kind)) await this.#renew(isDerivedNode(kind) ? [...affected] : [kind]);
        for (const one of isDerivedNode(kind) ? affected : [kind]) touched.add(one);
        await this.#runRule(rule, this.#target());
        const last = !rules.slice(index + 1).some((one) => one.derives === kind);
        if (last && kind === broken.derives)
          if ((await this.#content(kind)).join("\n") === this.#kept.get(kind)!.content) return undefined;
      }
      return await this.rows();
    } finally {
      await this.#renew([...touched]);
      for (const kind of KINDS.filter((one) => touched.has(one)))
        await this.#engine.run(`COPY ${kind} FROM '${this.#file(kind)}'`);
    }
  }

  /** Rules compute with numbers; where a kind has booleans they go through a file, as in the store. */
  async #write(kind: DerivedKind, text: string): Promise<void> {
    if (!derivedColumns(kind).some(({ type }) => type === "bool")) {
      await this.#engine.run(`COPY ${kind} FROM (${text})`);
      return;
    }
    const file = join(this.#folder, `derived-${this.#files++}.parquet`);
    await this.#engine.run(`COPY (${text}) TO '${file}'`);
    const [first] = await this.#engine.run(`LOAD FROM '${file}' RETURN * LIMIT 1`);
    if (first !== undefined) await this.#engine.run(derivedCopy(kind, [file], Object.keys(first)));
  }

  #file(kind: DerivedKind): string {
    return join(this.#folder, `kept-${kind}.parquet`);
  }
  async #renew(kinds: readonly DerivedKind[]): Promise<void> {
    for (const kind of KINDS.filter((one) => kinds.includes(one)).toReversed())
      await this.#engine.run(`DROP TABLE ${kind}`);
    for (const ddl of derivedDdl(kinds)) await this.#engine.run(ddl);
  }
  async #content(kind: DerivedKind): Promise<string[]> {
    return (await this.#engine.run(all(kind))).map((row) => JSON.stringify(row)).sort(compareBytes);
  }

  #runRule(rule: Rule, target: RuleTarget): Promise<number> {
    let rounds = 0;
    return runRule(
      rule,
      {
        ...target,
        write: async (kind, text) => {
          rounds += 1;
          if (rounds > MOST_ROUNDS) throw new Endless(`${rule.id} does not end`);
          const rows = await target.write(kind, text);
          const kept = this.#kept.get(kind)?.rows ?? Number.POSITIVE_INFINITY;
          if (rows > kept * MOST_ROWS.times + MOST_ROWS.plus) throw new Endless(`${rule.id} multiplies rows`);
          return rows;
        },
      },
      { time: TIME, from: "", to: "~" },
    );
  }

  #target(): RuleTarget {
    const number = async (cypher: string) => Number((await this.#engine.run(cypher))[0]?.n ?? 0);
    const count = (kind: string) =>
      number(`MATCH ${isDerivedNode(kind) ? `(r:${kind})` : `()-[r:${kind}]->()`} RETURN count(*) AS n`);
    const known = new Map<DerivedKind, number>();
    return {
      count,
      write: async (kind, text) => {
        const before = known.get(kind) ?? (await count(kind));
        await this.#write(kind, text);
        const after = await count(kind);
        known.set(kind, after);
        return after - before;
      },
      deepest: (kind) => number(`MATCH ()-[r:${kind}]->() RETURN max(r.level) AS n`),
    };
  }
}

/** A broken rule that does not come to an end. */
export class Endless extends Error {}

/** All that rules derive, nodes before what stands between them. */
const KINDS: readonly DerivedKind[] = [...DERIVED_NODE_KINDS, ...DERIVED_REL_KINDS];

/** Everything that a derived kind holds, ids first, as its file has it. */
function all(kind: DerivedKind): string {
  const columns = derivedColumns(kind).map(({ name }) => `r.\`${name}\``);
  if (isDerivedNode(kind)) return `MATCH (r:${kind}) RETURN ${["r.id", ...columns].join(", ")}`;
  const { from, to } = DERIVED[kind];
  return `MATCH (f:${from})-[r:${kind}]->(t:${to}) RETURN ${["f.id", "t.id", ...columns].join(", ")}`;
}

/** The kind, and all whose rows depend on it. */
function affectedBy(kind: DerivedKind, rules: readonly Rule[]): Set<DerivedKind> {
  const found = new Set([kind]);
  for (let size = 0; size < found.size; ) {
    size = found.size;
    for (const rule of rules) if (reads(rule, found)) found.add(rule.derives);
  }
  return found;
}

const reads = (rule: Rule, kinds: ReadonlySet<DerivedKind>): boolean =>
  [...kinds].some(
    (kind) =>
      rule.when === kind ||
      [...rule.first, ...rule.again].some(
        (statement) => statement.when === kind || new RegExp(`:${kind}\\b`).test(statement.text),
      ),
  );

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
