/** How the steps of this connector read collections: where a pass stands, by delta or by listing. */
import type { Page, Pass, StepContext } from "../../src/connector.ts";
import { CursorExpired, ForereachError, PermissionError, ProviderError } from "../../src/model.ts";

/** Where a pass stands. `link` is the page to ask for; `after` the last object of it whose details are saved. */
interface Position {
  variant: "delta" | "list";
  link: string;
  after?: string;
  /** Ids of groups that hide their members, of which the pages so far showed none. */
  silent?: readonly string[];
}

export const encode = (position: Position): string => JSON.stringify(position);

export function decode(cursor: string | undefined): Position | undefined {
  if (cursor === undefined) return undefined;
  const read: unknown = JSON.parse(cursor);
  if (typeof read === "object" && read !== null && "variant" in read && "link" in read) {
    const { variant, link } = read;
    const after = "after" in read && typeof read.after === "string" ? { after: read.after } : {};
    const silent =
      "silent" in read && Array.isArray(read.silent) ? { silent: read.silent.map((id) => String(id)) } : {};
    if ((variant === "delta" || variant === "list") && typeof link === "string")
      return { variant, link, ...after, ...silent };
  }
  // A cursor that another version wrote: reading anew is always right.
  throw new CursorExpired("cursor-unreadable", "The saved position is not one that this version writes.");
}

const REFUSED = /^(not-recorded|not-allowed|not-found|http-(400|405|501))$/;

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
  // A delta takes no $top; this asks for as many rows a page as the service gives.
  const options = variant === "delta" ? { headers: { prefer: "odata.maxpagesize=999" } } : undefined;
  for await (const page of c.http.pages<T>("graph", link, options)) {
    const own = link;
    // A delta ends with the link to what changes next: https://learn.microsoft.com/graph/delta-query-overview
    if (variant === "delta" && page.next === undefined && page.delta === undefined)
      throw new ProviderError(
        "cut-body",
        `GET ${link.split("?")[0]} ended without a link to more pages or to later changes`,
        "Run it again.",
      );
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
