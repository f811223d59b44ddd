/** What is said of people in rows of reach: who has most, how many gain, and why that is not known where it is not. */
import type { GraphStore } from "../graph/store.ts";
import type { GraphMeta } from "../keep/meta.ts";
import type { Row } from "../model.ts";
import { bytewise, type ReachRequest } from "./answers.ts";
import { lendsToPeople } from "./audience.ts";
import { carries, type Group, type PeoplePlan } from "./people.ts";
import type { ReachRow } from "./reach-row.ts";

type Query = GraphStore["query"];
type Answer = "yes" | "no" | "unknown";

/** The graph of what is supposed, and what it says. */
export interface SupposedAnswers {
  ask: Query;
  reach(request: ReachRequest): AsyncGenerator<ReachRow>;
}

/** How one agent stands to its people, in one mode by one lender. */
export interface Standing {
  agent_id: string;
  agent_name: string;
  mode: ReachRow["mode"];
  via: string;
  audience_count: number | null;
  /** People who gain at one of its places at least; null: not known, or nobody can gain. */
  gainers: number | null;
  worst: Worst | undefined;
  /** Why something is not known. */
  reason: string;
}
export interface Worst {
  id: string;
  name: string;
  sensitive: number;
  items: number;
}

export interface PeopleSource {
  meta: GraphMeta;
  plan: PeoplePlan;
  /** The published graph. */
  ask: Query;
  /** Absent if nobody had to be supposed. */
  supposed: SupposedAnswers | undefined;
  /** A place and what contains it, nearest first. */
  above(scope: string): Promise<readonly string[]>;
  /** Whether a gap of this step may hide persons, memberships or grants. */
  hidesAccess(step: string): boolean;
}

export interface People {
  /** Fills `worst_user`, `gainers` and `people_reason`. */
  fill(rows: AsyncIterable<ReachRow>): AsyncGenerator<ReachRow>;
  /** Of what `fill` has seen. */
  standings(): Standing[];
}

const CARRIED = "content that the agent carries in itself is left out";
/** A row for users whose witness is content that is embedded in the agent. */
const isCarried = ({ mode, path_json }: ReachRow): boolean =>
  mode === "on-behalf-of" &&
  (JSON.parse(path_json) as { via?: string }[]).some(({ via }) => via === "EMBEDS");

