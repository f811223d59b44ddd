/** What people see on a terminal. */
import { resolve } from "node:path";
import { renderHtml } from "../../reports/html.ts";
import type { AgentLine, CoverageLine, ReportView } from "../../reports/index.ts";
import type { Answers } from "../app.ts";
import { draftText } from "../keep/files.ts";
import { type GraphMeta, openGaps } from "../keep/meta.ts";
import {
  ConfigError,
  type CoverageState,
  type Finding,
  type Row,
  SEVERITIES,
  WORST_FIRST,
} from "../model.ts";
import { bytewise } from "../reach/answers.ts";
import { controlVerb, type PathStep } from "../reach/paths.ts";
import { countedTiers, type Narrowing, type Ranking } from "../reach/ranking.ts";
import type { ReachRow } from "../reach/reach-row.ts";
import { type Format, formatRows, printable } from "./format.ts";
import { shellWord } from "./shell.ts";

export async function write(chunks: AsyncIterable<string>): Promise<void> {
  for await (const chunk of chunks)
    if (!process.stdout.write(chunk)) await new Promise((done) => process.stdout.once("drain", done));
}

const width = (): { width?: number } =>
  process.stdout.columns === undefined ? {} : { width: process.stdout.columns };

export async function* each(rows: readonly Row[]): AsyncGenerator<Row> {
  yield* rows;
}

/** A short list that is known as a whole, such as permissions. */
export async function printAnswer(
  rows: readonly Row[],
  columns: readonly string[],
  format: Exclude<Format, "parquet">,
): Promise<void> {
  const named = columns.map((name) => ({ name }));
  await write(formatRows(format, each(rows), named, width()));
}

const number = (value: unknown): string => Number(value ?? 0).toLocaleString("en-US");

/** What narrows the rows, as people read it: `in tier latent`, `mode app`, `at /subscriptions/1`. */
const limitsOf = ({ tiers, modes, scope }: Narrowing): string[] => [
  ...(tiers === undefined ? [] : [`in tier ${tiers.join(", ")}`]),
  ...(modes === undefined ? [] : [`mode ${modes.join(", ")}`]),
  ...(scope === undefined ? [] : [`at ${scope}`]),
];
/** What figures count, in the same words. */
const inWords = (narrowing: Narrowing): string =>
  [...(narrowing.tiers === undefined ? ["now"] : []), ...limitsOf(narrowing)].join(", ");
const sayAgents = (count: number): string => `${number(count)} agent${count === 1 ? "" : "s"}`;

/** How many of how many agents are listed, and what their figures count. */
export function sayListed(shown: number, { ranked, agents }: Ranking, narrowing: Narrowing): string {
  const rows = ["with rows", limitsOf(narrowing).join(", ")].filter(Boolean).join(" ");
  if (shown === 0) return `No agent ${rows} among ${sayAgents(agents)}, in what was read.`;
  const whole =
    narrowing.scope === undefined ? "" : ", with all that the rows which cover this place include";
  return `${number(shown)} of ${sayAgents(ranked.length)} ${rows}. Figures count what can be read ${inWords(narrowing)}${whole}.`;
}

/** Said beside sums of which a part is not known: a sum is never all of it in silence. */
export const LEFT_OUT =
  "Left out of these figures: places whose files nobody counted, or of which nobody knows whether they can be read.";

/** Agents that are listed where nobody is named. */
export const TOP_AGENTS = 20;
/** Agents on a page. */
const PAGE_AGENTS = 50;

export interface SummaryOptions {
  /** How the next command begins: it must find the same data. */
  beginning: string;
  /** Where the same goes as a page. */
  page?: string;
  narrowing?: Narrowing;
}

