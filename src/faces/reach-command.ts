/** `reach`, `who` and `explain`: what a person asked, printed. */
import { extname } from "node:path";
import { renderHtml } from "../../reports/html.ts";
import type { Answers } from "../app.ts";
import { draftText } from "../keep/files.ts";
import { ConfigError, type Row } from "../model.ts";
import { servesPeople } from "../reach/audience.ts";
import { gapsAt, sayGaps, sayUnread, stepsOf, unreadParts } from "../reach/gaps.ts";
import { type Doubt, type PathStep, sayPath } from "../reach/paths.ts";
import type { People, Standing } from "../reach/people-gain.ts";
import type { Narrowing } from "../reach/ranking.ts";
import { REACH_COLUMNS, REACH_SCHEMA_VERSION, type ReachRow } from "../reach/reach-row.ts";
import type { Ways } from "../reach/ways.ts";
import type { Removal } from "../reach/ways-moves.ts";
import { type Format, printable } from "./format.ts";
import { deliver, formatOf, type Made, type OutputOptions, sayBeside } from "./output.ts";
import { printTop, sayListed, TOP_AGENTS, verbOf, viewOf, write } from "./print.ts";
import { shellWord } from "./shell.ts";

export interface ReachCommand extends OutputOptions, Made {
  agent: string | undefined;
  /** How the next command begins: it must find the same data. */
  beginning: string;
  all?: boolean;
  expand?: boolean;
  scope?: string;
  tier?: readonly string[];
  mode?: readonly string[];
  /** Who has most and who gains, where it was worked out. */
  judged?: People;
}

/** Columns that fit a terminal. */
export const FOR_PEOPLE = [
  "agent_name",
  "scope_name",
  "scope_kind",
  "covers",
  "read",
  "write",
  "manage",
  "mode",
  "tier",
  "certainty",
  "readable_items",
  "readable_sensitive",
  "completeness",
  "path",
];

export async function reachCommand(answers: Answers, options: ReachCommand): Promise<void> {
  const { agent, out } = options;
  const page = out !== undefined && options.format === undefined && extname(out).toLowerCase() === ".html";
  const format = page ? "table" : formatOf(options);
  const agents = agent === undefined ? undefined : await answers.findAgents(agent);
  const scope = options.scope === undefined ? undefined : await answers.findScope(options.scope);
  const narrowing: Narrowing = {
    ...(agents === undefined ? {} : { agents }),
    ...(scope === undefined ? {} : { scope }),
    ...(options.tier === undefined ? {} : { tiers: options.tier }),
    ...(options.mode === undefined ? {} : { modes: options.mode }),
  };
  if (page) {
    const draft = await draftText(out, renderHtml(await viewOf(answers, narrowing)));
    await draft.publish();
    process.stdout.write(`Wrote ${out}.\n`);
    return;
  }
  const all = agents !== undefined || scope !== undefined || options.all === true;
  if (!all && format === "table") return printTop(answers, { beginning: options.beginning, narrowing });
  const ranking = all ? undefined : await answers.ranking(narrowing);
  const top = ranking?.ranked.slice(0, TOP_AGENTS).map(({ id }) => id);
  const seen: Seen = { users: new Map(), agents: new Set() };
  const rows = countedUsers(
    seen,
    answers.reach({
      ...narrowing,
      ...(top === undefined ? {} : { agents: top }),
      ...(options.expand === undefined ? {} : { expand: options.expand }),
    }),
  );
  await deliver({
    ...options,
    ...{ answers, rows, columns: REACH_COLUMNS, schemaVersion: REACH_SCHEMA_VERSION },
    ...{ forPeople: FOR_PEOPLE, limit: 200 },
  });
  if (scope !== undefined) {
    sayInside(options, scope, options.scope!, await answers.agentsInside(scope, narrowing), seen.agents);
    sayBeside(await unknownAt(answers, scope), format);
  } else if (seen.agents.size === 0) sayBeside(sayUnread(unreadParts(answers), ""), format);
  if (ranking !== undefined && ranking.ranked.length > TOP_AGENTS) {
    // Rows on stdout are for programs.
    const notes = out === undefined ? process.stderr : process.stdout;
    notes.write(`${sayListed(TOP_AGENTS, ranking, narrowing)} --all writes the rows of every agent.\n`);
  }
  if (format !== "table") return;
  if (options.judged !== undefined)
    process.stdout.write(options.judged.standings().map(sayStanding).join(""));
  else if (agent !== undefined) process.stdout.write([...seen.users.values()].map(sayCounted).join(""));
}