export async function judgePeople(source: PeopleSource): Promise<People> {
  const { plan } = source;
  const gaps = await createGaps(source);
  const readsAt = createReaders(source);
  const worstOf = createWorst(source);
  const carrying = new Map<string, Promise<boolean>>();
  const carriesContent = (agent: string): Promise<boolean> => {
    const found = carrying.get(agent) ?? carries(source.ask, agent);
    carrying.set(agent, found);
    return found;
  };
  const seen = new Map<string, Standing & { gaining: Map<string, Answer> }>();

  const standingOf = (row: ReachRow) => {
    const key = JSON.stringify([row.agent_id, row.mode, row.via]);
    const found = seen.get(key) ?? {
      ...{ agent_id: row.agent_id, agent_name: row.agent_name || row.agent_id, mode: row.mode, via: row.via },
      ...{ audience_count: row.audience_count, gainers: null, worst: undefined, reason: "" },
      gaining: new Map<string, Answer>(),
    };
    seen.set(key, found);
    return found;
  };

  /** Fills a row of what people get that they need not have by themselves. */
  async function gain(row: ReachRow, groups: readonly Group[]): Promise<void> {
    const standing = standingOf(row);
    let [gaining, doubtful] = [0, 0];
    const reason = row.read === "unknown" ? "whether the agent reads it is not known" : await gaps(row);
    for (const { speaker, people } of groups) {
      const reads = row.read === "no" ? "yes" : await readsAt(row.scope_id, speaker);
      const gains: Answer = reads === "yes" ? "no" : reason !== "" || reads === "unknown" ? "unknown" : "yes";
      if (gains === "yes") gaining += people;
      if (gains === "unknown") doubtful += people;
      if (standing.gaining.get(speaker) !== "yes" && gains !== "no") standing.gaining.set(speaker, gains);
    }
    row.gainers = doubtful === 0 ? gaining : null;
    if (doubtful > 0) row.people_reason = reason || "what some of them have there is not certain";
    if (doubtful > 0) standing.reason ||= row.people_reason;
  }

  return {
    async *fill(rows) {
      for await (const row of rows) {
        const groups = plan.audiences.get(row.agent_id);
        const serves = row.mode === "on-behalf-of" || lendsToPeople(row);
        if (!serves || groups === undefined) {
          yield row;
          continue;
        }
        if ("unread" in groups) {
          row.people_reason = groups.unread;
          standingOf(row).reason = groups.unread;
        } else if (lendsToPeople(row) || isCarried(row)) await gain(row, groups);
        else {
          // By their own access nobody has more through it; beside content that it carries, somebody may.
          const carried = await carriesContent(row.agent_id);
          row.gainers = carried ? null : 0;
          const { worst, reason } = await worstOf(row.agent_id, groups);
          row.worst_user = worst?.id ?? "";
          row.people_reason = [reason, carried ? CARRIED : ""].filter((one) => one !== "").join("; ");
          Object.assign(standingOf(row), { worst, reason: row.people_reason });
        }
        yield row;
      }
    },
    standings: () =>
      [...seen.values()].map(({ gaining, ...standing }) => {
        const groups = plan.audiences.get(standing.agent_id);
        if (!lendsToPeople(standing) || groups === undefined || "unread" in groups) return standing;
        const unknown = groups.some(({ speaker }) => gaining.get(speaker) === "unknown");
        const sum = groups
          .filter(({ speaker }) => gaining.get(speaker) === "yes")
          .reduce((total, { people }) => total + people, 0);
        return { ...standing, gainers: unknown ? null : sum };
      }),
  };
}

/** Parts that were not read and may give somebody access. */
const gapsIn = (meta: GraphMeta, hidesAccess: PeopleSource["hidesAccess"]): GraphMeta["coverage"] =>
  meta.coverage.filter(
    ({ state, hides, step }) =>
      state !== "complete" && hides !== "denies" && hides !== "use" && hidesAccess(step),
  );

/** Why it is not known what people have at a place; empty if all of it was read. */
async function createGaps({
  meta,
  ask,
  above,
  hidesAccess,
}: PeopleSource): Promise<(row: ReachRow) => Promise<string>> {
  const open = gapsIn(meta, hidesAccess);
  const everywhere: string[] = [];
  const local = new Map<string, string>();
  for (const { scope, step } of open)
    if (
      scope !== "" &&
      (await ask("MATCH (s:Scope) WHERE s.id = $scope RETURN s.id AS id", { scope })).length > 0
    )
      local.set(scope, step);
    else everywhere.push(step);
  const say = (steps: readonly string[]): string =>
    `not read: ${[...new Set(steps)].sort(bytewise).join(", ")}`;
  return async ({ scope_id }) => {
    // Of a service as a whole only applications are read; what people have in it lies below.
    if (scope_id.startsWith("plane:")) return "what people have in this service is not read";
    if (everywhere.length > 0) return say(everywhere);
    if (local.size === 0) return "";
    const here = (await above(scope_id)).flatMap((scope) => local.get(scope) ?? []);
    return here.length === 0 ? "" : say(here);
  };
}

/** Places of which it is remembered who reads them. */
const REMEMBERED = 100;
interface Said {
  read: unknown;
  certain: boolean;
  subtree: boolean;
}
/** Tiers of what somebody has today; the first that says yes counts. */
const TODAY = ["now", "conditional"] as const;

