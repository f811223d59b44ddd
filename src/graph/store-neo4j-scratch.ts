/**
 * A graph of its own in Neo4j, in which the rules of queries/derive run to the same fixpoint. Its nodes and relationships
 * have names of their own, so that no reader and no publication meets them, and all of it goes when the store is closed.
 * The embedded engine derives faster, so publication uses that; this store shows that the rules mean the same on both.
 */
import { DuckDBInstance } from "@duckdb/node-api";
import { renameKinds, withRows } from "../ask/cypher-scope.ts";
import type { GraphTable } from "../keep/inventory.ts";
import { type Params, type Row, StoreError } from "../model.ts";
import {
  DERIVED,
  DERIVED_NODE_KINDS,
  DERIVED_REL_KINDS,
  isDerivedNode,
  NODE_KINDS,
  REL_KINDS,
} from "../schema.ts";
import { EVERYTHING, type RuleTarget, runRule } from "./derive.ts";
import { DIALECTS, derivedColumns } from "./generate.ts";
import { tenantLabel } from "./generate-neo4j.ts";
import type { Gap, GraphSource, GraphStore } from "./store.ts";
import { concerns, POLICIES_ON_PLACES, unreadNodes } from "./store-gaps.ts";
import { plainValue } from "./store-neo4j-difference.ts";
import { connectNeo4j, type Neo4jOptions, type Neo4jServerConnection } from "./store-neo4j-server.ts";

const BATCH = 2_000;
const KINDS: ReadonlySet<string> = new Set([
  ...[...NODE_KINDS, ...REL_KINDS, ...DERIVED_NODE_KINDS, ...DERIVED_REL_KINDS],
  ...["Unread", "CONCERNS"],
]);
const NODE_LIKE: readonly string[] = [...NODE_KINDS, ...DERIVED_NODE_KINDS, "Unread"];

