/** `reach`, `who` and `explain`: what a person asked, printed. */
import { extname } from "node:path";
import { renderHtml } from "../../reports/html.ts";
import type { Answers } from "../app.ts";
import { draftText } from "../keep/files.ts";
import { ConfigError, type Row } from "../model.ts";
import { servesPeople } from "../reach/audience.ts";
import { type Doubt, type PathStep, sayPath } from "../reach/paths.ts";
import type { People, Standing } from "../reach/people-gain.ts";
import { REACH_COLUMNS, REACH_SCHEMA_VERSION, type ReachRow } from "../reach/reach-row.ts";
import type { Ways } from "../reach/ways.ts";
import type { Removal } from "../reach/ways-moves.ts";
import { deliver, formatOf, type Made, type OutputOptions } from "./output.ts";
import { printTop, VERBS, viewOf, write } from "./print.ts";

export interface ReachCommand extends OutputOptions, Made {
  agent: string | undefined;
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
  "tier",
  "certainty",
  "total_items",
  "sensitive",
  "completeness",
  "path",
];

export async function reachCommand(answers: Answers, options: ReachCommand): Promise<void> {
  const { agent, out } = options;
  const page = out !== undefined && options.format === undefined && extname(out).toLowerCase() === ".html";
  const format = page ? "table" : formatOf(options);
  const agents = agent === undefined ? undefined : await answers.findAgents(agent);
  const scope = options.scope === undefined ? undefined : await answers.findScope(options.scope);
  if (page) {
    const draft = await draftText(out, renderHtml(await viewOf(answers, agents)));
    await draft.publish();
    process.stdout.write(`Wrote ${out}.\n`);
    return;
  }
  const narrowed = agents !== undefined || scope !== undefined || options.all === true;
  if (!narrowed && format === "table") return printTop(answers, undefined);
  const top = narrowed ? agents : (await answers.top(20)).map((row) => String(row.agent_id));
  const users = new Map<string, Counted>();
  const rows = countedUsers(
    users,
    answers.reach({
      ...(top === undefined ? {} : { agents: top }),
      ...(scope === undefined ? {} : { scope }),
      ...(options.tier === undefined ? {} : { tiers: options.tier }),
      ...(options.mode === undefined ? {} : { modes: options.mode }),
      ...(options.expand === undefined ? {} : { expand: options.expand }),
    }),
  );
  await deliver({
    ...options,
    ...{ answers, rows, columns: REACH_COLUMNS, schemaVersion: REACH_SCHEMA_VERSION },
    ...{ forPeople: FOR_PEOPLE, limit: 200 },
  });
  if (format !== "table") return;
  if (scope !== undefined) await sayUnknown(answers, scope);
  if (options.judged !== undefined)
    process.stdout.write(options.judged.standings().map(sayStanding).join(""));
  else if (agent !== undefined) process.stdout.write([...users.values()].map(sayCounted).join(""));
}

type Counted = Pick<ReachRow, "agent_name" | "mode" | "via" | "audience_count">;
/** Notes how many people may use the agents, in each mode by each lender that serves them. */
async function* countedUsers(
  found: Map<string, Counted>,
  rows: AsyncIterable<ReachRow>,
): AsyncGenerator<ReachRow> {
  for await (const row of rows) {
    const key = JSON.stringify([row.agent_id, row.mode, row.via]);
    if (servesPeople(row) && found.size < MOST_LINES && !found.has(key))
      found.set(key, {
        ...{ agent_name: row.agent_name, mode: row.mode, via: row.via, audience_count: row.audience_count },
      });
    yield row;
  }
}
/** So many lines about people are printed. */
const MOST_LINES = 50;