/** The summary: who reaches most, by which path, and what was not looked at. */
export async function printTop(
  answers: Answers,
  { beginning, page, narrowing = {} }: SummaryOptions,
): Promise<void> {
  const { meta } = answers;
  const ranking = await answers.ranking(narrowing);
  const lines = await ranked(answers, ranking, TOP_AGENTS, narrowing);
  const words = inWords(narrowing);
  process.stdout.write(
    `\n${printable(meta.tenantName)} (${printable(meta.tenant)}), snapshot ${meta.snapshot.slice(0, 12)}, read ${meta.observedFrom} to ${meta.observedTo}\n` +
      `${sayAgents(ranking.agents)}; ${number(ranking.reading)} can read data ${words}, ${ranking.counted ? `${number(ranking.readingSensitive)} of them sensitive data` : "how much of it is sensitive was not counted: no items were read"}` +
      `${ranking.maybe === 0 ? "" : `; of ${number(ranking.maybe)} more it is unknown`}.\n\n` +
      `Agents that can read most sensitive items ${words}:\n`,
  );
  await printAnswer(
    lines.map(({ line, path }) => ({
      agent: line.name,
      owner: line.owner || "nobody",
      sensitive: line.sensitive ?? "not counted",
      "unlabeled sensitive": line.unlabeledSensitive ?? "not counted",
      items: line.items ?? "not counted",
      coverage: line.completeness,
      "by which path (its largest)": path,
    })),
    [
      "agent",
      "owner",
      "sensitive",
      "unlabeled sensitive",
      "items",
      "coverage",
      "by which path (its largest)",
    ],
    "table",
  );
  process.stdout.write(
    `${sayListed(lines.length, ranking, narrowing)}\n` +
      "sensitive: items in which sensitive types were found; unlabeled sensitive: those of them without a label.\n" +
      "Each item is counted once: of the modes and servers by which an agent reads, the widest counts.\n" +
      "coverage: the worst state of what these figures depend on; where it is not complete there may be more.\n" +
      (lines.some(({ partial }) => partial) ? `${LEFT_OUT}\n` : ""),
  );
  sayCoverage(meta);
  if (page !== undefined) {
    const draft = await draftText(page, renderHtml(await viewOf(answers, narrowing)));
    await draft.publish();
    process.stdout.write(`\nThe same as a page: ${resolve(page)}\n`);
  }
  const [first] = lines;
  if (first !== undefined) {
    const { name, id } = first.line;
    const agent = shellWord((await isPlain(answers, name, id)) ? name : printable(id));
    const place = shellWord(printable(first.steps.at(-1)?.id ?? ""));
    process.stdout.write(
      `\nNext:\n  ${beginning} reach ${agent}\n  ${beginning} explain ${agent} ${place}\n  ${beginning} coverage\n`,
    );
  }
}

/** Whether the name can be typed, and means this agent alone: no flag, no glob, nobody else's name or id. */
async function isPlain(answers: Answers, name: string, id: string): Promise<boolean> {
  if (printable(name) !== name || /^-|[*?]/.test(name)) return false;
  const found = await answers.findAgents(name).catch((error: unknown) => {
    if (error instanceof ConfigError) return [];
    throw error;
  });
  return found.length === 1 && found[0] === id;
}

function sayCoverage(meta: GraphMeta): void {
  const gaps = meta.coverage.filter(({ state }) => state !== "complete");
  const open = openGaps(meta, new Date().toISOString().slice(0, 10));
  if (gaps.length === 0) {
    process.stdout.write("\nEverything that is modelled was read completely.\n");
    return;
  }
  const byStep = new Map<string, { state: CoverageState; parts: number; reason: string }>();
  for (const { step, state, reason } of gaps) {
    const known = byStep.get(step);
    const worse = known === undefined || WORST_FIRST.indexOf(state) < WORST_FIRST.indexOf(known.state);
    byStep.set(step, {
      state: worse ? state : known.state,
      parts: (known?.parts ?? 0) + 1,
      reason: worse ? (reason ?? "") : known.reason,
    });
  }
  process.stdout.write(
    `\nNot read completely (what is there is unknown, not absent): ${gaps.length} part${gaps.length === 1 ? "" : "s"}, ${gaps.length - open.length} of them accepted or left out by choice.\n`,
  );
  for (const [step, { state, parts, reason }] of byStep)
    process.stdout.write(
      `  ${state.padEnd(12)} ${printable(step)}${parts === 1 ? "" : ` (${parts} parts)`}${reason === "" ? "" : `: ${printable(reason)}`}\n`,
    );
}

interface Ranked {
  line: AgentLine;
  path: string;
  steps: readonly PathStep[];
  /** Its figures leave out places of which nobody knows how much they let read. */
  partial: boolean;
}