type Counted = Pick<ReachRow, "agent_name" | "mode" | "via" | "audience_count">;
interface Seen {
  users: Map<string, Counted>;
  /** Agents with rows. */
  agents: Set<string>;
}
/** Notes how many people may use the agents, in each mode by each lender that serves them. */
async function* countedUsers(seen: Seen, rows: AsyncIterable<ReachRow>): AsyncGenerator<ReachRow> {
  const { users } = seen;
  for await (const row of rows) {
    seen.agents.add(row.agent_id);
    const key = JSON.stringify([row.agent_id, row.mode, row.via]);
    if (servesPeople(row) && users.size < MOST_LINES && !users.has(key))
      users.set(key, {
        ...{
          agent_name: row.agent_name || row.agent_id,
          mode: row.mode,
          via: row.via,
          audience_count: row.audience_count,
        },
      });
    yield row;
  }
}
/** So many lines about people are printed. */
const MOST_LINES = 50;

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
const people = (count: number): string => counted(count, "person", "people");
const sayWho = (
  { agent_name, mode, via, audience_count }: Counted,
  unread = "who may use it was not read",
): string =>
  `${printable(agent_name)}, ${mode}${via === "" ? "" : ` by ${printable(via)}`}: ${audience_count === null ? unread : `${people(audience_count)} may use it`}`;
const sayCounted = (one: Counted): string =>
  `${sayWho(one)}.${one.audience_count === null ? "" : " Who gains, or has most: --people"}\n`;

function sayStanding(one: Standing): string {
  if (one.audience_count === null) return `${sayWho(one, one.reason)}.\n`;
  if (one.mode === "on-behalf-of") {
    const { worst, reason } = one;
    const most =
      worst === undefined
        ? reason
        : `most: ${printable(worst.name)} (${printable(worst.id)}), who reads ${counted(worst.items, "item")} through it now, ${worst.sensitive.toLocaleString("en-US")} of them sensitive${reason === "" ? "" : ` (${reason})`}`;
    return `${sayWho(one)}; ${most}.\n`;
  }
  const gain =
    one.gainers === null
      ? `how many gain is not known (${one.reason})`
      : `${people(one.gainers)} gain${one.gainers === 1 ? "s" : ""} what their own access does not read`;
  return `${sayWho(one)}; ${gain}.\n`;
}

/** The place that is meant, and what to call it; of an item it is said which place protects it. */
async function placeOf(
  answers: Answers,
  wanted: string,
  format: Format,
): Promise<{ scope: string; name: string }> {
  const { scope, item } = await answers.findPlace(wanted);
  if (item !== undefined)
    sayBeside(
      `${printable(`${item.name} (${item.id}) is protected by ${item.place} (${scope}).`)}\n\n`,
      format,
    );
  return { scope, name: item?.place ?? wanted };
}

const unknownAt = async (answers: Answers, scope: string): Promise<string> =>
  sayGaps(await gapsAt(answers, scope), "here");

/** Rights of people are not worked out yet: what they hold is said, and the cells of rights are empty. */
const WHO_COLUMNS = [
  ...["who", "kind", "read", "write", "manage", "tier", "by", "id", "discover", "mode", "covers", "scope_id"],
  ...["certainty", "reason_code", "completeness", "gap_steps", "grant_id", "expires", "snapshot"],
].map((name) => ({ name }));

const FOR_PEOPLE_WHO = ["who", "kind", "read", "write", "manage", "mode", "tier", "certainty", "by", "id"];

/** Version of the columns of `who`. */
const WHO_SCHEMA_VERSION = 1;

export async function whoCommand(
  answers: Answers,
  wanted: string,
  options: OutputOptions & Made & Pick<ReachCommand, "beginning">,
): Promise<void> {
  const format = formatOf(options);
  const { scope, name } = await placeOf(answers, wanted, format);
  const { agents, people } = await answers.who(scope);
  const rows = async function* (): AsyncGenerator<Row> {
    for (const row of agents)
      yield { ...row, who: row.agent_name || row.agent_id, kind: "agent", id: row.agent_id, by: row.path };
    for (const row of people)
      yield {
        ...{
          who: row.name ?? row.id,
          kind: row.kind ?? "principal",
          id: row.id,
          scope_id: row.scope,
          tier: row.tier,
        },
        ...{ by: holding(row), snapshot: answers.meta.snapshot },
      };
  };
  await deliver({
    ...options,
    ...{ answers, rows: rows(), columns: WHO_COLUMNS, schemaVersion: WHO_SCHEMA_VERSION },
    ...{ forPeople: FOR_PEOPLE_WHO },
  });
  const listed = new Set(agents.map(({ agent_id }) => agent_id));
  sayInside(options, scope, name, await answers.agentsInside(scope), listed);
  sayBeside(await unknownAt(answers, scope), format);
}

