/**
 * Publication by difference. The last published state lies in files beside the inventory, under the id that the server
 * knows it by. If the ids agree, the difference is worked out here; if not (another machine published, a run was
 * killed, files were lost), the state is read back from the server and compared in full.
 */
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Row, StoreError } from "../model.ts";
import {
  markOf,
  neo4jCounts,
  neo4jReadBack,
  neo4jSchema,
  neo4jStrangers,
  PUBLICATION,
  PUBLICATION_VERSION,
  PUBLISHED,
  type PublishedTable,
  tableName,
  tenantLabel,
} from "./generate-neo4j.ts";
import { type Difference, linesOf, nextState, type State } from "./store-neo4j-difference.ts";
import type { Neo4jServerConnection } from "./store-neo4j-server.ts";
import { LANE_COUNTS, takenOver, writeAll } from "./store-neo4j-write.ts";

/** What the server says of a tenant's publication. */
export interface Publication {
  state: "complete" | "publishing";
  /** What readers see, or will see when it is complete. */
  snapshot: string;
  /** The snapshot's now, as an ISO time; empty if there is none. */
  time: string;
  /** Id of the publication. */
  run: string;
  version: number;
}

export interface PublishOptions {
  tenant: string;
  snapshot: string;
  /** Now, for expiry. */
  time: string;
  /** Where the last published state is kept. */
  folder: string;
  /** Parquet file of each table of the next state. */
  files: ReadonlyMap<string, string>;
  /** Rows in one transaction. */
  batch?: number;
  onStage?: (detail: string) => void;
}

export interface Published {
  /** `unchanged`: nothing was written. `compared`: the state was read back from the server first. */
  how: "unchanged" | "difference" | "compared";
  written: number;
}

/** Milliseconds by which clocks may differ: they do a little everywhere. */
const SKEW = 300_000;
const CURRENT = "current.json";

interface Local {
  run: string;
  /** Hash of the shape of the files: another version of the program may keep other columns. */
  shape: string;
  tables: State["tables"];
  bookmarks: readonly string[];
}

const SHAPE = createHash("sha256")
  .update(JSON.stringify([PUBLICATION_VERSION, PUBLISHED]))
  .digest("hex")
  .slice(0, 16);

/** The publication of a tenant, or undefined if there is none. Throws StoreError if a newer version wrote it. */
export async function readPublication(
  connection: Neo4jServerConnection,
  tenant: string,
): Promise<Publication | undefined> {
  const {
    rows: [row],
  } = await connection.read(`MATCH (p:${PUBLICATION} {tenant: $tenant}) RETURN ${FIELDS}`, {
    tenant,
  });
  return row === undefined ? undefined : publicationOf(row);
}

const FIELDS = "p.state AS state, p.snapshot AS snapshot, p.time AS time, p.run AS run, p.version AS version";

function publicationOf(row: Row): Publication {
  const version = Number(row.version ?? 0);
  if (version > PUBLICATION_VERSION)
    throw new StoreError(
      "newer-version",
      `the graph in Neo4j was published by a newer version of Forereach (shape ${version}, this one knows ${PUBLICATION_VERSION})`,
      "update forereach; nothing was changed",
    );
  return {
    state: row.state === "complete" ? "complete" : "publishing",
    snapshot: String(row.snapshot ?? ""),
    time: String(row.time ?? ""),
    run: String(row.run ?? ""),
    version,
  };
}

/**
 * What a publication of this tenant would follow, from the leader. Throws StoreError if it may not: a newer version wrote
 * it, or it is of a time that has not come, so that either here or there expired rights were taken for current ones.
 */
export async function lastPublication(
  connection: Neo4jServerConnection,
  tenant: string,
): Promise<Publication | undefined> {
  const before = await connection.write(async (ask) => {
    const [row] = await ask(`MATCH (p:${PUBLICATION} {tenant: $tenant}) RETURN ${FIELDS}`, { tenant });
    return row === undefined ? undefined : publicationOf(row);
  });
  const now = Date.now();
  if (before !== undefined && Date.parse(before.time) > now + SKEW)
    throw new StoreError(
      "neo4j-clock",
      `what Neo4j holds of this tenant was published as of ${before.time}, but here it is ${new Date(now).toISOString()}; nothing was changed`,
      `set the clock that is wrong; if it was the other one: MATCH (p:Publication {tenant: '${tenant}'}) REMOVE p.time`,
    );
  return before;
}

