/**
 * Two answers side by side: rows that only one of them has, and rows that say something else. What counts is what an
 * agent can do at a place: a row that is gone because one above says as much is no loss.
 */
import { TIERS } from "../model.ts";
import { bytewise, type ReachRequest } from "./answers.ts";
import type { ChangeRow, ReachRow } from "./reach-row.ts";

/** One of the answers. Rows come sorted by their key. */
export interface Side {
  reach(request: ReachRequest): AsyncGenerator<ReachRow>;
  /** The place and what contains it, nearest first. */
  above(scope: string): Promise<readonly string[]>;
  /** What the place contains. */
  inside(scope: string): Promise<readonly string[]>;
}

const RIGHTS = ["discover", "read", "write", "manage"] as const;
type Right = (typeof RIGHTS)[number];
type Tier = (typeof TIERS)[number];
type Level = "yes" | "no" | "unknown";
type Rights = Readonly<Record<Right, Level>>;
const LEVELS: readonly Level[] = ["no", "unknown", "yes"];
const levelOf = (level: Level): number => LEVELS.indexOf(level);

/** What an agent can do at a place in one tier, besides what earlier tiers say, and the row that says so. */
interface Held {
  tier: Tier;
  row: ReachRow;
  /** False: the row stands above the place. */
  own: boolean;
  rights: Rights;
}
interface Pair {
  before: Held | undefined;
  after: Held | undefined;
}
/** Rows of one actor: by place, then by tier. */
interface Places {
  at: ReadonlyMap<string, ReadonlyMap<string, ReachRow>>;
  /** True if some row includes what is below its place. */
  wide: boolean;
}

export interface CompareRequest extends ReachRequest {
  /** Places that lie elsewhere on one of the sides; undefined: it may be any, and every place is looked at. */
  moved: readonly string[] | undefined;
}

/**
 * Rows that differ, in the order of their key; with a scope, of what it contains as well: who comes to a part of it comes to
 * it. Holds the rows of one agent, mode and lender at a time.
 */
export async function* changesOf(
  before: Side,
  after: Side,
  { tiers, moved, ...asked }: CompareRequest,
): AsyncGenerator<ChangeRow> {
  const area =
    asked.scope === undefined ? undefined : await areaOf(asked.scope, moved ?? [], [before, after]);
  const request = {
    ...asked,
    ...(area === undefined ? {} : { inside: area.read }),
    ...(moved === undefined ? { expand: true } : {}),
  };
  // Rows say by themselves what lies where. A place that is asked about lies elsewhere if something above it does.
  const elsewhere = area === undefined || moved?.length === 0 ? moved : [asked.scope!, ...area.moved];
  const also = new Set(request.expand === true ? [] : elsewhere);
  const names = [
    "agent_id",
    "mode",
    "via",
    ...(request.expand === true ? ["scope_id" as const] : []),
  ] as const;
  const pairs = paired(grouped(before.reach(request), names), grouped(after.reach(request), names));
  for await (const [was, is] of pairs)
    for await (const row of differences(was, is, before, after, also))
      if (
        area?.besides.has(row.scope_id) !== true &&
        (tiers === undefined || [row.tier, row.before_tier].some((tier) => tiers.includes(tier)))
      )
        yield row;
}

interface Area {
  /** Places whose rows are needed, beside the one that was asked about and those above it. */
  read: ReadonlySet<string>;
  /** Those of them that were not asked about: they say what held where a place inside lay, or would lie. */
  besides: ReadonlySet<string>;
  /** Places inside that lie elsewhere on one of the sides. */
  moved: readonly string[];
}

async function areaOf(scope: string, moved: readonly string[], sides: readonly Side[]): Promise<Area> {
  const of = async (ask: (side: Side) => Promise<readonly string[]>) =>
    (await Promise.all(sides.map(ask))).flat();
  const inside = new Set(await of((side) => side.inside(scope)));
  const asked = new Set([...inside, ...(await of((side) => side.above(scope)))]);
  const movedInside = moved.filter((place) => inside.has(place));
  const besides = new Set<string>();
  for (const place of movedInside)
    for (const above of await of((side) => side.above(place))) if (!asked.has(above)) besides.add(above);
  return { read: new Set([...inside, ...besides]), besides, moved: movedInside };
}

interface Group {
  key: readonly string[];
  rows: ReachRow[];
}

async function* grouped(
  rows: AsyncIterable<ReachRow>,
  names: readonly (keyof ReachRow)[],
): AsyncGenerator<Group> {
  let group: Group | undefined;
  for await (const row of rows) {
    const key = names.map((name) => String(row[name]));
    if (group !== undefined && compare(group.key, key) === 0) group.rows.push(row);
    else {
      if (group !== undefined) yield group;
      group = { key, rows: [row] };
    }
  }
  if (group !== undefined) yield group;
}

