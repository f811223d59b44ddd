/**
 * Small tenants in one graph: to build one takes longer than all that is asked of it. Each gets ids of its own, and is answered
 * of itself alone, in the ids that it was written with. What is said of a tenant as a whole (a gap of no place, a label that
 * guards anywhere) needs a graph of its own.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import type { Gap, GraphStore } from "../src/graph/store.ts";
import { openEmbeddedStore } from "../src/graph/store-embedded.ts";
import type { Params, Row } from "../src/model.ts";
import { EVERYONE, type Put, type Value } from "./oracle/records.ts";
import { TIME } from "./oracle/tenants.ts";
import { exported, POOL, RULES } from "./prove/product.ts";

/** Ids that mean the same in every tenant, and no id at all. */
const SHARED: readonly string[] = [EVERYONE, "everyone-except-external", "*"];
/** Properties that hold ids. */
const IDS: readonly string[] = ["together", "excluded", "appId"];
const ANY_PREFIX = /\bbeside\d+:/g;

/** A relationship; its ends are pairs of kind and id. */
export const rel = (
  kind: string,
  from: readonly [string, string],
  to: readonly [string, string],
  props = {},
): Put => ({ kind, from: { kind: from[0], id: from[1] }, to: { kind: to[0], id: to[1] }, props });

export class SideBySide {
  readonly #records: Put[] = [];
  readonly #gaps: Gap[] = [];
  #count = 0;
  #folder: string | undefined;
  #graph: GraphStore | undefined;

  /**
   * Makes the graph before the tests of this file or `describe`, and removes it after them. `everywhere`: what was not read of
   * any of the tenants.
   */
  constructor(everywhere: readonly Gap[] = []) {
    this.#gaps.push(...everywhere);
    beforeAll(() => this.#open(), 600_000);
    afterAll(async () => {
      await this.#graph?.close();
      if (this.#folder !== undefined) await rm(this.#folder, { recursive: true });
    });
  }

  /** Before tests run: puts a tenant beside the others. Gaps are of places. */
  add(records: readonly Put[], gaps: readonly Gap[] = []): Beside {
    if (gaps.some(({ scope }) => scope === "")) throw new Error("a gap of no place is one of all tenants");
    const query: GraphStore["query"] = (cypher, params) => {
      if (this.#graph === undefined) throw new Error("the graph is there only while tests run");
      return this.#graph.query(cypher, params);
    };
    const one = new Beside(`beside${this.#count++}:`, records, query);
    this.#records.push(...one.records);
    this.#gaps.push(...gaps.map((gap) => ({ ...gap, scope: one.id(gap.scope) })));
    return one;
  }

  async #open(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), "beside-"));
    const graph = openEmbeddedStore({ folder: this.#folder, pool: POOL });
    await exported(
      this.#records,
      () => {},
      async (tables) => {
        await graph.rebuild({ snapshot: "world", time: TIME, gaps: this.#gaps, tables });
        for await (const _ of graph.derive(RULES));
      },
    );
    this.#graph = graph;
  }
}

/** One tenant among others. */
export class Beside {
  /** With the ids that they have in the graph. */
  readonly records: readonly Put[];
  /** Of the whole graph, with the ids in it. */
  readonly query: GraphStore["query"];
  readonly #prefix: string;

  constructor(prefix: string, records: readonly Put[], query: GraphStore["query"]) {
    this.#prefix = prefix;
    this.query = query;
    this.records = records.map((put) => this.#renamed(put));
  }

  /** An id as it is in the graph. */
  id(bare: string): string {
    return SHARED.includes(bare) ? bare : `${this.#prefix}${bare}`;
  }
  /** The same with the ids that the tenant was written with. */
  bare<T>(value: T): T {
    return JSON.parse(JSON.stringify(value).replaceAll(this.#prefix, "")) as T;
  }
  /** Whether these are about this tenant, and about no other. What everyone holds elsewhere others hold, too. */
  owns = (value: unknown): boolean => {
    const met = JSON.stringify(value).match(ANY_PREFIX) ?? [];
    return met.length > 0 && met.every((prefix) => prefix === this.#prefix);
  };
  /** Rows about this tenant, which must name one of its ids, with the ids that it was written with. */
  async rows(cypher: string, params?: Params): Promise<Row[]> {
    return this.bare((await this.query(cypher, params)).filter((row) => this.owns(row)));
  }

  #renamed(put: Put): Put {
    const props = Object.fromEntries(
      Object.entries(put.props ?? {}).map(([name, value]): [string, Value] => {
        if (!IDS.includes(name)) return [name, value];
        return [name, Array.isArray(value) ? value.map((id) => this.id(id)) : this.id(String(value))];
      }),
    );
    return "from" in put
      ? {
          ...{ kind: put.kind, props },
          from: { ...put.from, id: this.id(put.from.id) },
          to: { ...put.to, id: this.id(put.to.id) },
        }
      : { kind: put.kind, id: this.id(put.id), props };
  }
}