/** The first agents, each with the row that gives most of what counts; if none does, the one that gives most of what is said. */
async function ranked(
  answers: Answers,
  ranking: Ranking,
  limit: number,
  narrowing: Narrowing,
): Promise<Ranked[]> {
  const top = ranking.ranked.slice(0, limit);
  if (top.length === 0) return [];
  const counts = countedTiers(narrowing);
  const order = await answers.labels();
  const rows = new Map<string, ReachRow[]>();
  const tiers = [...new Set([...counts, ...top.map(({ tier }) => tier)])];
  for await (const row of answers.reach({ ...narrowing, agents: top.map(({ id }) => id), tiers }))
    if (rows.has(row.agent_id)) rows.get(row.agent_id)!.push(row);
    else rows.set(row.agent_id, [row]);
  return top.flatMap(({ id, tier }): Ranked[] => {
    const all = rows.get(id) ?? [];
    const own = all.filter((each) => each.read !== "no" && counts.includes(each.tier));
    const shown = own.length > 0 ? own : all.filter((each) => each.tier === tier);
    const best = shown.toSorted(
      (a, b) =>
        (b.readable_sensitive ?? 0) - (a.readable_sensitive ?? 0) ||
        (b.readable_items ?? 0) - (a.readable_items ?? 0),
    )[0];
    if (best === undefined) return [];
    // A row of another tier is said to be one: the figures beside it do not count it.
    const later = counts.includes(best.tier) ? "" : `${best.tier}: `;
    const there = new Set(own.filter((each) => each.read === "yes").map((each) => each.top_label));
    return [
      {
        line: {
          id: best.agent_id,
          name: best.agent_name || best.agent_id,
          owner: best.agent_owner,
          platform: best.platform,
          sensitive: most(own, "readable_sensitive", ranking),
          unlabeledSensitive: most(own, "readable_unlabeled_sensitive", ranking),
          items: most(own, "readable_items", ranking),
          topLabel: order.find((label) => there.has(label)) ?? "",
          widestScope: `${later}${best.scope_name} (${best.scope_kind})`,
          completeness:
            WORST_FIRST.find((state) => shown.some((each) => each.completeness === state)) ?? "complete",
        },
        path: `${later}${best.path}`,
        steps: JSON.parse(best.path_json) as PathStep[],
        partial: own.some((each) => each.readable_items === null),
      },
    ];
  });
}

/** What hides a grant may concern any agent: those whose grant was not read are not among the ones that get there. */
const concernedBy = ({ scope, hides }: GraphMeta["coverage"][number]): string =>
  scope !== "" && hides === "denies" ? `agents that reach ${scope}` : "all";

/**
 * Rows of one mode by one server add up; two of them may read the same items, so the widest counts. Undefined if no row
 * was counted: that is not zero.
 */
function most(
  rows: readonly ReachRow[],
  name: "readable_items" | "readable_sensitive" | "readable_unlabeled_sensitive",
  { counted }: Ranking,
): number | undefined {
  if (rows.length === 0) return counted ? 0 : undefined;
  const sums = new Map<string, number>();
  for (const { mode, via, [name]: count } of rows) {
    const key = JSON.stringify([mode, via]);
    if (count !== null) sums.set(key, (sums.get(key) ?? 0) + count);
  }
  return sums.size === 0 ? undefined : Math.max(...sums.values());
}

/** Coverage as reports and companions of files print it. */
export const coverageLines = (meta: GraphMeta): CoverageLine[] =>
  meta.coverage.map(
    (row): CoverageLine => ({
      step: row.step,
      scope: row.scope,
      state: row.state,
      reason: row.reason,
      fix: row.fix,
      acceptedReason: row.accepted?.reason,
      acceptedUntil: row.accepted?.until,
      hides: row.hides,
      agentsConcerned: row.state === "complete" ? undefined : concernedBy(row),
    }),
  );

/** The page: ranked agents, a picture of one path, what was not looked at. */
export async function viewOf(answers: Answers, narrowing: Narrowing): Promise<ReportView> {
  const { meta } = answers;
  const ranking = await answers.ranking(narrowing);
  const lines = await ranked(answers, ranking, PAGE_AGENTS, narrowing);
  const words = inWords(narrowing);
  const longest = lines.toSorted((a, b) => b.steps.length - a.steps.length)[0];
  return {
    title: "What the agents can reach",
    tenant: `${meta.tenantName} (${meta.tenant})`,
    snapshot: meta.snapshot,
    time: meta.time,
    coverage: coverageLines(meta),
    agents: lines.map(({ line }) => line),
    listed: [
      sayListed(lines.length, ranking, narrowing),
      ...(lines.some(({ partial }) => partial) ? [LEFT_OUT] : []),
    ].join(" "),
    paths:
      longest === undefined
        ? []
        : [
            {
              title: `How ${longest.line.name} reaches ${longest.steps.at(-1)?.name ?? ""}`,
              steps: withoutSelf(longest.steps).map((step) => ({
                kind: step.kind,
                name: step.name,
                id: step.id,
                via: step.grant === undefined ? verbOf(step) : step.grant.role,
              })),
            },
          ],
    totals: [
      { name: "agents", value: ranking.agents },
      { name: `can read data ${words}`, value: ranking.reading },
      {
        name: `can read sensitive data ${words}`,
        value: ranking.counted ? ranking.readingSensitive : "not counted",
      },
      {
        ...{ name: "findings", about: "of the whole tenant" },
        value: meta.findings.filter(({ status }) => status !== "resolved").length,
      },
    ],
  };
}