/** Who gets to places inside the one that was asked about, and not to that itself: no row says so, for people as in files. */
function sayInside(
  { beginning }: Pick<ReachCommand, "beginning">,
  scope: string,
  name: string,
  inside: ReadonlySet<string>,
  listed: ReadonlySet<string>,
): void {
  const more = [...inside].filter((id) => !listed.has(id)).length;
  if (more > 0)
    process.stderr.write(
      `${counted(more, "more agent reaches", "more agents reach")} places inside ${printable(name)}: ${beginning} query agents-inside-a-place --param ${shellWord(`place=${scope}`)}\n`,
    );
}

const holding = (row: Row): string =>
  [row.role, row.through === "" ? "" : `through ${String(row.through)}`, `at ${String(row.scope)}`]
    .filter(Boolean)
    .join(" ");

export interface ExplainOptions {
  format?: "table" | "json";
  out?: string;
  /** All paths, not only the shortest. */
  all?: boolean;
}

/** As text, or with `json` as one object; to a file where one is named. Paths are written as they are found. */
export async function explainCommand(
  answers: Answers,
  wantedAgent: string,
  wantedPlace: string,
  { format, out, all }: ExplainOptions,
): Promise<void> {
  const found = await answers.findAgents(wantedAgent);
  if (found.length !== 1)
    throw new ConfigError("ambiguous", `"${wantedAgent}" fits ${found.length} agents`, "give one id or name");
  const json = format === "json" || (format === undefined && out !== undefined && /\.json$/i.test(out));
  const agent = found[0]!;
  const { scope } = await placeOf(answers, wantedPlace, json ? "json" : "table");
  const { rows, path } = await answers.explain(agent, scope);
  const ways = all === true ? await answers.ways(agent, scope) : undefined;
  const gaps = await gapsAt(answers, scope);
  const parts = json
    ? explainJson(
        { agent, scope, rows, path: path ?? null, unread: stepsOf([...gaps.here, ...gaps.elsewhere]) },
        rows,
        ways,
      )
    : explainText(
        rows,
        path,
        ways,
        sayPlaces(
          rows.some((row) => row.scope_id === scope) ? [] : await answers.placesInside(agent, scope),
        ) + sayGaps(gaps, "here"),
      );
  if (out === undefined) await write(parts);
  else {
    const draft = await draftText(out, parts);
    await draft.publish();
    process.stdout.write(`Wrote ${out}.\n`);
  }
}

/** So many places are named. */
const NAMED = 3;
const sayPlaces = (names: readonly string[]): string =>
  names.length === 0
    ? ""
    : printable(
        `It reaches ${names.length} place${names.length === 1 ? "" : "s"} inside it: ${names.slice(0, NAMED).join(", ")}${names.length > NAMED ? ", …" : ""}`,
      ).concat("\n");

async function* explainJson(
  said: object,
  rows: readonly ReachRow[],
  ways: Ways | undefined,
): AsyncGenerator<string> {
  const text = JSON.stringify(said);
  if (ways === undefined) return yield `${text}\n`;
  yield `${text.slice(0, -1)},"paths":[`;
  let total = 0;
  const grants = new Set<string>();
  for (const one of ways.paths()) {
    noteGrants(one, grants);
    yield `${total++ === 0 ? "" : ","}${JSON.stringify(one)}`;
  }
  yield `],"total":${total},"cut":${JSON.stringify(ways.cut)},"not_among":${JSON.stringify(notAmong(rows, grants))}}\n`;
}

const noteGrants = (path: readonly PathStep[], grants: Set<string>): void => {
  for (const { grant } of path) if (grant !== undefined) grants.add(grant.id);
};
/** Content that the agent carries needs no grant, and its ways are shown. */
const isCarried = ({ path_json }: ReachRow): boolean =>
  (JSON.parse(path_json) as PathStep[]).some(({ via }) => via === "EMBEDS");
