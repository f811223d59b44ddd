/** How the steps of this connector read: where a pass stands, delta or listing, and many small reads at once. */
import type { Page, Pass, StepContext } from "../../src/connector.ts";
import type { AnswerPage } from "../../src/http.ts";
import {
  type Coverage,
  CursorExpired,
  ForereachError,
  PermissionError,
  ProviderError,
} from "../../src/model.ts";
import { type Change, directoryId } from "../../src/schema.ts";

/** Where a pass stands. `link` is the page to ask for; `after` the last object of it whose details are saved. */
interface Position {
  variant: "delta" | "list";
  link: string;
  after?: string;
}

const encode = (position: Position): string => JSON.stringify(position);

function decode(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  const read: unknown = JSON.parse(cursor);
  if (typeof read === "object" && read !== null && "variant" in read && "link" in read) {
    const { variant, link } = read;
    const after = "after" in read && typeof read.after === "string" ? { after: read.after } : {};
    if ((variant === "delta" || variant === "list") && typeof link === "string")
      return { variant, link, ...after };
  }
  // A cursor that another version wrote: reading anew is always right.
  throw new CursorExpired("cursor-unreadable", "The saved position is not one that this version writes.");
}

const REFUSED =
  /^(not-recorded|not-allowed|not-found|not-supported|not-implemented|bad-request|(http|status|graph)?[-_]?(400|404|405|501))$/i;

/** True if the service will not answer this call, however often it is asked. */
const refused = (error: unknown): boolean =>
  !(error instanceof CursorExpired) &&
  (error instanceof PermissionError || (error instanceof ForereachError && REFUSED.test(error.code)));

/** Marks of a row of a delta answer. https://learn.microsoft.com/graph/delta-query-overview */
export interface Changed {
  "@removed"?: { reason?: string };
}

export interface Batch<T> {
  items: readonly T[];
  variant: "delta" | "list";
  /** To save with a page of these items once all of it is mapped. */
  end: Pick<Page, "cursor" | "deltaToken">;
  /** To save while parts of the items are still to come: continue after the object with this id. */
  midway(after: string): string;
  /** Set on the first batch of a resumed pass: objects up to and including this one are already saved. */
  resumeAfter?: string;
}

/** Pages of a listing, from where the pass stopped. */
export async function* listing<T>(c: StepContext, pass: Pass, path: string): AsyncGenerator<Batch<T>> {
  const at = decode(pass.cursor);
  yield* follow<T>(c, { variant: "list", link: at?.link ?? path, ...(at?.after ? { after: at.after } : {}) });
}

/**
 * Pages of a collection that has a delta function: delta from the start, so that the next pass reads only
 * changes; the plain listing if the service refuses the delta or a recording lacks it.
 * @throws CursorExpired if a saved delta token is refused: the pass starts anew.
 */
export async function* deltaOrListing<T>(
  c: StepContext,
  pass: Pass,
  paths: { delta: string; list: string; how?: "delta" | "list" },
): AsyncGenerator<Batch<T>> {
  const at = decode(pass.cursor);
  if (at !== undefined && at.variant === "list") {
    yield* follow<T>(c, at);
    return;
  }
  if (at === undefined && paths.how === "list") {
    yield* follow<T>(c, { variant: "list", link: paths.list });
    return;
  }
  let answered = false;
  try {
    for await (const batch of follow<T>(c, at ?? { variant: "delta", link: paths.delta })) {
      answered = true;
      yield batch;
    }
    return;
  } catch (error) {
    if (answered || !refused(error)) throw error;
    if (at !== undefined)
      throw new CursorExpired("delta-refused", "The saved delta link is refused.", undefined, {
        cause: error,
      });
  }
  yield* follow<T>(c, { variant: "list", link: paths.list });
}

async function* follow<T>(c: StepContext, from: Position): AsyncGenerator<Batch<T>> {
  const { variant } = from;
  let { link, after } = from;
  for await (const page of c.http.pages<T>("graph", link)) {
    const own = link;
    yield {
      items: page.items,
      variant,
      end: {
        ...(page.next === undefined ? {} : { cursor: encode({ variant, link: page.next }) }),
        ...(page.delta === undefined ? {} : { deltaToken: encode({ variant: "delta", link: page.delta }) }),
      },
      midway: (id) => encode({ variant, link: own, after: id }),
      ...(after === undefined ? {} : { resumeAfter: after }),
    };
    after = undefined;
    if (page.next === undefined) return;
    link = page.next;
  }
}

/** Items of a batch that a resumed pass still has to do; all of them if the page has changed meanwhile. */
export function remaining<T>(batch: Batch<T>, idOf: (item: T) => string): readonly T[] {
  if (batch.resumeAfter === undefined) return batch.items;
  return batch.items.slice(batch.items.findIndex((item) => idOf(item) === batch.resumeAfter) + 1);
}

/** One small read out of many: where to ask, and for what (the scope of its coverage). */
export interface Ask<T> {
  item: T;
  id: string;
  path: string;
}

const BATCH_SIZE = 20;
/** Batches under way at once, so that the budget and not the round trip sets the pace. */
const WINDOW = 4;