/** Opens the store; nothing is asked before the first call. Throws StoreError. */
export function openNeo4jScratch(options: { server: Neo4jOptions; tenant: string }): GraphStore {
  const { quote } = DIALECTS.neo4j;
  const plain = `Scratch_${tenantLabel(options.tenant)}`;
  const base = quote(plain);
  const name = (kind: string): string => quote(`${plain}_${kind}`);
  const renamed = (text: string): string =>
    renameKinds(text, (kind) => (KINDS.has(kind) ? name(kind) : undefined));
  let opening: Promise<Neo4jServerConnection> | undefined;
  let source: GraphSource | undefined;
  const connection = () => {
    opening ??= connectNeo4j(options.server);
    return opening;
  };
  const read = async (cypher: string, params: Params = {}): Promise<Row[]> =>
    (await (await connection()).read(renamed(cypher), params)).rows;

  /** Rows of each kind. Most rules have nothing to do, and asking whether they have costs as much as a rule. */
  const counts = new Map<string, number>();
  const count = (kind: string): number => counts.get(kind) ?? 0;
  const create = async (kind: string, cypher: string, params: Params = {}): Promise<number> => {
    // A plan that was made stays: a level of a recursion has as many rows as all before it, and planning takes longer.
    const statement = `CYPHER replan=skip ${cypher} RETURN count(*) AS n`;
    const [row] = await (await connection()).write((run) => run(statement, params));
    counts.set(kind, count(kind) + Number(row?.n ?? 0));
    return Number(row?.n ?? 0);
  };
  const createNodes = async (kind: string, rows: readonly Row[]) => {
    for (const part of parts(rows))
      await create(kind, `UNWIND $rows AS row CREATE (n:${base}:${name(kind)}) SET n = row`, { rows: part });
  };
  const createRels = async (
    kind: string,
    ends: { from: string; to: string },
    rows: readonly { from: unknown; to: unknown; props: Row }[],
  ) => {
    for (const part of parts(rows))
      await create(
        kind,
        `UNWIND $rows AS row MATCH (f:${name(ends.from)} {id: row.from}) MATCH (t:${name(ends.to)} {id: row.to})
CREATE (f)-[r:${name(kind)}]->(t) SET r = row.props`,
        { rows: part },
      );
  };
  const clear = async () => {
    for (;;) {
      const [row] = await (await connection()).write((run) =>
        run(`MATCH (n:${base}) WITH n LIMIT ${BATCH} DETACH DELETE n RETURN count(*) AS n`),
      );
      if (Number(row?.n ?? 0) === 0) return;
    }
  };
  const index = (kind: string): string => quote(`${plain}_${kind}_id`);

  const target: RuleTarget = {
    count: async (kind) => count(kind),
    async deepest(kind) {
      const {
        rows: [row],
      } = await (await connection()).read(`MATCH ()-[r:${name(kind)}]->() RETURN max(r.level) AS n`);
      return Number(row?.n ?? 0);
    },
    async write(kind, statement) {
      // Rows stay on the server: sending them here and back costs more than finding them.
      const { text, columns } = withRows(statement);
      const ids = isDerivedNode(kind) ? 1 : 2;
      const props = derivedColumns(kind).map(
        ({ name: property, type }, at) =>
          `${quote(property)}: ${type === "bool" ? flag(columns[ids + at]!) : columns[ids + at]}`,
      );
      const map = (list: readonly string[]): string => `{${list.join(", ")}}`;
      if (isDerivedNode(kind))
        return create(
          kind,
          `${renamed(text)}\nCREATE (n_:${base}:${name(kind)} ${map([`id: ${columns[0]}`, ...props])})`,
        );
      const { from, to } = DERIVED[kind];
      return create(
        kind,
        `${renamed(text)}
MATCH (f_:${name(from)} {id: ${columns[0]}}) MATCH (t_:${name(to)} {id: ${columns[1]}})
CREATE (f_)-[:${name(kind)} ${map(props)}]->(t_)`,
      );
    },
  };

  return {
    async rebuild(next) {
      await clear();
      counts.clear();
      await (await connection()).schema([
        ...NODE_LIKE.map(
          (kind) => `CREATE INDEX ${index(kind)} IF NOT EXISTS FOR (n:${name(kind)}) ON (n.id)`,
        ),
        "CALL db.awaitIndexes(120)",
      ]);
      for (const table of next.tables) {
        const rows = await rowsOf(table);
        if (table.from === undefined || table.to === undefined) await createNodes(table.kind, rows);
        else
          await createRels(
            table.kind,
            { from: table.from, to: table.to },
            rows.map(({ from, to, ...props }) => ({ from, to, props })),
          );
      }
      await loadGaps(next.gaps);
      source = next;
    },

    async *derive(rules, seed) {
      if (source === undefined)
        throw new StoreError("not-rebuilt", "a graph is derived only right after it was rebuilt");
      const { time } = source;
      source = undefined;
      const slices =
        seed === undefined
          ? [EVERYTHING]
          : (
              await read("MATCH (a:Agent) WHERE a.id IN $ids RETURN a.code AS code", {
                ids: [...seed.agents],
              })
            ).map(({ code }) => ({ from: String(code), to: `${String(code)}~` }));
      const perAgent = rules.filter((rule) => rule.per === "agents");
      const shared = rules.filter((rule) => rule.per !== "agents");
      for (const [some, bounds] of [
        [shared, [EVERYTHING]],
        [perAgent, slices],
      ] as const)
        for (const slice of bounds)
          for (const rule of some) {
            const start = performance.now();
            const rows = await runRule(rule, target, { ...slice, time });
            yield { rule: rule.id, rows, ms: performance.now() - start };
          }
    },

    async update() {
      throw new StoreError("rebuild-only", "a scratch graph is rebuilt, not updated", "forereach scan");
    },

    query: read,

    async close() {
      if (opening === undefined) return;
      await clear();
      await (await connection()).schema(NODE_LIKE.map((kind) => `DROP INDEX ${index(kind)} IF EXISTS`));
      await (await connection()).close();
      opening = undefined;
    },
  };

  /** Gaps as nodes that rules follow, as in the embedded store: without a scope, those that hide denies concern roots. */
  async function loadGaps(gaps: readonly Gap[]): Promise<void> {
    if (gaps.length === 0) return;
    const roots = (
      await read("MATCH (s:Scope) WHERE NOT EXISTS { (s)-[:WITHIN]->(:Scope) } RETURN s.id AS id")
    ).map(({ id }) => String(id));
    const guarded = Number((await read(POLICIES_ON_PLACES))[0]?.n ?? 0) > 0;
    const asked = { ids: [...new Set(gaps.map(({ scope }) => scope))] };
    const known = async (kind: "Scope" | "Principal") =>
      new Set(
        (await read(`MATCH (n:${kind}) WHERE n.id IN $ids RETURN n.id AS id`, asked)).map(({ id }) =>
          String(id),
        ),
      );
    const scopes = { places: await known("Scope"), principals: await known("Principal") };
    await createNodes("Unread", unreadNodes(gaps));
    await createRels(
      "CONCERNS",
      { from: "Unread", to: "Scope" },
      concerns(gaps, roots, guarded, scopes).map(({ unread, scope }) => ({
        from: unread,
        to: scope,
        props: {},
      })),
    );
  }
}

/** Rules count with 1, 0 and NULL where a property is a boolean. */
const flag = (column: string): string =>
  `CASE WHEN ${column} IS NULL THEN null ELSE ${column} = true OR ${column} = 1 END`;

function* parts<T>(rows: readonly T[]): Generator<readonly T[]> {
  for (let at = 0; at < rows.length; at += BATCH) yield rows.slice(at, at + BATCH);
}

async function rowsOf(table: GraphTable): Promise<Row[]> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  try {
    const reader = await connection.runAndReadAll(
      `SELECT * FROM read_parquet(${DIALECTS.duckdb.text(table.file)})`,
    );
    const names = reader.columnNames();
    return reader
      .getRows()
      .map((values) => Object.fromEntries(names.map((column, at) => [column, plainValue(values[at]!)])));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}