/** Whether a speaker reads a place today, by access of their own. */
function createReaders({
  plan,
  supposed,
  above,
}: PeopleSource): (scope: string, speaker: string) => Promise<Answer> {
  let known = new Map<string, Promise<ReadonlyMap<string, Said>>>();
  const rowsAt = (scope: string): Promise<ReadonlyMap<string, Said>> => {
    const found = known.get(scope) ?? ask(scope);
    if (known.size >= REMEMBERED) known = new Map();
    known.set(scope, found);
    return found;
  };
  const ask = async (scope: string): Promise<ReadonlyMap<string, Said>> => {
    const rows = await supposed?.ask(
      `MATCH (a:Agent)-[r:CAN_REACH]->(s:Scope) WHERE s.id = $scope AND r.mode = 'maker' AND r.tier IN ['now', 'conditional']
       RETURN a.id AS agent, r.tier AS tier, r.read AS read, r.certainty AS certainty, r.subtree AS subtree`,
      { scope },
    );
    return new Map(
      (rows ?? []).map((row) => [
        `${row.agent}\n${row.tier}`,
        { read: row.read ?? null, certain: row.certainty === "exact", subtree: row.subtree === true },
      ]),
    );
  };
  return async (scope, speaker) => {
    const chain = await Promise.all((await above(scope)).map(rowsAt));
    let doubtful = false;
    for (const tier of TODAY) {
      const key = `${plan.reader(speaker)}\n${tier}`;
      const said = chain
        .map((rows, distance) => ({ row: rows.get(key), distance }))
        .find(({ row, distance }) => row !== undefined && (distance === 0 || row.subtree))?.row;
      if (said === undefined || said.read === false) continue;
      if (said.read === true) return said.certain ? "yes" : "unknown";
      doubtful = true;
    }
    return doubtful ? "unknown" : "no";
  };
}

interface Found {
  worst: Worst | undefined;
  reason: string;
}
/**
 * The person who reads most through an agent now, as far as it is known and counted: most sensitive items, then most
 * items, then the smallest id.
 */
function createWorst({
  plan,
  supposed,
  ask,
  meta,
  hidesAccess,
}: PeopleSource): (agent: string, groups: readonly Group[]) => Promise<Found> {
  let last: { agent: string; found: Promise<Found> } | undefined;
  const unread = [...new Set(gapsIn(meta, hidesAccess).map(({ step }) => step))].sort(bytewise);
  const find = async (agent: string, groups: readonly Group[]): Promise<Found> => {
    const copies = new Map(groups.map((group) => [plan.copy(agent, group.speaker) ?? "", group]));
    const sums = new Map<string, { sensitive: number; items: number }>();
    const open = new Set(unread.length === 0 ? [] : [`not read: ${unread.join(", ")}`]);
    for await (const row of supposed?.reach({
      ...{ agents: [...copies.keys()], modes: ["on-behalf-of"], tiers: ["now"] },
    }) ?? []) {
      if (row.read === "no") continue;
      if (row.read === "unknown") open.add("places where what they read is not known are left out");
      else if (row.readable_items === null) open.add("places whose items were not counted are left out");
      else if (row.certainty !== "exact") open.add("some of it may be less: an upper bound");
      const sum = sums.get(row.agent_id) ?? { sensitive: 0, items: 0 };
      sums.set(row.agent_id, sum);
      sum.sensitive += row.readable_sensitive ?? 0;
      sum.items += row.readable_items ?? 0;
    }
    const left = [...open].sort(bytewise);
    const [best] = [...sums]
      .map(([copy, sum]) => ({ ...sum, id: copies.get(copy)!.first }))
      .sort((a, b) => b.sensitive - a.sensitive || b.items - a.items || bytewise(a.id, b.id));
    if (best === undefined || best.items === 0)
      return {
        worst: undefined,
        reason: ["none of them is known to read items through it now", ...left].join("; "),
      };
    const [row] = await ask("MATCH (p:Principal) WHERE p.id = $id RETURN p.name AS name", { id: best.id });
    return { worst: { ...best, name: nameOf(row, best.id) }, reason: left.join("; ") };
  };
  return (agent, groups) => {
    if (last?.agent !== agent) last = { agent, found: find(agent, groups) };
    return last.found;
  };
}
const nameOf = (row: Row | undefined, id: string): string => (row?.name ? String(row.name) : id);
