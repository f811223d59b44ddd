/**
 * What every store must do. Each store runs it: the worlds of test/worlds and the saved queries give the same rows, in
 * the same order, as the embedded engine, which the oracle holds to the law (prove.test.ts).
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { answersOf } from "../src/app.ts";
import { loadQueries, type Query, runQuery } from "../src/ask/query.ts";
import type { Gap, GraphStore } from "../src/graph/store.ts";
import type { GraphMeta } from "../src/keep/meta.ts";
import { LIBRARY, LIBRARY_PARAMS } from "./library.ts";
import { fill, reachOf, Stage } from "./neo4j.ts";
import type { Put } from "./oracle/records.ts";
import { asLines } from "./oracle/tenants.ts";
import { everyoneJoins, hasGaps } from "./prove/compare.ts";
import { gapsIn } from "./prove/product.ts";
import { tenantsToTry } from "./prove/random.ts";
import { worldFiles } from "./prove/world.ts";

/** Random tenants that are compared; a search for differences takes more. */
const TENANTS = Number(process.env.FOREREACH_TENANTS ?? "25");
/** Agents for groups that everyone is in are for the people of all worlds in one graph: a world of many would take minutes. */
const FOR_EVERYONE = 5;

/** Opens the store of a stage. `own`: it derives by itself, not by the reference that it is given. */
type Open = (stage: Stage, reference: GraphStore) => Promise<GraphStore>;

/** Returns the store of its tests, for more of them behind these. */
export function storeContract(open: Open, { own = true }: { own?: boolean } = {}): () => GraphStore {
  // One of each for all tests. Each embedded engine reserves terabytes of addresses, and a server plans every statement
  // anew for a new store, which takes longer than all else here.
  const stage = new Stage();
  let store: GraphStore;
  let reference: GraphStore;
  beforeAll(async () => {
    reference = await stage.embedded();
    store = await open(stage, reference);
  });
  afterAll(() => stage.end());
  const both = async (lines: readonly string[], gaps: readonly Gap[] = []) => {
    await fill(store, lines, stage, gaps);
    if (own) await fill(reference, lines, stage, gaps);
    return { rows: await reachOf(store), expected: await reachOf(reference) };
  };

  describe("reach is that of the embedded engine", () => {
    // All at once, since they share nothing but 'everyone'; each on its own would take a minute more a world. A graph without
    // gaps is another test than one with some.
    const worlds = worldFiles()
      .map(({ world }) => world.records)
      .filter(
        (one) => !(everyoneJoins(one) && one.filter(({ kind }) => kind === "MAY_USE").length > FOR_EVERYONE),
      );
    const drawn = tenantsToTry(TENANTS, 7);
    const split = (some: readonly (readonly Put[])[]) => [
      some.filter((one) => !hasGaps(one)),
      some.filter(hasGaps),
    ];
    test.each([
      ...split(worlds).map((some) => ({ what: "worlds of test/worlds", some })),
      ...split(drawn).map((some) => ({ what: "random tenants", some })),
    ])("of $some.length $what in one graph", { timeout: 600_000 }, async ({ some }) => {
      const records = some.flat();
      const { rows, expected } = await both(asLines(records), gapsIn(records));
      expect(rows.length).toBeGreaterThan(some.length);
      expect(rows).toEqual(expected);
    });
  });

  describe("every saved query returns the rows of the embedded engine, in its order", async () => {
    beforeAll(async () => {
      const gaps: Gap[] = [{ step: "azure.blobs", scope: "/sub2/acct", state: "denied", hides: "both" }];
      await both(LIBRARY, gaps);
    });
    const ask = (one: GraphStore, query: Query) => {
      const names = [...Object.keys(query.params), ...query.required.map(({ name }) => name)];
      const own = Object.entries(LIBRARY_PARAMS).filter(([name]) => names.includes(name));
      return runQuery((text, params) => one.query(text, params), query, Object.fromEntries(own));
    };
    test.each(await loadQueries())("$id", async (query) => {
      const rows = await ask(store, query);
      // A query that finds nothing here would be compared with nothing.
      expect(rows.length).toBeGreaterThan(0);
      expect(rows).toEqual(await ask(reference, query));
    });
    test.each(
      (await loadQueries()).flatMap((query) =>
        query.required.flatMap(({ name, kind }) => (kind === undefined ? [] : { id: query.id, name, query })),
      ),
    )("$id about a $name that is not there is refused", async ({ name, query }) => {
      const asked = runQuery((text, params) => store.query(text, params), query, { [name]: "nosuch" });
      await expect(asked).rejects.toMatchObject({ code: "not-found" });
    });
    test("an agent of two modes counts by the wider one", async () => {
      const meta = { time: "2026-01-01T00:00:00Z", coverage: [] as GraphMeta["coverage"] } as GraphMeta;
      const answers = answersOf({ store, meta, folder: "", published: true });
      const { ranked } = await answers.ranking({});
      const saved = (await loadQueries()).find(({ id }) => id === "agents-by-readable-items")!;
      const rows = await store.query(saved.text, saved.params);
      const counts = { items: 17, sensitive: 17, unlabeled_sensitive: 4 };
      const { sensitive, unlabeled_sensitive: unlabeledSensitive, items } = counts;
      expect(ranked.find(({ id }) => id === "a-lab")).toMatchObject({ sensitive, unlabeledSensitive, items });
      expect(rows.find((row) => row.agent === "a-lab")).toMatchObject(counts);
    });
  });

  test("a graph is replaced as a whole, by a larger one and by a smaller one", async () => {
    const all = worldFiles();
    const named = (name: string) => all.find(({ file }) => file === `${name}.yaml`)!.world.records;
    const [small, large] = [named("control-then-membership"), named("witness-of-a-latent-row")];
    for (const records of [small, large, small]) {
      const { rows, expected } = await both(asLines(records));
      expect(rows).toEqual(expected);
      const nodes = "MATCH (p:Principal) RETURN p.id AS id ORDER BY id";
      expect(await store.query(nodes)).toEqual(await reference.query(nodes));
    }
  });

  test("a query that the engine does not take is an error, and the store goes on", async () => {
    await expect(store.query("MATCH (a:Agent RETURN a")).rejects.toMatchObject({ code: "query-failed" });
    expect(await store.query("RETURN 1 AS one")).toEqual([{ one: 1 }]);
  });

  test("deriving without a graph, and changing it in place, are refused", async () => {
    const derived = async () => {
      for await (const _ of store.derive([]));
    };
    await expect(derived()).rejects.toMatchObject({ code: "not-rebuilt" });
    await expect(store.update((async function* () {})())).rejects.toMatchObject({ code: "rebuild-only" });
  });
  return () => store;
}
