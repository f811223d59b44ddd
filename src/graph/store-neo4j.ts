/**
 * The graph in Neo4j. The embedded engine derives, which is cheaper by far; the server receives what changed. Several
 * tenants, and whatever others keep there, share a database: a query sees the nodes of its own tenant.
 */

import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { withLabel } from "../ask/cypher-scope.ts";
import { ConfigError, type Params, StoreError } from "../model.ts";
import { DERIVED, type DerivedRel, PUBLISHED_KINDS } from "../schema.ts";
import { DIALECTS, derivedColumns } from "./generate.ts";
import { tableName, tenantLabel } from "./generate-neo4j.ts";
import type { GraphSource, GraphStore } from "./store.ts";
import {
  lastPublication,
  localBookmarks,
  type Publication,
  type Published,
  publish,
  readPublication,
} from "./store-neo4j-publish.ts";
import {
  type Answer,
  connectNeo4j,
  type Neo4jOptions,
  type Neo4jServerConnection,
  type QueryLimits,
} from "./store-neo4j-server.ts";

export interface Neo4jStoreOptions {
  server: Neo4jOptions;
  tenant: string;
  /** Folder of the last published state. */
  folder: string;
  /** The store that derives; it is closed with this one. */
  deriver: GraphStore;
  /** Limits of one query; absent: the server's own. */
  limits?: QueryLimits;
  onStage?: (detail: string) => void;
}

export interface Neo4jStore extends GraphStore {
  /** As `query`, with the names of the columns. Throws StoreError. */
  answer(cypher: string, params?: Params): Promise<Answer>;
  /** Whether readers see a whole state, and which. Throws StoreError. */
  publication(): Promise<Publication | undefined>;
  /** How the last `derive` of this store was published. */
  published(): Published | undefined;
}

/** Nothing is asked of the server before the first call. */
export function openNeo4jStore(options: Neo4jStoreOptions): Neo4jStore {
  const { tenant, folder, deriver } = options;
  const label = DIALECTS.neo4j.quote(tenantLabel(tenant));
  let opening: Promise<Neo4jServerConnection> | undefined;
  let source: GraphSource | undefined;
  let last: Published | undefined;

  const connection = (): Promise<Neo4jServerConnection> => {
    opening ??= localBookmarks(folder)
      .then((bookmarks) => connectNeo4j(options.server, bookmarks))
      .catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
    return opening;
  };

  const answer = async (cypher: string, params?: Params): Promise<Answer> => {
    try {
      return await (await connection()).read(withLabel(cypher, label), params, options.limits);
    } catch (error) {
      // A name that the graph does not have is for whoever asked; the rest is the store's.
      if (error instanceof ConfigError || error instanceof StoreError) throw error;
      throw new StoreError("query-failed", String(error), undefined, { cause: error });
    }
  };

  return {
    async rebuild(next) {
      // A server that cannot be published to should be known before the work, not after it.
      await lastPublication(await connection(), tenant);
      await deriver.rebuild(next);
      source = next;
    },

    async *derive(rules, seed) {
      if (source === undefined)
        throw new StoreError("not-rebuilt", "a graph is derived only right after it was rebuilt");
      if (seed !== undefined)
        throw new StoreError(
          "seeded",
          "a part of the agents is derived in a store of its own, never published",
        );
      yield* deriver.derive(rules);
      const start = performance.now();
      const exchange = join(folder, `derived-${randomUUID()}`);
      await mkdir(exchange, { recursive: true, mode: 0o700 });
      try {
        const files = await stateFiles(source, deriver, exchange);
        last = await publish(await connection(), {
          tenant,
          folder,
          files,
          snapshot: source.snapshot,
          time: source.time,
          ...(options.onStage === undefined ? {} : { onStage: options.onStage }),
        });
      } finally {
        await rm(exchange, { recursive: true, force: true });
      }
      source = undefined;
      yield { rule: `publish (${last.how})`, rows: last.written, ms: performance.now() - start };
    },

    async update() {
      throw new StoreError(
        "rebuild-only",
        "the graph in Neo4j changes by publication of a snapshot only",
        "forereach scan",
      );
    },

    query: async (cypher, params) => (await answer(cypher, params)).rows,
    answer,

    publication: async () => readPublication(await connection(), tenant),
    published: () => last,

    async close() {
      await deriver.close();
      await (await opening?.catch(() => undefined))?.close();
      opening = undefined;
    },
  };
}

/** The file of each published table: of a snapshot, and of what was derived from it, which goes into `folder`. */
export async function stateFiles(
  source: GraphSource,
  deriver: GraphStore,
  folder: string,
): Promise<Map<string, string>> {
  const files = new Map<string, string>();
  for (const { kind, from, to, file } of source.tables)
    files.set(from === undefined || to === undefined ? kind : tableName(kind, { from, to }), file);
  for (const kind of PUBLISHED_KINDS) files.set(kind, await exported(deriver, kind, folder));
  return files;
}

/** Writes a derived kind of the embedded graph to a file. */
async function exported(deriver: GraphStore, kind: DerivedRel, folder: string): Promise<string> {
  const { quote, text } = DIALECTS.embedded;
  const { from, to } = DERIVED[kind];
  const file = join(folder, `${kind}.parquet`);
  const columns = derivedColumns(kind).map(({ name }) => `r.${quote(name)} AS ${quote(name)}`);
  await deriver.query(
    `COPY (MATCH (f:${quote(from)})-[r:${quote(kind)}]->(t:${quote(to)}) RETURN ${["f.id AS `from`", "t.id AS `to`", ...columns].join(", ")}) TO ${text(file)}`,
  );
  return file;
}