/** Asks many small collections, 20 in a batch, and yields what each group of 20 gave, in order. */
export async function* askEach<T, U>(
  c: StepContext,
  step: string,
  asks: Iterable<Ask<T>>,
  map: (item: T, items: readonly U[]) => Change[] | { changes: Change[]; gaps: Coverage[] },
): AsyncGenerator<{ changes: Change[]; gaps: Coverage[]; last: string }> {
  const waiting: Promise<{ changes: Change[]; gaps: Coverage[]; last: string }>[] = [];
  const start = (group: Ask<T>[]) => {
    const job = answerGroup(c, step, group, map);
    // It is awaited below, in order; until then a failure must not count as unhandled.
    job.catch(() => {});
    waiting.push(job);
  };
  let group: Ask<T>[] = [];
  for (const ask of asks) {
    group.push(ask);
    if (group.length < BATCH_SIZE) continue;
    start(group);
    group = [];
    if (waiting.length >= WINDOW) yield await waiting.shift()!;
  }
  if (group.length > 0) start(group);
  for (const job of waiting) yield await job;
}

async function answerGroup<T, U>(
  c: StepContext,
  step: string,
  group: readonly Ask<T>[],
  map: (item: T, items: readonly U[]) => Change[] | { changes: Change[]; gaps: Coverage[] },
): Promise<{ changes: Change[]; gaps: Coverage[]; last: string }> {
  const changes: Change[] = [];
  const gaps: Coverage[] = [];
  const answers = await c.http.batch<U>(group.map(({ path }) => path));
  for (const [i, { item, id }] of group.entries()) {
    const answer = answers[i];
    if (answer === undefined)
      throw new ProviderError(
        "batch-short",
        `A batch of ${group.length} reads had ${answers.length} answers.`,
      );
    const read: U[] = [];
    const gap = answer.ok ? await readOn(c, answer.page, read) : answer.error;
    if (gap !== undefined) gaps.push(gapOf(step, id, gap, read.length > 0));
    // What was read of a refused part is true as far as it goes; with nothing read there is nothing to say.
    if (gap !== undefined && read.length === 0) continue;
    const mapped = map(item, read);
    changes.push(...(Array.isArray(mapped) ? mapped : mapped.changes));
    if (!Array.isArray(mapped) && gap === undefined) gaps.push(...mapped.gaps);
  }
  return { changes, gaps, last: group.at(-1)!.id };
}

/** Follows the pages after the first into `read`. Returns the error that ended it early, if one did. */
async function readOn<U>(c: StepContext, first: AnswerPage<U>, read: U[]): Promise<Error | undefined> {
  for (const item of first.items) read.push(item);
  if (first.next === undefined) return undefined;
  try {
    for await (const page of c.http.pages<U>("graph", first.next))
      for (const item of page.items) read.push(item);
  } catch (error) {
    if (error instanceof PermissionError || error instanceof ProviderError) return error;
    throw error;
  }
  return undefined;
}

/** Coverage of one part that was not read. Anything but a refusal or a provider's fault ends the pass. */
function gapOf(step: string, scope: string, error: Error, some: boolean): Coverage {
  const denied = error instanceof PermissionError;
  if (!denied && !(error instanceof ProviderError)) throw error;
  return {
    step,
    scope,
    state: some ? "partial" : denied ? "denied" : "failed",
    reason: error.message,
    ...(error.fix === undefined ? {} : { fix: error.fix }),
  };
}

/** Asks about every object of every page of a listing; each page of answers can be continued. */
export async function* askAboutAll<T extends { id: string }, U, I = T>(
  c: StepContext,
  step: string,
  batches: AsyncIterable<Batch<T>>,
  ask: (item: T) => Ask<I> | undefined,
  map: (item: I, items: readonly U[]) => Change[] | { changes: Change[]; gaps: Coverage[] },
): AsyncGenerator<Page> {
  for await (const batch of batches) {
    const asks = remaining(batch, ({ id }) => directoryId(id))
      .map(ask)
      .filter((one) => one !== undefined);
    for await (const { changes, gaps, last } of askEach<I, U>(c, step, asks, map))
      yield { changes, cursor: batch.midway(last), ...(gaps.length === 0 ? {} : { gaps }) };
    if (batch.end.cursor !== undefined || batch.end.deltaToken !== undefined)
      yield { changes: [], ...batch.end };
  }
}

/** Asks about objects that an earlier step found. They are taken in the order of their ids, so that it can be continued. */
export async function* askAboutKnown<T, U>(
  c: StepContext,
  step: string,
  pass: Pass,
  asks: Ask<T>[],
  map: (item: T, items: readonly U[]) => Change[],
): AsyncGenerator<Page> {
  const after = decode(pass.cursor)?.after;
  const todo = asks
    .filter(({ id }) => after === undefined || id > after)
    .sort((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0));
  for await (const { changes, gaps, last } of askEach<T, U>(c, step, todo, map))
    yield {
      changes,
      cursor: encode({ variant: "list", link: "", after: last }),
      ...(gaps.length === 0 ? {} : { gaps }),
    };
}