const compare = (a: readonly string[], b: readonly string[]): number => {
  for (const [index, value] of a.entries()) {
    const order = bytewise(value, b[index]!);
    if (order !== 0) return order;
  }
  return 0;
};

/** Groups of the same key from both sides; without one, no rows. */
async function* paired(
  left: AsyncGenerator<Group>,
  right: AsyncGenerator<Group>,
): AsyncGenerator<[ReachRow[], ReachRow[]]> {
  try {
    let [a, b] = [await left.next(), await right.next()];
    while (a.done !== true || b.done !== true) {
      const order = a.done === true ? 1 : b.done === true ? -1 : compare(a.value.key, b.value.key);
      yield [order <= 0 ? (a.value as Group).rows : [], order >= 0 ? (b.value as Group).rows : []];
      if (order <= 0) a = await left.next();
      if (order >= 0) b = await right.next();
    }
  } finally {
    await left.return(undefined);
    await right.return(undefined);
  }
}

async function* differences(
  was: readonly ReachRow[],
  is: readonly ReachRow[],
  before: Side,
  after: Side,
  moved: ReadonlySet<string>,
): AsyncGenerator<ChangeRow> {
  const [old, now] = [byPlace(was), byPlace(is)];
  const places = new Set([...old.at.keys(), ...now.at.keys(), ...(old.wide || now.wide ? moved : [])]);
  for (const place of [...places].sort(bytewise)) {
    const elsewhere = moved.has(place);
    if (!elsewhere && same(old.at.get(place), now.at.get(place))) continue;
    const held = await heldAt(place, old, before);
    const holds = await heldAt(place, now, after);
    if (
      !elsewhere &&
      !now.at.has(place) &&
      !held.some((old) => exceeds(old, holds) || wasSurer(old, holds))
    ) {
      // What the row above gives besides is said of the row above, if it is new there as well.
      const unsaid = holds.filter((one) => exceeds(one, held));
      if (
        await all(unsaid, async (one) => isSaidAbove(one, held, await heldAt(one.row.scope_id, old, before)))
      )
        continue;
    }
    for (const pair of pairsOf(held, holds))
      if (elsewhere || pair.before?.own === true || pair.after?.own === true)
        yield changeOf(place, pair, held, { today: before, later: after });
  }
}

function byPlace(rows: readonly ReachRow[]): Places {
  const places = new Map<string, Map<string, ReachRow>>();
  for (const row of rows) {
    const tiers = places.get(row.scope_id) ?? new Map<string, ReachRow>();
    tiers.set(row.tier, row);
    places.set(row.scope_id, tiers);
  }
  return { at: places, wide: rows.some(({ covers }) => covers === "subtree") };
}

const alike = (a: ReachRow | undefined, b: ReachRow | undefined): boolean =>
  a === b ||
  (a !== undefined &&
    b !== undefined &&
    a.certainty === b.certainty &&
    a.covers === b.covers &&
    a.use === b.use &&
    RIGHTS.every((right) => a[right] === b[right]));
const same = (a: ReadonlyMap<string, ReachRow> | undefined, b: ReadonlyMap<string, ReachRow> | undefined) =>
  TIERS.every((tier) => alike(a?.get(tier), b?.get(tier)));

/** By tier: the nearest row at or above the place has seen everything above it and speaks for it. */
async function heldAt(place: string, places: Places, side: Side): Promise<Held[]> {
  const chain = places.wide ? await side.above(place) : [place];
  const held: Held[] = [];
  const said: Record<Right, Level> = { discover: "no", read: "no", write: "no", manage: "no" };
  for (const tier of TIERS) {
    const row = chain
      .map((scope) => places.at.get(scope)?.get(tier))
      .find((one) => one !== undefined && (one.scope_id === place || one.covers === "subtree"));
    if (row === undefined) continue;
    // A later tier says only what the earlier ones do not.
    const rights = Object.fromEntries(
      RIGHTS.map((right) => [right, levelOf(row[right] || "no") > levelOf(said[right]) ? row[right] : "no"]),
    ) as Record<Right, Level>;
    for (const right of RIGHTS) if (rights[right] !== "no") said[right] = rights[right];
    if (RIGHTS.some((right) => rights[right] !== "no"))
      held.push({ tier, row, own: row.scope_id === place, rights });
  }
  return held;
}

const order = (tier: Tier): number => TIERS.indexOf(tier);