const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString("en-US")} ${count === 1 ? one : many}`;
const people = (count: number): string => counted(count, "person", "people");
const sayWho = ({ agent_name, mode, via, audience_count }: Counted): string =>
  `${agent_name}, ${mode}${via === "" ? "" : ` by ${via}`}: ${audience_count === null ? "who may use it was not read" : `${people(audience_count)} may use it`}`;
const sayCounted = (one: Counted): string =>
  `${sayWho(one)}.${one.audience_count === null ? "" : " Who gains, or has most: --people"}\n`;

function sayStanding(one: Standing): string {
  if (one.audience_count === null) return `${sayWho(one)}.\n`;
  if (one.mode === "on-behalf-of") {
    const { worst, reason } = one;
    const most =
      worst === undefined
        ? reason
        : `most: ${worst.name} (${worst.id}), who reads ${counted(worst.items, "item")} through it now, ${worst.sensitive.toLocaleString("en-US")} of them sensitive${reason === "" ? "" : ` (${reason})`}`;
    return `${sayWho(one)}; ${most}.\n`;
  }
  const gain =
    one.gainers === null
      ? `how many gain is not known (${one.reason})`
      : `${people(one.gainers)} gain${one.gainers === 1 ? "s" : ""} what their own access does not read`;
  return `${sayWho(one)}; ${gain}.\n`;
}

/** Steps that were not read completely at a place, above it, or where copies of it are. */
async function unreadAt(answers: Answers, scope: string): Promise<string[]> {
  const places = [scope, ...(await answers.copies(scope))];
  const concerned = answers.meta.coverage.filter(
    ({ state, scope: part }) =>
      state !== "complete" &&
      (part === "" || places.some((place) => part === place || place.startsWith(`${part}/`))),
  );
  return [...new Set(concerned.map(({ step }) => step))];
}

/** An empty answer about a place that was not read is unknown, never no. */
async function unknownAt(answers: Answers, scope: string): Promise<string> {
  const steps = await unreadAt(answers, scope);
  return steps.length === 0
    ? ""
    : `Not read completely here: ${steps.join(", ")}. Agents that are not listed are unknown, not excluded.\n`;
}

const sayUnknown = async (answers: Answers, scope: string): Promise<void> => {
  process.stdout.write(await unknownAt(answers, scope));
};

/** Rights of people are not worked out yet: what they hold is said, and the cells of rights are empty. */
const WHO_COLUMNS = [
  ...["who", "kind", "read", "write", "manage", "tier", "by", "id", "discover", "mode", "covers", "scope_id"],
  ...["certainty", "reason_code", "completeness", "gap_steps", "grant_id", "expires", "snapshot"],
].map((name) => ({ name }));

const FOR_PEOPLE_WHO = ["who", "kind", "read", "write", "manage", "tier", "certainty", "by", "id"];

/** Version of the columns of `who`. */
const WHO_SCHEMA_VERSION = 1;

export async function whoCommand(
  answers: Answers,
  wanted: string,
  options: OutputOptions & Made,
): Promise<void> {
  const format = formatOf(options);
  const scope = await answers.findScope(wanted);
  const { agents, people } = await answers.who(scope);
  const rows = async function* (): AsyncGenerator<Row> {
    for (const row of agents)
      yield { ...row, who: row.agent_name, kind: "agent", id: row.agent_id, by: row.path };
    for (const row of people)
      yield {
        ...{ who: row.name ?? row.id, kind: row.kind ?? "principal", id: row.id, scope_id: row.scope },
        ...{ by: holding(row), snapshot: answers.meta.snapshot },
      };
  };
  await deliver({
    ...options,
    ...{ answers, rows: rows(), columns: WHO_COLUMNS, schemaVersion: WHO_SCHEMA_VERSION },
    ...{ forPeople: FOR_PEOPLE_WHO },
  });
  if (format === "table") await sayUnknown(answers, scope);
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
  wantedScope: string,
  { format, out, all }: ExplainOptions,
): Promise<void> {
  const found = await answers.findAgents(wantedAgent);
  if (found.length !== 1)
    throw new ConfigError("ambiguous", `"${wantedAgent}" fits ${found.length} agents`, "give one id or name");
  const [agent, scope] = [found[0]!, await answers.findScope(wantedScope)];
  const { rows, path } = await answers.explain(agent, scope);
  const ways = all === true ? await answers.ways(agent, scope) : undefined;
  const unread = await unreadAt(answers, scope);
  const json = format === "json" || (format === undefined && out !== undefined && /\.json$/i.test(out));
  const parts = json
    ? explainJson({ agent, scope, rows, path: path ?? null, unread }, rows, ways)
    : explainText(rows, path, ways, await unknownAt(answers, scope));
  if (out === undefined) await write(parts);
  else {
    const draft = await draftText(out, parts);
    await draft.publish();
    process.stdout.write(`Wrote ${out}.\n`);
  }
}

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
    : `${rows.map(sayRow).join("\n")}\n\n${drawPath(path)}`;
  yield unknown;
  if (ways === undefined) return;
  yield "\nAll paths by memberships and grants, the shortest first. What denies and policies leave of them stands above.\n";
  let total = 0;
  const grants = new Set<string>();
  for (const one of ways.paths()) {
    noteGrants(one, grants);
    yield `${String(++total).padStart(6)}  ${sayPath(one)}\n`;
  }
  yield `${total} path${total === 1 ? "" : "s"} in all.\n`;
  const others = notAmong(rows, grants);
  if (others.length > 0)
    yield `Not among them: what comes by a blueprint, a package or a consent (${others.join(", ")}). The cut below leaves it.\n`;
  if (total > 0)
    yield `\nThe fewest to take away, so that none of these paths is left:\n${ways.cut.map(sayRemoval).join("")}`;
}

const sayRemoval = ({ kind, from, to, id, role }: Removal): string =>
  kind === "GRANTED"
    ? `  revoke ${role} of ${from.name || from.id} on ${to.name || to.id}: ${id}\n`
    : kind === "EMBEDS"
      ? `  take the copy of ${to.name || to.id} out of ${from.name || from.id}\n`
      : kind === "COPIED_TO"
        ? `  take the copy of ${from.name || from.id} out of ${to.name || to.id}\n`
        : `  take ${from.name || from.id} out of ${to.name || to.id}\n`;

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
  return `${row.agent_name} ${parts.join("; ") || "has nothing"} (${row.tier}${steps}; ${row.certainty}${row.reason === "" ? "" : `: ${row.reason}`})`;
};

const DOUBTS: Readonly<Record<Doubt, string>> = {
  "one-of-several": "(one of several ways; the graph does not show which of them the row counts) ",
  "not-known": "(the way here is not known) ",
};

/** The witness, a line a step, with what to revoke. */
const drawPath = (path: readonly PathStep[]): string =>
  path
    .map((step, index) => {
      const how = step.grant !== undefined ? `has ${step.grant.role} on` : (VERBS[step.via ?? ""] ?? "");
      const line = `${"  ".repeat(index)}${step.doubt === undefined ? "" : DOUBTS[step.doubt]}${how === "" ? "" : `└ ${how} `}${step.name} (${step.kind})`;
      return step.grant === undefined
        ? `${line}\n`
        : `${line}\n${"  ".repeat(index)}  to revoke: ${step.grant.id}\n`;
    })
    .join("");