/** What a reader must have seen to see what this machine published last. */
export async function localBookmarks(folder: string): Promise<readonly string[]> {
  return (await readLocal(folder))?.bookmarks ?? [];
}

async function readLocal(folder: string): Promise<Local | undefined> {
  try {
    return JSON.parse(await readFile(join(folder, CURRENT), "utf8")) as Local;
  } catch {
    // Lost or half written: the server is asked instead.
    return undefined;
  }
}

/** Brings the server to the next state. Throws StoreError; the next run then finishes what this one began. */
export async function publish(
  connection: Neo4jServerConnection,
  options: PublishOptions,
): Promise<Published> {
  const { tenant, folder, onStage = () => {} } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const run = randomUUID();
  const next = join(folder, `state-${run}`);
  await mkdir(next, { mode: 0o700 });
  try {
    const before = await lastPublication(connection, tenant);
    const local = await readLocal(folder);
    const known =
      before?.state === "complete" &&
      before.version === PUBLICATION_VERSION &&
      local !== undefined &&
      local.run === before.run &&
      local.shape === SHAPE &&
      (await countsAgree(connection, tenant, local.tables));
    let how: Published["how"] = "compared";
    let difference: Difference | undefined;
    try {
      if (before === undefined || known) {
        const last = known ? { folder: join(folder, `state-${local.run}`), tables: local.tables } : undefined;
        difference = await nextState(next, options.files, last);
        how = "difference";
        if (known && difference.stages.flat().length === 0 && before.snapshot === options.snapshot)
          return { how: "unchanged", written: 0 };
      }
      if (before === undefined || before.version !== PUBLICATION_VERSION)
        await connection.schema(neo4jSchema(tenant));
      // From here on whoever published before is out, so that what is read back stays true.
      await claim(connection, tenant, before?.run, run, options);
      if (difference === undefined) {
        onStage("comparing with what the server holds");
        const held = await readBack(connection, tenant, folder);
        difference = await nextState(next, options.files, { folder: held, tables: {} });
      }
      const written = await writeAll(connection, run, difference, { onStage, ...options });
      await complete(connection, tenant, run);
      const { tables } = difference;
      await keepAsLast(folder, { run, shape: SHAPE, tables, bookmarks: await connection.bookmarks() });
      return { how, written };
    } finally {
      difference?.close();
    }
  } finally {
    const last = await readLocal(folder);
    for (const name of await readdir(folder))
      if (name.startsWith("state-") && name !== `state-${last?.run}`)
        await rm(join(folder, name), { recursive: true, force: true });
  }
}

/** Fewer rows than were published: somebody deleted some of ours, and only a full comparison finds out which. */
async function countsAgree(
  connection: Neo4jServerConnection,
  tenant: string,
  tables: State["tables"],
): Promise<boolean> {
  const wanted = new Map<string, number>();
  for (const { kind, ends, name } of PUBLISHED) {
    const of = ends === undefined ? "nodes" : kind;
    wanted.set(of, (wanted.get(of) ?? 0) + (tables[name]?.rows ?? 0));
  }
  const kinds = [...wanted].flatMap(([kind, rows]) => (kind === "nodes" || rows === 0 ? [] : [kind]));
  const [row] = await connection.write((ask) => ask(neo4jCounts(kinds, tenantLabel(tenant))));
  return [...wanted].every(([of, rows]) => Number(row?.[of] ?? 0) >= rows);
}

