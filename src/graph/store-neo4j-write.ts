/**
 * Writes a difference to the server: in batches, each in a transaction with its own number, and two tables at a time, since
 * one transaction has one thread of the server.
 */
import { type Row, StoreError } from "../model.ts";
import { neo4jWrite, PUBLICATION, tenantLabel } from "./generate-neo4j.ts";
import type { BatchRow, Change, Difference } from "./store-neo4j-difference.ts";
import type { Neo4jServerConnection, Run } from "./store-neo4j-server.ts";

/** So many transactions write at a time: each by itself has one thread of the server. */
const LANES = 2;
const BATCH = 10_000;
/** A batch is sent in so many, each while the server writes the one before. */
const PARTS = 2;

/** What a new run begins with, of the node `p`. */
export const LANE_COUNTS = Array.from({ length: LANES }, (_, lane) => `p.batch${lane} = 0`).join(", ");

/**
 * Writes everything, nodes before what hangs on them, what is new before what goes; two tables at a time where they share
 * no nodes. A batch that the server has already is not written twice, whatever became of its answer.
 */
export async function writeAll(
  connection: Neo4jServerConnection,
  run: string,
  difference: Difference,
  { tenant, batch: size = BATCH, onStage }: { tenant: string; batch?: number; onStage(detail: string): void },
): Promise<number> {
  const label = tenantLabel(tenant);
  let written = 0;
  const done = Array.from({ length: LANES }, () => 0);
  const write = async (change: Change, lane: number, stopped: () => boolean): Promise<void> => {
    const { table, operation } = change;
    const cypher = neo4jWrite(table, operation, label);
    for await (const rows of ahead(difference.batches(change, size))) {
      if (stopped()) return;
      const number = ++done[lane]!;
      const parts = partsOf(rows, Math.max(1, Math.ceil(size / PARTS)));
      const count = await batchOnce(connection, { tenant, run, lane, number }, async (ask) => {
        const counts = await Promise.all(
          parts.map((part) => ask(cypher, table.ends === undefined ? { rows: part, tenant } : byPlace(part))),
        );
        return counts.reduce((sum, [row]) => sum + Number(row?.count ?? 0), 0);
      });
      if (count !== undefined && count < rows.length) throw strayed(change);
      written += rows.length;
      onStage(`${table.kind}: ${written.toLocaleString("en-US")} rows`);
    }
  };
  for (const stage of difference.stages) await inLanes(stage, write);
  return written;
}

interface Batch {
  tenant: string;
  run: string;
  lane: number;
  number: number;
}

/** What `work` returns, in one transaction with the number of the batch; undefined if the server has that batch already. */
async function batchOnce<T>(
  connection: Neo4jServerConnection,
  { tenant, run, lane, number }: Batch,
  work: (ask: Run) => Promise<T>,
): Promise<T | undefined> {
  const publication = `MATCH (p:${PUBLICATION} {tenant: $tenant})`;
  const isDone = (row: Row | undefined): boolean => {
    if (row === undefined) throw takenOver();
    return Number(row.done) >= number;
  };
  try {
    return await connection.write(async (ask) => {
      const [before] = await ask(`${publication} WHERE p.run = $run RETURN p.batch${lane} AS done`, {
        tenant,
        run,
      });
      if (isDone(before)) return undefined;
      const result = await work(ask);
      // The lock first, then the look, both last: nobody else passes from here to the end, and other lanes write until then.
      const [after] = await ask(
        `${publication} SET p.locked = true WITH p, p.batch${lane} AS done
WHERE p.run = $run SET p.batch${lane} = $number REMOVE p.locked RETURN done`,
        { tenant, run, number },
      );
      // An attempt whose answer was lost ended meanwhile: this one is rolled back.
      if (isDone(after)) throw new Repeated();
      return result;
    });
  } catch (error) {
    if (error instanceof Repeated) return undefined;
    throw error;
  }
}

class Repeated extends StoreError {
  constructor() {
    super("neo4j-repeated", "a batch was written twice, and the second time is taken back");
  }
}

/** Works on changes, the largest first, as many at a time as there are lanes, none beside one that locks the same nodes. */
async function inLanes(
  changes: readonly Change[],
  work: (change: Change, lane: number, stopped: () => boolean) => Promise<void>,
): Promise<void> {
  const waiting = [...changes].sort((a, b) => b.rows - a.rows);
  const busy = new Map<number, { change: Change; end: Promise<void> }>();
  let failed = false;
  try {
    while (waiting.length > 0 || busy.size > 0) {
      for (let lane = 0; lane < LANES; lane++) {
        if (busy.has(lane)) continue;
        const at = waiting.findIndex((one) => [...busy.values()].every(({ change }) => isApart(one, change)));
        if (at < 0) break;
        const [change] = waiting.splice(at, 1);
        const end = work(change!, lane, () => failed).then(() => void busy.delete(lane));
        busy.set(lane, { change: change!, end });
      }
      await Promise.race([...busy.values()].map(({ end }) => end));
    }
  } finally {
    failed = true;
    await Promise.allSettled([...busy.values()].map(({ end }) => end));
  }
}

/** Whether two changes touch no node in common: a transaction locks the nodes of its rows to its end. */
function isApart(one: Change, other: Change): boolean {
  const kinds = ({ table: { kind, ends } }: Change): string[] =>
    ends === undefined ? [kind] : [ends.from, ends.to];
  return !kinds(one).some((kind) => kinds(other).includes(kind));
}

const partsOf = <T>(rows: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(rows.length / size) }, (_, at) => rows.slice(at * size, (at + 1) * size));

/** Rows with places in a list in place of the marks of both ends: most nodes have many rows. */
function byPlace(rows: readonly BatchRow[]): { marks: string[]; rows: BatchRow[] } {
  const places = new Map<unknown, number>();
  const place = (mark: unknown): bigint => {
    const at = places.get(mark) ?? places.size;
    places.set(mark, at);
    return BigInt(at);
  };
  const placed = rows.map(([from, to, ...values]) => [place(from), place(to), ...values]);
  return { marks: [...places.keys()].map(String), rows: placed };
}

/** Makes the next batch while the server writes this one. */
async function* ahead<T>(source: AsyncGenerator<T>): AsyncGenerator<T> {
  let next = source.next();
  try {
    for (;;) {
      const { value, done } = await next;
      if (done === true) return;
      next = source.next();
      yield value;
    }
  } finally {
    // Whoever gives up closes what batches are read from, which must not be at work then.
    await next.catch(() => undefined);
  }
}

/** The publication stays unfinished, so that the next run compares in full. */
const strayed = ({ table, operation }: Change): StoreError =>
  new StoreError(
    "neo4j-strayed",
    `the graph in Neo4j is not what was published: ${table.kind} rows to ${operation} are not there`,
    "run it again: it compares with everything that the server holds",
  );

export const takenOver = (): StoreError =>
  new StoreError(
    "neo4j-taken-over",
    "another publisher took this tenant's publication over while this one was writing",
    "let one machine publish at a time, and run it again; the other one leaves a whole graph",
  );