/** Rights that this gives and the others do not give as surely in the same tier or an earlier one. */
const besides = ({ tier, rights }: Held, others: readonly Held[]): Right[] =>
  RIGHTS.filter(
    (right) =>
      rights[right] !== "no" &&
      !others.some(
        (other) => order(other.tier) <= order(tier) && levelOf(other.rights[right]) >= levelOf(rights[right]),
      ),
  );
const exceeds = (one: Held, others: readonly Held[]): boolean => besides(one, others).length > 0;

/** From least to most. */
const CERTAINTIES: readonly string[] = ["unknown", "upper-bound", "exact"];
/** True if a row of the place itself said for sure what the row above says less surely. */
const wasSurer = ({ tier, row, own }: Held, others: readonly Held[]): boolean =>
  own &&
  others.some(
    (other) =>
      other.tier === tier && CERTAINTIES.indexOf(other.row.certainty) < CERTAINTIES.indexOf(row.certainty),
  );

/** True if all that a row above gives at a place besides what was `held` there is new at its own place, too. */
function isSaidAbove(one: Held, held: readonly Held[], above: readonly Held[]): boolean {
  const there = besides(one, above);
  return besides(one, held).every((right) => there.includes(right));
}

async function all<T>(items: readonly T[], holds: (item: T) => Promise<boolean>): Promise<boolean> {
  for (const item of items) if (!(await holds(item))) return false;
  return true;
}

/** What differs, tier by tier; what moved from one tier to another is one change. */
function pairsOf(held: readonly Held[], holds: readonly Held[]): Pair[] {
  const pairs: Pair[] = [];
  const left = held.filter(({ tier }) => !holds.some((now) => now.tier === tier));
  const come = holds.filter(({ tier }) => !held.some((old) => old.tier === tier));
  for (const after of holds) {
    const before = held.find(({ tier }) => tier === after.tier);
    if (before === undefined) continue;
    const equal =
      before.row.certainty === after.row.certainty &&
      !(
        before.own &&
        after.own &&
        (before.row.covers !== after.row.covers || before.row.use !== after.row.use)
      ) &&
      RIGHTS.every((right) => before.rights[right] === after.rights[right]);
    if (!equal) pairs.push({ before, after });
  }
  for (let i = 0; i < Math.max(left.length, come.length); i++)
    pairs.push({ before: left[i], after: come[i] });
  return pairs.sort((a, b) => bytewise((a.after ?? a.before!).tier, (b.after ?? b.before!).tier));
}

/** How much of content enters an answer, least first. */
const USES: readonly ReachRow["use"][] = ["no", "bytes-only", "cite-only", "unknown", "yes"];

/**
 * The same rights go further where everything below comes along, or where more of the content can be used. Rights that nobody
 * knows go nowhere: what leaves them unknown below as well is a gap, which the exit code says by itself.
 */
const widens = (before: ReachRow, after: ReachRow): boolean =>
  (before.covers === "scope" &&
    after.covers === "subtree" &&
    RIGHTS.some((right) => after[right] === "yes")) ||
  USES.indexOf(after.use) > USES.indexOf(before.use);

async function changeOf(
  place: string,
  { before, after }: Pair,
  held: readonly Held[],
  { today, later }: { today: Side; later: Side },
): Promise<ChangeRow> {
  const rightOf = (right: Right): Level =>
    before?.own === true ? before.row[right] || "no" : (before?.rights[right] ?? "no");
  const gained =
    after !== undefined &&
    (exceeds(after, held) || (before?.own === true && after.own && widens(before.row, after.row)));
  return {
    ...(after === undefined ? await rowAt(place, before!, today) : await rowAt(place, after, later)),
    change: before === undefined ? "new" : after === undefined ? "gone" : "changed",
    gained: gained ? "yes" : "no",
    before_covers: before?.row.covers ?? "",
    before_discover: rightOf("discover"),
    before_read: rightOf("read"),
    before_write: rightOf("write"),
    before_manage: rightOf("manage"),
    before_use: before?.own === true ? before.row.use : rightOf("read"),
    before_tier: before?.tier ?? "",
    before_certainty: before?.row.certainty ?? "",
  };
}

/** The row as it would be shown; where a row above speaks for the place, as `--expand` shows it. */
async function rowAt(place: string, { row, own }: Held, side: Side): Promise<ReachRow> {
  if (own) return row;
  const request = { agents: [row.agent_id], modes: [row.mode], scope: place, expand: true };
  for await (const shown of side.reach(request))
    if (shown.via === row.via && shown.tier === row.tier && shown.scope_id === place) return shown;
  return { ...row, scope_id: place };
}