/** Takes the publication over if it is still what was seen; whoever held it before fails at its next batch. */
async function claim(
  connection: Neo4jServerConnection,
  tenant: string,
  was: string | undefined,
  run: string,
  { snapshot, time }: PublishOptions,
): Promise<void> {
  await connection.write(async (ask) => {
    const [row] = await ask(
      // The lock first, then the look: two that claim at once come one after the other.
      `MERGE (p:${PUBLICATION} {tenant: $tenant})
SET p.locked = true
WITH p, p.run AS held WHERE held = $was OR held = $run OR held IS NULL
SET p.state = 'publishing', p.run = $run, p.snapshot = $snapshot, p.time = $time, p.version = $version, ${LANE_COUNTS}
REMOVE p.locked
RETURN p.run AS run`,
      { tenant, was: was ?? null, run, snapshot, time, version: PUBLICATION_VERSION },
    );
    if (row === undefined) throw takenOver();
  });
}

async function complete(connection: Neo4jServerConnection, tenant: string, run: string): Promise<void> {
  await connection.write(async (ask) => {
    const [row] = await ask(
      `MATCH (p:${PUBLICATION} {tenant: $tenant}) WHERE p.run = $run SET p.state = 'complete' RETURN p.run AS run`,
      { tenant, run },
    );
    if (row === undefined) throw takenOver();
  });
}

async function keepAsLast(folder: string, local: Local): Promise<void> {
  await writeFile(join(folder, `${CURRENT}.new`), JSON.stringify(local), { mode: 0o600 });
  await rename(join(folder, `${CURRENT}.new`), join(folder, CURRENT));
}

/** Reads everything of the tenant back into files of a folder, and drops what no version of ours knows. */
async function readBack(connection: Neo4jServerConnection, tenant: string, folder: string): Promise<string> {
  const label = tenantLabel(tenant);
  const held = join(folder, `state-held-${randomUUID()}`);
  await mkdir(held, { mode: 0o700 });
  await dropStrangers(connection, label);
  const files = new Map<string, WriteStream>();
  const write = async (table: PublishedTable, row: Row): Promise<void> => {
    const file = files.get(table.name) ?? createWriteStream(linesOf(held, table), { mode: 0o600 });
    files.set(table.name, file);
    if (!file.write(`${JSON.stringify(row)}\n`)) await once(file, "drain");
  };
  const { nodes, relationships } = neo4jReadBack(label);
  for await (const row of connection.stream(nodes)) {
    const found = heldNode(row);
    if (found !== undefined) await write(...found);
  }
  for await (const row of connection.stream(relationships)) {
    const found = heldRelationship(row);
    if (found !== undefined) await write(...found);
  }
  for (const file of files.values()) {
    file.end();
    await once(file, "finish");
  }
  return held;
}

const TABLES = new Map(PUBLISHED.map((table) => [table.name, table]));
const picked = (table: PublishedTable, props: Row): Row =>
  Object.fromEntries(table.columns.map(({ name }) => [name, props[name]]));

/** A node as it was published; undefined where somebody took its kind or changed its id, so that it is put anew. */
function heldNode({ mark, labels, props }: Row): [PublishedTable, Row] | undefined {
  const known = markOf(mark);
  const table = TABLES.get(known?.kind ?? "");
  if (known === undefined || table === undefined || !(labels as readonly string[]).includes(known.kind))
    return undefined;
  return (props as Row).id === known.id ? [table, picked(table, props as Row)] : undefined;
}

function heldRelationship({ kind, f, t, props }: Row): [PublishedTable, Row] | undefined {
  const [from, to] = [markOf(f), markOf(t)];
  if (from === undefined || to === undefined) return undefined;
  const ends = { from: from.kind, to: to.kind };
  const table = TABLES.get(tableName(String(kind), ends)) ?? TABLES.get(String(kind));
  if (table === undefined || table.ends?.from !== ends.from || table.ends.to !== ends.to) return undefined;
  return [table, { from: from.id, to: to.id, ...picked(table, props as Row) }];
}

/** Kinds that an older version published and this one does not. */
async function dropStrangers(connection: Neo4jServerConnection, label: string): Promise<void> {
  for (const statement of neo4jStrangers(label)) await connection.write((ask) => ask(statement));
}
