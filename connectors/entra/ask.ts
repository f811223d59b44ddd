/** Many small reads at once: the members, owners or assignments of each of many objects, in batches. */
import { createHash } from "node:crypto";
import type { AnswerPage, BatchAnswer } from "../../src/collect/http.ts";
import type { Page, Pass, StepContext } from "../../src/connector.ts";
import {
  type Coverage,
  CursorExpired,
  ForereachError,
  PermissionError,
  ProviderError,
} from "../../src/model.ts";
import { type Change, directoryId } from "../../src/schema.ts";
import { type Batch, decode, encode, remaining } from "./read.ts";

/** One small read out of many: where to ask, and for what (the scope of its coverage). */
export interface Ask<T> {
  item: T;
  id: string;
  path: string;
  /** Where to ask if the service does not have `path` at all, and what that answer leaves out: a gap. */
  instead?: { path: string; lacks: string };
}

/**
 * What v1.0 says of a group leaves service principals out, and beta names them.
 * https://learn.microsoft.com/graph/api/group-list-members, https://learn.microsoft.com/graph/api/group-list-owners
 */
export const ofGroup = (group: string, what: "members" | "owners", query: string) => ({
  path: `/beta/groups/${group}/${what}?${query}`,
  instead: {
    path: `/v1.0/groups/${group}/${what}?${query}`,
    lacks: `Only v1.0 of Graph was answered, which leaves service principals out of the ${what} of groups: some may be missing.`,
  },
});

const BATCH_SIZE = 20;
/** Batches under way at once, so that the budget and not the round trip sets the pace. */
const WINDOW = 4;

/** What a group of asks gave. `last` is the id of the last, `asked` how many they are, `answered` how many were not refused outright. */
interface Answered {
  changes: Change[];
  gaps: Coverage[];
  last: string;
  asked: number;
  answered: number;
  refusal?: Error;
}
type MapAnswer<T, U> = (item: T, items: readonly U[]) => Change[] | { changes: Change[]; gaps: Coverage[] };

/** One batch speaks to one version of Graph. */
const versionOf = <T>({ path }: Ask<T>): string => path.split("/")[1] ?? "";

/** Asks many small collections, up to 20 in a batch, and yields what each group gave, in order. */
export async function* askEach<T, U>(
  c: StepContext,
  step: string,
  asks: Iterable<Ask<T>>,
  map: MapAnswer<T, U>,
): AsyncGenerator<Answered> {
  const waiting: Promise<Answered>[] = [];
  const start = (group: Ask<T>[]) => {
    const job = answerGroup(c, step, group, map);
    // It is awaited below, in order; until then a failure must not count as unhandled.
    job.catch(() => {});
    waiting.push(job);
  };
  let group: Ask<T>[] = [];
  for (const ask of asks) {
    if (group.length === BATCH_SIZE || (group[0] !== undefined && versionOf(group[0]) !== versionOf(ask))) {
      start(group);
      group = [];
      if (waiting.length >= WINDOW) yield await waiting.shift()!;
    }
    group.push(ask);
  }
  if (group.length > 0) start(group);
  for (const job of waiting) yield await job;
}

async function answerGroup<T, U>(
  c: StepContext,
  step: string,
  group: readonly Ask<T>[],
  map: MapAnswer<T, U>,
): Promise<Answered> {
  const sum: Answered = { changes: [], gaps: [], last: group.at(-1)!.id, asked: group.length, answered: 0 };
  for (const { item, id, answer, lacks } of await answersTo<T, U>(c, group)) {
    const read: U[] = [];
    const error = answer.ok ? await readOn(c, answer.page, read) : answer.error;
    if (answer.ok) sum.answered += 1;
    else sum.refusal ??= answer.error;
    if (error !== undefined) sum.gaps.push(gapOf(step, id, error, answer.ok));
    else if (lacks !== undefined) sum.gaps.push({ step, scope: id, state: "partial", reason: lacks });
    // With nothing read there is nothing to say; the first pages of a part are true as far as they go.
    if (!answer.ok) continue;
    const mapped = map(item, read);
    sum.changes.push(...(Array.isArray(mapped) ? mapped : mapped.changes));
    if (!Array.isArray(mapped) && error === undefined) sum.gaps.push(...mapped.gaps);
  }
  return sum;
}

type Answer<T, U> = Ask<T> & { answer: BatchAnswer<U>; lacks?: string };