/** What rows rest on besides these grants; a row without a grant (a server of unknown identity) by its mode. */
const notAmong = (rows: readonly ReachRow[], grants: ReadonlySet<string>): string[] => [
  ...new Set(
    rows
      .filter((row) => (row.grant_id === "" ? !isCarried(row) : !grants.has(row.grant_id)))
      .map(({ grant_id, mode, via }) => grant_id || [mode, via].filter(Boolean).join(" via ")),
  ),
];

async function* explainText(
  rows: readonly ReachRow[],
  path: readonly PathStep[] | undefined,
  ways: Ways | undefined,
  unknown: string,
): AsyncGenerator<string> {
  yield path === undefined
    ? "No path was read from this agent to this place.\n"
    : `${rows.map((row) => printable(sayRow(row))).join("\n")}\n\n${drawPath(path)}`;
  yield unknown;
  if (ways === undefined) return;
  yield "\nAll paths by memberships and grants, the shortest first. What denies and policies leave of them stands above.\n";
  let total = 0;
  const grants = new Set<string>();
  for (const one of ways.paths()) {
    noteGrants(one, grants);
    yield `${String(++total).padStart(6)}  ${printable(sayPath(one))}\n`;
  }
  yield `${total} path${total === 1 ? "" : "s"} in all.\n`;
  const others = notAmong(rows, grants);
  if (others.length > 0)
    yield `Not among them: what comes by a blueprint, a package or a consent (${printable(others.join(", "))}). The cut below leaves it.\n`;
  if (total > 0)
    yield `\nThe fewest to take away, so that none of these paths is left:\n${ways.cut.map((one) => `  ${printable(sayRemoval(one))}\n`).join("")}`;
}

const REMOVALS: Readonly<Record<Removal["kind"], (from: string, to: string, of: Removal) => string>> = {
  GRANTED: (from, to, { role, id }) => `revoke ${role} of ${from} on ${to}: ${id}`,
  MEMBER_OF: (from, to) => `take ${from} out of ${to}`,
  COPIED_TO: (from, to) => `take the copy of ${from} out of ${to}`,
  EMBEDS: (from, to) => `take the copy of ${to} out of ${from}`,
  CONFERS: (from, to) => `take ${to} out of the package ${from}`,
};
const sayRemoval = (one: Removal): string =>
  REMOVALS[one.kind](one.from.name || one.from.id, one.to.name || one.to.id, one);

const sayRow = (row: ReachRow): string => {
  const can = (["read", "write", "manage", "discover"] as const).filter((right) => row[right] === "yes");
  const unknown = (["read", "write", "manage", "discover"] as const).filter(
    (right) => row[right] === "unknown",
  );
  const parts = [
    can.length === 0 ? "" : `can ${can.join(", ")}`,
    unknown.length === 0 ? "" : `unknown: ${unknown.join(", ")}`,
  ].filter(Boolean);
  const steps = row.steps === null ? "" : `, ${row.steps} step${row.steps === 1 ? "" : "s"} away`;
  return `${row.agent_name || row.agent_id} ${parts.join("; ") || "has nothing"} (${row.mode}, ${row.tier}${steps}; ${row.certainty}${row.reason === "" ? "" : `: ${row.reason}`})`;
};

const DOUBTS: Readonly<Record<Doubt, string>> = {
  "one-of-several": "(one of several ways; the graph does not show which of them the row counts) ",
  "not-known": "(the way here is not known) ",
};

/** The witness, a line a step, with what to revoke. */
const drawPath = (path: readonly PathStep[]): string =>
  path
    .map((step, index) => {
      const how = step.grant !== undefined ? `has ${step.grant.role} on` : (verbOf(step) ?? "");
      const line = printable(
        `${"  ".repeat(index)}${step.doubt === undefined ? "" : DOUBTS[step.doubt]}${how === "" ? "" : `└ ${how} `}${step.name} (${step.kind})${step.regrant ? ", and could give itself more" : ""}`,
      );
      const beside =
        step.grant !== undefined
          ? `to revoke: ${step.grant.id}`
          : step.how === undefined
            ? ""
            : `by ${step.how}`;
      return beside === "" ? `${line}\n` : `${line}\n${"  ".repeat(index)}  ${printable(beside)}\n`;
    })
    .join("");