/** The agent's own identity is the agent: one box is enough. */
const withoutSelf = (steps: readonly PathStep[]): PathStep[] =>
  steps.filter((step, index) => !(index === 1 && step.id === steps[0]?.id));

/** What a step of a path does, where it is no grant: at most 17 letters, which is what an arrow of the picture has room for. */
const VERBS: Readonly<Record<string, string>> = {
  ACTS_AS: "acts as",
  MEMBER_OF: "is in",
  WITHIN: "which includes",
  INHERITS: "inherited by",
  MADE_FROM: "is made from",
  USES: "uses",
  INVOKES: "calls",
  COPIED_TO: "with a copy of",
  EMBEDS: "carries a copy of",
};
export const verbOf = (step: PathStep): string | undefined =>
  step.via === "CONTROLS" ? controlVerb(step) : VERBS[step.via ?? ""];

export const COVERAGE_COLUMNS = [
  ...["state", "step", "scope", "reason", "fix", "hides"],
  ...["accepted_until", "accepted_reason", "records"],
].map((name) => ({ name }));

/** What coverage calls a part that is no place: `coverage accept` takes it for that. */
export const WHOLE_TENANT = "(tenant)";

export const coverageRows = (meta: GraphMeta, all: boolean): Row[] =>
  meta.coverage
    .filter(({ state }) => all || state !== "complete")
    .map((row) => ({
      state: row.state,
      step: row.step,
      scope: row.scope || WHOLE_TENANT,
      reason: row.reason ?? "",
      fix: row.fix ?? "",
      hides: row.hides,
      accepted_until: row.accepted?.until ?? "",
      accepted_reason: row.accepted?.reason ?? "",
      records: row.records,
    }));

export const FINDING_COLUMNS = ["severity", "status", "title", "about"].map((name) => ({ name }));

/** Worst first. */
export function findingRows({ findings }: GraphMeta): Row[] {
  const rank = ({ severity }: Finding): number => SEVERITIES.indexOf(severity);
  return findings
    .map((finding) => ({ finding, about: sayFound(finding.row), most: firstNumber(finding.row) }))
    .sort(
      (a, b) =>
        rank(b.finding) - rank(a.finding) ||
        bytewise(a.finding.title, b.finding.title) ||
        b.most - a.most ||
        bytewise(a.about, b.about),
    )
    .map(({ finding: { severity, status, title }, about }) => ({ severity, status, title, about }));
}

/** How many there are: the line below the table. */
export function sayFindings({ findings, coverage }: GraphMeta): string {
  if (findings.length === 0) {
    // Somebody may have accepted a gap: there may be something in it all the same.
    const whole = coverage.every(({ state }) => state === "complete");
    return `No findings${whole ? "" : " in what was read"}.\n`;
  }
  const open = findings.filter(({ status }) => status !== "resolved");
  const resolved = findings.length - open.length;
  const counted = SEVERITIES.toReversed().flatMap((severity) => {
    const count = open.filter((finding) => finding.severity === severity).length;
    return count === 0 ? [] : [`${number(count)} ${severity}`];
  });
  if (resolved > 0) counted.push(`${number(resolved)} resolved`);
  return `${counted.join(", ")}.\n`;
}

/** What findings leave out: agents that may read more than anybody knows. Empty if there are none. */
export const sayDoubtful = (agents: number, beginning: string): string =>
  agents === 0
    ? ""
    : `Of ${number(agents)} agent${agents === 1 ? "" : "s"} it is not known everything that can be read: ${beginning} query reach-that-is-not-certain\n`;

/** `agent HR assistant (id), scope box (id), covers subtree`: what a finding is about, without what is empty. */
const sayFound = (row: Row): string =>
  Object.entries(row)
    .filter(
      ([name, value]) =>
        !(name.endsWith("_name") && name.slice(0, -5) in row) && value !== null && value !== "",
    )
    .map(([name, value]) => {
      const called = row[`${name}_name`];
      const words =
        called === undefined || called === null ? String(value) : `${String(called)} (${String(value)})`;
      return `${name.replaceAll("_", " ")} ${words}`;
    })
    .join(", ");

const firstNumber = (row: Row): number =>
  Number(Object.values(row).find((value) => typeof value === "number") ?? 0);