/** One answer an ask; where the service does not have the call, the answer to what is asked instead. */
async function answersTo<T, U>(c: StepContext, group: readonly Ask<T>[]): Promise<Answer<T, U>[]> {
  const first = await batchOf<U>(
    c,
    group.map(({ path }) => path),
  );
  const answers = group.map((ask, i): Answer<T, U> => ({ ...ask, answer: first[i]! }));
  const absent = answers.filter(({ answer, instead }) => instead !== undefined && isAbsent(answer));
  if (absent.length === 0) return answers;
  const second = await batchOf<U>(
    c,
    absent.map(({ instead }) => instead!.path),
  );
  for (const [i, answer] of absent.entries())
    Object.assign(answer, { answer: second[i]!, lacks: answer.instead!.lacks });
  return answers;
}

async function batchOf<U>(c: StepContext, paths: readonly string[]): Promise<BatchAnswer<U>[]> {
  const answers = await c.http.batch<U>(paths);
  if (answers.length >= paths.length) return answers;
  throw new ProviderError("batch-short", `A batch of ${paths.length} reads had ${answers.length} answers.`);
}

const ABSENT = /^(not-recorded|http-(400|405|501))$/;

/** True if the service, or the recording, does not have this call, so that another may have the answer. */
const isAbsent = <U>(answer: BatchAnswer<U>): boolean =>
  !answer.ok && answer.error instanceof ForereachError && ABSENT.test(answer.error.code);

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

const pageOf = ({ changes, gaps }: Answered, cursor: string): Page => ({
  changes,
  cursor,
  ...(gaps.length === 0 ? {} : { gaps }),
});

/**
 * Pages of many small reads, held back until one was answered: if all of them, more than one, were refused, then
 * the step itself is, which is one statement and not thousands.
 * @throws the first refusal, if there was nothing else
 */
async function* unlessAllRefused(
  pages: AsyncIterable<{ page: Page; group?: Answered }>,
): AsyncGenerator<Page> {
  let held: Page[] | undefined = [];
  let refusals = 0;
  let refusal: Error | undefined;
  for await (const { page, group } of pages) {
    if (held === undefined) {
      yield page;
      continue;
    }
    held.push(page);
    refusals += group?.gaps.length ?? 0;
    refusal ??= group?.refusal;
    if (group === undefined || group.answered === 0) continue;
    yield* held;
    held = undefined;
  }
  if (refusal !== undefined && refusals > 1 && held !== undefined) throw refusal;
  if (held !== undefined) yield* held;
}

/** Asks about every object of every page of a listing; each page of answers can be continued. */
export async function* askAboutAll<T extends { id: string }, U, I = T>(
  c: StepContext,
  step: string,
  batches: AsyncIterable<Batch<T>>,
  ask: (item: T) => Ask<I> | undefined,
  map: MapAnswer<I, U>,
): AsyncGenerator<Page> {
  async function* pages() {
    for await (const batch of batches) {
      const asks = remaining(batch, ({ id }) => directoryId(id))
        .map(ask)
        .filter((one) => one !== undefined);
      for await (const group of askEach<I, U>(c, step, asks, map))
        yield { page: pageOf(group, batch.midway(group.last)), group };
      if (batch.end.cursor !== undefined) yield { page: { changes: [], ...batch.end } };
    }
  }
  yield* unlessAllRefused(pages());
}

/**
 * Moves on by so many asks and gives the position there: how many are passed, and a digest of them. One that was
 * found, lost or changed since among those would never be asked about, so that position must not fit any more.
 */
function passing<T>(asks: readonly Ask<T>[]): (by: number) => string {
  const digest = createHash("sha256");
  let at = 0;
  return (by) => {
    for (const end = at + by; at < end; at++) digest.update(JSON.stringify(asks[at]));
    return `${at}:${digest.copy().digest("base64url")}`;
  };
}

/** Asks about objects that earlier steps found, each once, in the order of their paths, so that it can be continued. */
export async function* askAboutKnown<T, U>(
  c: StepContext,
  step: string,
  pass: Pass,
  asks: readonly Ask<T>[],
  map: MapAnswer<T, U>,
): AsyncGenerator<Page> {
  const all = [...new Map(asks.map((ask) => [ask.id, ask])).values()].sort((a, b) =>
    a.path < b.path ? -1 : 1,
  );
  const after = decode(pass.cursor)?.after;
  const passed = passing(all);
  const done = Math.min(Number.parseInt(after ?? "0", 10) || 0, all.length);
  if (after !== undefined && passed(done) !== after)
    throw new CursorExpired("asks-changed", "What the interrupted pass had asked about is another set now.");
  async function* pages() {
    for await (const group of askEach<T, U>(c, step, all.slice(done), map))
      yield { page: pageOf(group, encode({ variant: "list", link: "", after: passed(group.asked) })), group };
  }
  yield* unlessAllRefused(pages());
}
